package composedemo

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

const (
	release  = "f45"
	security = "f45-security"
	modular  = "f45-modular"
	// sigkey is the key some packages are signed with.
	sigkey = "a15b79cc"
)

// build builds the packages in Koji, and tags them as a release.
func (p *play) build(ctx context.Context) error {
	if err := p.login(); err != nil {
		return err
	}
	p.step("four packages are built in Koji, one of them as two streams of a module")
	began := time.Now()
	commits := map[string]string{}
	if err := p.w.Koji.AddPackages(release, "weather", "fetch", "umbrella"); err != nil {
		return err
	}
	for _, name := range []string{"weather", "fetch", "umbrella", "clock"} {
		commit, err := p.w.Forge.CreateRepo(ctx, "rpms/"+name, spec(name))
		if err != nil {
			return err
		}
		commits[name] = commit
	}
	nvrs, err := p.koji(ctx, commits)
	if err != nil {
		return err
	}
	other, err := p.w.Forge.Push(ctx, "anna", "rpms/clock", "rawhide", stream())
	if err != nil {
		return err
	}
	more, err := p.koji(ctx, map[string]string{"clock": other})
	if err != nil {
		return err
	}
	for _, nvr := range nvrs {
		if strings.HasPrefix(nvr, "clock-") {
			continue
		}
		if err := p.w.Koji.Tag(release, nvr, "releng"); err != nil {
			return err
		}
	}
	if err := p.w.Koji.Sign("weather-1.0-1.fc45", sigkey); err != nil {
		return err
	}
	for at, nvr := range map[string]string{"12h": "clock-12-1.fc45", "24h": "clock-24-1.fc45"} {
		if _, err := p.w.Koji.ImportModule(kojitest.Module{
			Name: "clock", Stream: at, Version: "45020261121", Context: "c0ffee42",
			YAML: packaged("clock.yaml", "STREAM", at), Builds: []string{nvr}, Tags: []string{modular},
		}); err != nil {
			return err
		}
	}
	built := slices.Concat(nvrs, more)
	slices.Sort(built)
	want := []string{"clock-12-1.fc45", "clock-24-1.fc45", "fetch-1.0-1.fc45", "umbrella-3-1.fc45", "weather-1.0-1.fc45"}
	if !slices.Equal(built, want) {
		p.wrong("built were %v, and should be %v", built, want)
	}
	p.result(fmt.Sprintf("Koji has built %s in %.1f s, and tagged them", count(len(built), "package"), time.Since(began).Seconds()), strings.Join(built, "  "))
	return nil
}

// login makes the client of the hub that asks for builds.
func (p *play) login() error {
	k := p.w.Config.Koji[world.Instance]
	password, err := os.ReadFile(k.Auth.Password.File)
	if err == nil {
		p.hub, err = koji.New(koji.Config{
			Name: world.Instance, Server: k.Server, Web: k.Web, Files: k.Files,
			Credential: koji.Password(k.Auth.User, strings.TrimSpace(string(password))),
		})
	}
	if err != nil {
		return fmt.Errorf("log in to Koji: %w", err)
	}
	return nil
}

// koji builds commits of packages for good, and gives the names of the builds.
func (p *play) koji(ctx context.Context, commits map[string]string) ([]string, error) {
	tasks := map[string]koji.TaskID{}
	for name, commit := range commits {
		source := fmt.Sprintf("git+%s/rpms/%s.git#%s", p.w.Addresses.Forge, name, commit)
		task, err := p.hub.Build(ctx, koji.BuildRequest{Source: source, Target: release})
		if err != nil {
			return nil, err
		}
		tasks[name] = task
	}
	for name, task := range tasks {
		state, err := p.w.Koji.Wait(ctx, task)
		if err != nil {
			return nil, err
		}
		if state != koji.Closed {
			failure, err := p.hub.Failure(ctx, task)
			if err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("the build of %s (task %d) %s: %+v", name, task, state, failure)
		}
	}
	return p.candidates(ctx, tasks)
}

// candidates are the builds that came of tasks, as Koji tagged them.
func (p *play) candidates(ctx context.Context, tasks map[string]koji.TaskID) ([]string, error) {
	tagged, err := p.hub.TaggedBuilds(ctx, koji.TagQuery{Tag: release + "-updates-candidate", Latest: true})
	if err != nil {
		return nil, err
	}
	var nvrs []string
	for _, b := range tagged {
		if _, ours := tasks[b.Name]; ours {
			nvrs = append(nvrs, b.String())
		}
	}
	return nvrs, nil
}
