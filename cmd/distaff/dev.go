package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/local/world"
)

func devCommand(s streams) *cobra.Command {
	var o world.Options
	var verbose bool
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run distaff and a small distribution around it, until Ctrl-C",
		Long: example(
			"distaff dev", "run in ./.state, at the ports used there before",
			"distaff dev --state /tmp/world --port 7400", "run at the ports 7400 to 7406",
		) + `One process holds the functions, their broker and bucket, and a Pagure, Koji,
Testing Farm, Bodhi and message bus to try them with. What it knows is on disk
before anybody is answered: it may be killed at any time, and goes on in the same
directory.

To try it, make a project, fork it, push to the fork with Git and open a pull
request. The token (and password of Git) of the user dev is in keys/developer:

  token="Authorization: token $(cat .state/keys/developer)"
  curl -H "$token" -d namespace=rpms -d name=hello $FORGE/api/0/new
  curl -H "$token" -d namespace=rpms -d repo=hello $FORGE/api/0/fork
  git clone $FORGE/forks/dev/rpms/hello.git     # commit, and push a branch
  curl -H "$token" -d title=Hello -d branch_to=rawhide -d branch_from=BRANCH \
      -d repo_from_username=dev $FORGE/api/0/rpms/hello/pull-request/new

Koji has the tags f44, f45 and f46 with their -updates and -security. What is built
and is no scratch build comes into -updates-candidate. What is tagged into -security
is composed at once, and found as latest-f45-security. All tags are empty at first:
make demo-compose KEEP=1 stays up with packages in them. The user dev may tag, with
Koji's own client:

  koji() { command koji --server ${KOJI}hub --authtype password --user dev \
      --password "$(cat .state/keys/developer)" "$@"; }
  koji call packageListAdd f45 hello dev
  koji build --nowait f45 git+$FORGE/rpms/hello.git#COMMIT
  koji call tagBuildBypass f45-security hello-1-1.fc45
  distaff compose create tag f45 --wait         # or any client of ODCS, as anybody`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Say = func(format string, args ...any) { _, _ = fmt.Fprintf(s.err, format+"\n", args...) }
			if verbose {
				o.Log = slog.New(slog.NewTextHandler(s.err, nil))
			}
			w, err := world.Start(cmd.Context(), o)
			if err != nil {
				return failed(exitTrouble, "%w", err)
			}
			tellAddresses(s.out, w)
			o.Say("Ready. How to try it: distaff dev --help. How it fares: distaff run list --state %s", o.Dir)
			<-cmd.Context().Done()
			o.Say("Ending; what is not done yet goes on at the next start.")
			ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), 30*time.Second)
			defer cancel()
			return w.Close(ctx)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "state", ".state", "where everything is kept")
	cmd.Flags().IntVar(&o.Port, "port", 0, "the first of seven ports (default: those used before, or any)")
	cmd.Flags().BoolVar(&o.Scripted, "scripted", false, "build and test nothing: everything passes at once")
	cmd.Flags().DurationVar(&o.TickEvery, "tick", time.Second, "how often timers tick")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "write a line for each event dealt with")
	return cmd
}

func tellAddresses(out io.Writer, w *world.World) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	a := w.Addresses
	for _, row := range [][2]string{
		{"status page", a.Status()},
		{"events", a.Events()},
		{"forge", a.Forge},
		{"koji", a.Koji + "/koji"},
		{"composes", a.ComposePages()},
		{"their API (ODCS)", a.ComposeAPI() + "/api/1/"},
		{"their files", a.Composes() + "/"},
		{"testing farm", a.Farm + "/v0.1"},
		{"bodhi", a.Bodhi()},
		{"greenwave", a.Greenwave() + "/api/v1.0/decision"},
		{"module builds", a.MBS() + "/module-builds/"},
		{"bus", "amqp://" + world.Robot + "@" + a.Bus + "/%2F"},
		{"bucket", a.Pages()},
	} {
		_, _ = fmt.Fprintf(t, "%s\t%s\n", row[0], row[1])
	}
	_ = t.Flush()
}
