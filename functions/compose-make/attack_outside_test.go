package composemake_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/outside"
	"github.com/distaff-project/distaff/shared/repodata"
	"github.com/distaff-project/distaff/shared/repodata/foreign"
	"github.com/distaff-project/distaff/shared/wire"
)

// A repository may say of packages that they are another's files, and lie about
// what they need. Nobody who takes packages from the other is to be told that.
func TestWhatOneRepositorySaysIsSaidInNoOther(t *testing.T) {
	bucket, url := served(t)
	w := newWorld(t, bucket, func(_ *kojitest.Config, o *composemake.Options, _ *world) { o.Open = &foreign.Client{} })
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
	honest := w.compose(request())
	text := w.metadata(publish.Dir(honest.ID) + "compose/Temporary/x86_64/os")
	const evil = "a lie"
	liar := httptest.NewServer(repositoryOf(t, map[repodata.Kind]string{
		repodata.Primary:   strings.Replace(text["primary"], "<summary>bash.x86_64</summary>", "<summary>"+evil+"</summary>", 1),
		repodata.Filelists: text["filelists"], repodata.Other: text["other"],
	}))
	defer liar.Close()
	from := func(address string) string {
		t.Helper()
		c := w.compose(request(func(r *compose.Request) { r.SourceType, r.Source = compose.Repo, []string{address} }))
		if c.State != compose.Done {
			t.Fatalf("%s: %s", c.State, c.Reason)
		}
		return w.metadata(publish.Dir(c.DirOf()) + "compose/Temporary/x86_64/os")["primary"]
	}
	if !strings.Contains(from(liar.URL+"/"), evil) {
		t.Fatal("nobody lied")
	}
	if strings.Contains(from(url+"/odcs-1/compose/Temporary/$basearch/os"), evil) {
		t.Error("what one repository says is said in a compose of another")
	}
}

// repositoryOf serves metadata that is not compressed.
func repositoryOf(t *testing.T, text map[repodata.Kind]string) http.Handler {
	t.Helper()
	md := repodata.Repomd{Revision: "1"}
	files := http.NewServeMux()
	for kind, body := range text {
		sum := repodata.Checksum{Type: "sha256", Hex: sha256Hex([]byte(body))}
		path := "repodata/" + string(kind) + ".xml"
		md.Data = append(md.Data, repodata.Data{Type: kind, Checksum: sum, OpenChecksum: sum, Location: path, Size: int64(len(body)), OpenSize: int64(len(body))})
		files.HandleFunc("/"+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	raw, err := md.Encode()
	if err != nil {
		t.Fatal(err)
	}
	files.HandleFunc("/repodata/repomd.xml", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(raw) })
	return files
}

func TestWhereWeMayNotReadACompose(t *testing.T) {
	inside := 0
	secret := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside++ }))
	defer secret.Close()
	client := &http.Client{Transport: outside.Policy{}.Transport(&http.Transport{})}
	// guarded reads Koji's files as ever, and all else as the policy says.
	w := newWorld(t, solver(t), func(_ *kojitest.Config, o *composemake.Options, _ *world) {
		o.Open = &foreign.Client{Wire: wire.Client{HTTP: client}, Stream: client}
	})
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
	w.koji.Files = guarded{w.koji.Hub.FilesURL(""), w.koji.Files, rpmfile.New(rpmfile.Options{HTTP: client, Pause: time.Millisecond})}
	w.open(w.options)
	for name, change := range map[string]func(*compose.Request){
		"pungi_compose": func(r *compose.Request) {
			r.SourceType, r.Source = compose.PungiCompose, []string{secret.URL + "/compose/Server"}
		},
		"repo": func(r *compose.Request) { r.SourceType, r.Source = compose.Repo, []string{secret.URL} },
		"the machine's own": func(r *compose.Request) {
			r.SourceType, r.Source = compose.PungiCompose, []string{"https://169.254.169.254/compose/Server"}
		},
	} {
		begun := time.Now()
		c, err := w.tried(request(change))
		if err != nil || c.State != compose.Failed || !strings.Contains(c.Reason, "is asked by https only") && !strings.Contains(c.Reason, "within a network") {
			t.Errorf("%s: %s, %q, %v", name, c.State, c.Reason, err)
		}
		if inside > 0 || time.Since(begun) > 30*time.Second {
			t.Errorf("%s: it was asked %d times, and took %s", name, inside, time.Since(begun))
		}
	}
}

type guarded struct {
	below        string
	koji, others composemake.Files
}

func (g guarded) at(address string) composemake.Files {
	if strings.HasPrefix(address, g.below) {
		return g.koji
	}
	return g.others
}

func (g guarded) Head(ctx context.Context, address string) (rpmfile.Head, error) {
	return g.at(address).Head(ctx, address)
}

func (g guarded) Sum(ctx context.Context, address string) (rpmfile.Sum, error) {
	return g.at(address).Sum(ctx, address)
}

func (g guarded) Stat(ctx context.Context, address string) (rpmfile.File, error) {
	return g.at(address).Stat(ctx, address)
}

func (g guarded) Text(ctx context.Context, address string) ([]byte, error) {
	return g.at(address).Text(ctx, address)
}
