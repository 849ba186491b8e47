package koji_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// system is a Koji under the contract: one whose builders do nothing yet, so
// that what is asked for stays unfinished.
type system struct {
	base           string // before /kojihub
	user, password string
	// failed gives a build whose source package was made, whose x86_64 then
	// failed with brokenFault and brokenLog, and whose aarch64 was cancelled.
	failed func(t *testing.T) koji.TaskID
}

const (
	brokenFault = "error building package (arch x86_64), mock exited with status 1; see build.log or root.log for more information"
	brokenLog   = "+ make\nfile.c:1: <broken> & \"odd\"\nRPM build errors:\n"
)

func (s system) hub(t *testing.T, credential koji.Credential) *koji.Hub {
	t.Helper()
	hub, err := koji.New(koji.Config{Name: "contract", Server: s.base + "/kojihub", Credential: credential, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return hub
}

func (s system) me(t *testing.T) *koji.Hub { return s.hub(t, koji.Password(s.user, s.password)) }

// unique is a label no earlier run has used.
func unique(t *testing.T) string { return t.Name() + "/" + time.Now().Format(time.RFC3339Nano) }

// contract is what both the real hub and ours hold to.
func contract(t *testing.T, s system) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, system){
		"who logs in with a password is known":                 contractWhoami,
		"a wrong password is refused":                          contractWrongPassword,
		"nobody is nobody, and may not build":                  contractAnonymous,
		"a session that was never given is refused":            contractForgedSession,
		"a build is found again by its label":                  contractLabel,
		"labels are compared whole, and only since a time":     contractOtherLabels,
		"labels hold any character":                            contractOddLabels,
		"what a task tells of itself":                          contractTask,
		"a task that does not exist keeps its place":           contractMissingTask,
		"a target that does not exist is taken":                contractUnknownTarget,
		"a target is looked up":                                contractTarget,
		"a task is cancelled, also twice":                      contractCancel,
		"a task that does not exist cannot be cancelled":       contractCancelMissing,
		"an unfinished task has no result":                     contractUnfinished,
		"a task nobody made has neither children nor output":   contractNothing,
		"a failed build is explained":                          contractFailure,
		"a file nobody wrote is missing":                       contractMissingFile,
		"a call nobody knows is a fault of the hub, not of us": contractUnknownCall,
		"only calls are taken":                                 contractOnlyCalls,
		"after logging out one may log in again":               contractLogout,
	} {
		t.Run(name, func(t *testing.T) { check(t, s) })
	}
}

func TestTheLocalKojiKeepsTheContract(t *testing.T) {
	_, hub := local(t, kojitest.Script{OnSRPM: func(ctx context.Context, _ kojitest.SRPMJob) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	s := system{base: strings.TrimSuffix(hubAddress(t, hub), "/kojihub"), user: "ci", password: "s3cret-word"}
	contract(t, s)
	broken, hub := local(t, kojitest.Script{OnArch: func(ctx context.Context, job kojitest.ArchJob) error {
		if job.Arch != "x86_64" {
			<-ctx.Done()
			return ctx.Err()
		}
		_ = kojitest.WriteLog(job.Dir, "build.log", brokenLog)
		_ = kojitest.WriteLog(job.Dir, "root.log", "all is installed\n")
		return buildError(brokenFault)
	}}, twoArches)
	s.base = strings.TrimSuffix(hubAddress(t, hub), "/kojihub")
	s.failed = func(t *testing.T) koji.TaskID {
		id := mustBuild(t, hub, scratch(unique(t)))
		finish(t, broken, id)
		return id
	}
	t.Run("a failed build is explained", func(t *testing.T) { contractFailure(t, s) })
}

func contractWhoami(t *testing.T, s system) {
	user, err := s.me(t).Whoami(t.Context())
	if err != nil || user.Name != s.user || user.ID <= 0 {
		t.Errorf("%+v, %v", user, err)
	}
}

func wantFault(t *testing.T, err error, code int64, text string) {
	t.Helper()
	var fault *koji.Fault
	if !errors.As(err, &fault) || fault.Code != code || !strings.Contains(fault.Text, text) {
		t.Errorf("the error is %v, not fault %d with %q", err, code, text)
	}
}

func contractWrongPassword(t *testing.T, s system) {
	_, err := s.hub(t, koji.Password(s.user, "not-"+s.password)).Whoami(t.Context())
	wantFault(t, err, koji.FaultAuth, "invalid username or password")
}

func contractAnonymous(t *testing.T, s system) {
	nobody := s.hub(t, koji.Credential{})
	if user, err := nobody.Whoami(t.Context()); err != nil || user != (koji.User{}) {
		t.Errorf("%+v, %v", user, err)
	}
	_, err := nobody.Build(t.Context(), scratch(unique(t)))
	wantFault(t, err, koji.FaultNotAllowed, "you must be logged in for this operation")
}

func contractForgedSession(t *testing.T, s system) {
	body := `<?xml version="1.0"?><methodCall><methodName>getLoggedInUser</methodName><params/></methodCall>`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/kojihub", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/xml")
	req.Header.Set("Koji-Session-Id", "999999")
	req.Header.Set("Koji-Session-Key", "1-guess")
	text := post(t, req, http.StatusOK)
	if !strings.Contains(text, "<int>1002</int>") || !strings.Contains(text, "Invalid session or bad credentials") {
		t.Error(text)
	}
}

func contractLabel(t *testing.T, s system) {
	hub, label, before := s.me(t), unique(t), time.Now().Add(-time.Minute)
	first, second := mustBuild(t, hub, scratch(label)), mustBuild(t, hub, scratch(label))
	found, err := hub.FindByLabel(t.Context(), label, before)
	if err != nil || len(found) != 2 || found[0].ID != first || found[1].ID != second || found[0].Owner != s.user ||
		found[0].Label != label || found[0].Source != source {
		t.Errorf("%+v, %v", found, err)
	}
}

func contractOtherLabels(t *testing.T, s system) {
	hub, label := s.me(t), unique(t)
	mustBuild(t, hub, scratch(label))
	for what, since := range map[string]time.Time{label: time.Now().Add(time.Minute), label + "0": time.Now().Add(-time.Minute)} {
		if found, err := hub.FindByLabel(t.Context(), what, since); err != nil || len(found) != 0 {
			t.Errorf("%+v, %v", found, err)
		}
	}
}

func contractOddLabels(t *testing.T, s system) {
	hub := s.me(t)
	label := unique(t) + ` <&>"' é 日 ]]> &amp;` + "\n\tend"
	mustBuild(t, hub, scratch(label))
	found, err := hub.FindByLabel(t.Context(), label, time.Now().Add(-time.Minute))
	if err != nil || len(found) != 1 || found[0].Label != label {
		t.Errorf("%+v, %v", found, err)
	}
}

func contractTask(t *testing.T, s system) {
	hub, label := s.me(t), unique(t)
	me, err := hub.Whoami(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := mustBuild(t, hub, scratch(label))
	tasks, err := hub.Tasks(t.Context(), []koji.TaskID{id})
	if err != nil {
		t.Fatal(err)
	}
	got := tasks[0]
	if age := time.Since(got.Created); age < -time.Minute || age > time.Minute || !got.Completed.IsZero() || got.State.Finished() {
		t.Errorf("%+v", got)
	}
	got.Created, got.Started, got.State, got.Host = time.Time{}, time.Time{}, koji.Free, 0 // a builder may be quick
	want := koji.Task{
		ID: id, Found: true, Method: "build", Arch: "noarch", OwnerID: me.ID,
		Source: source, Target: "rawhide", Scratch: true, Label: label,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func contractMissingTask(t *testing.T, s system) {
	hub := s.me(t)
	id := mustBuild(t, hub, scratch(unique(t)))
	tasks, err := hub.Tasks(t.Context(), []koji.TaskID{1 << 30, id, 1<<30 + 1})
	if err != nil || len(tasks) != 3 || tasks[0] != (koji.Task{ID: 1 << 30}) || tasks[1].ID != id || !tasks[1].Found || tasks[2].Found {
		t.Errorf("%+v, %v", tasks, err)
	}
}

func contractUnknownTarget(t *testing.T, s system) {
	req := scratch(unique(t))
	req.Target = "no-such-target"
	if id, err := s.me(t).Build(t.Context(), req); err != nil || id == 0 {
		t.Errorf("%d, %v", id, err)
	}
	if _, found, err := s.me(t).Target(t.Context(), "no-such-target"); err != nil || found {
		t.Errorf("%v, %v", found, err)
	}
}

func contractTarget(t *testing.T, s system) {
	got, found, err := s.me(t).Target(t.Context(), "rawhide")
	if err != nil || !found || got.ID == 0 || got.Name != "rawhide" || got.BuildTag != "rawhide-build" || got.DestTag != "rawhide" {
		t.Errorf("%+v, %v, %v", got, found, err)
	}
}

func contractCancel(t *testing.T, s system) {
	hub := s.me(t)
	id := mustBuild(t, hub, scratch(unique(t)))
	for range 2 {
		if err := hub.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	tasks, err := hub.Tasks(t.Context(), []koji.TaskID{id})
	if err != nil || tasks[0].State != koji.Canceled || tasks[0].Completed.IsZero() {
		t.Errorf("%+v, %v", tasks, err)
	}
	result, err := hub.TaskResult(t.Context(), id)
	if err != nil || result.State != koji.Canceled {
		t.Errorf("%+v, %v", result, err)
	}
}

func contractCancelMissing(t *testing.T, s system) {
	wantFault(t, s.me(t).Cancel(t.Context(), 1<<30), koji.FaultGeneric, "No such task")
}

func contractUnfinished(t *testing.T, s system) {
	hub := s.me(t)
	id := mustBuild(t, hub, scratch(unique(t)))
	result, err := hub.TaskResult(t.Context(), id)
	if err != nil || result.State != koji.Open {
		t.Errorf("%+v, %v", result, err)
	}
	_, err = hub.TaskResult(t.Context(), 1<<30)
	wantFault(t, err, koji.FaultGeneric, "No such task")
}

func contractNothing(t *testing.T, s system) {
	hub := s.me(t)
	for name, ask := range map[string]func() (int, error){
		"children":    func() (int, error) { got, err := hub.Children(t.Context(), 1<<30); return len(got), err },
		"descendents": func() (int, error) { got, err := hub.Descendents(t.Context(), 1<<30); return len(got), err },
		"output":      func() (int, error) { got, err := hub.Output(t.Context(), 1<<30); return len(got), err },
	} {
		if n, err := ask(); n != 0 || err != nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

func contractMissingFile(t *testing.T, s system) {
	_, err := s.me(t).Tail(t.Context(), 1<<30, "build.log", 10)
	wantFault(t, err, koji.FaultGeneric, `no file "build.log" output by task`)
	_, err = s.me(t).Tail(t.Context(), 1, "../../secret", 10)
	wantFault(t, err, koji.FaultGeneric, "Invalid file name")
}

func contractUnknownCall(t *testing.T, s system) {
	for call, want := range map[string][2]string{
		`<methodName>noSuchCall</methodName><params/>`:     {"<int>1000</int>", "Invalid method: noSuchCall"},
		`<methodName>getBuildTarget</methodName><params/>`: {"<int>1019</int>", "missing"},
		`<methodName>getBuildTarget</methodName><params>` +
			`<param><value><struct><member><name>__starstar</name><value><boolean>1</boolean></value></member>` +
			`<member><name>wrong</name><value><int>1</int></value></member></struct></value></param></params>`: {"<int>1019</int>", "wrong"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/kojihub",
			strings.NewReader(`<?xml version="1.0"?><methodCall>`+call+`</methodCall>`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "text/xml")
		text := post(t, req, http.StatusOK)
		if !strings.Contains(text, want[0]) || !strings.Contains(text, want[1]) {
			t.Errorf("%s: %s", call, text)
		}
	}
}

func contractOnlyCalls(t *testing.T, s system) {
	get, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/kojihub", nil)
	if err != nil {
		t.Fatal(err)
	}
	post(t, get, http.StatusMethodNotAllowed)
	broken, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/kojihub", strings.NewReader("<methodCall>"))
	if err != nil {
		t.Fatal(err)
	}
	broken.Header.Set("Content-Type", "text/xml")
	post(t, broken, http.StatusBadRequest)
}

func contractLogout(t *testing.T, s system) {
	hub := s.me(t)
	for range 2 {
		if user, err := hub.Whoami(t.Context()); err != nil || user.Name != s.user {
			t.Fatalf("%+v, %v", user, err)
		}
		if err := hub.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func contractFailure(t *testing.T, s system) {
	if s.failed == nil {
		t.Skip("no builder")
	}
	hub, id := s.me(t), s.failed(t)
	f, err := hub.Failure(t.Context(), id)
	if err != nil || f.Arch != "x86_64" || f.Method != "buildArch" || f.Log != "build.log" || string(f.Tail) != brokenLog ||
		f.Fault != "BuildError: "+brokenFault {
		t.Errorf("%+v, %v", f, err)
	}
	below, err := hub.Descendents(t.Context(), id)
	if err != nil || len(below) != 3 {
		t.Fatalf("%+v, %v", below, err)
	}
	states := map[string]koji.State{}
	for _, task := range below {
		states[task.Part] = task.State
		if task.Parent != id || task.OwnerID == 0 || task.Completed.Before(task.Created) {
			t.Errorf("%+v", task)
		}
	}
	if diff := cmp.Diff(map[string]koji.State{"srpm": koji.Closed, "x86_64": koji.Failed, "aarch64": koji.Canceled}, states); diff != "" {
		t.Error(diff)
	}
	files, err := hub.Output(t.Context(), f.Task)
	if err != nil || len(files) != 2 || files[0].Name != "build.log" || files[0].Size != int64(len(brokenLog)) ||
		files[0].Volume != "DEFAULT" || time.Since(files[0].Modified).Abs() > time.Hour {
		t.Errorf("%+v, %v", files, err)
	}
	for _, c := range []struct {
		offset, size int64
		want         string
	}{{0, 6, brokenLog[:6]}, {2, 4, brokenLog[2:6]}, {-8, 100, brokenLog[len(brokenLog)-8:]}, {1000, 10, ""}} {
		got, err := hub.ReadOutput(t.Context(), f.Task, "build.log", c.offset, c.size)
		if err != nil || string(got) != c.want {
			t.Errorf("%d of %d: %q, %v", c.size, c.offset, got, err)
		}
	}
	if result, err := hub.TaskResult(t.Context(), id); err != nil || result.State != koji.Failed || result.Fault.Code != koji.FaultBuild {
		t.Errorf("%+v, %v", result, err)
	}
	if err := hub.Cancel(t.Context(), id); err != nil {
		t.Errorf("cancelling what has failed: %v", err)
	}
	if tasks, err := hub.Tasks(t.Context(), []koji.TaskID{id}); err != nil || tasks[0].State != koji.Failed {
		t.Errorf("%+v, %v", tasks, err)
	}
}
