package koji_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

func TestALostAnswerToABuildIsUnknownAndNotRepeated(t *testing.T) {
	for name, trouble := range map[string]kojitest.Trouble{
		"the connection breaks":      kojitest.AnswerLost,
		"the answer is cut":          kojitest.AnswerCut,
		"the proxy gives up waiting": kojitest.GatewayTimeout,
	} {
		t.Run(name, func(t *testing.T) {
			server, hub := local(t, kojitest.Script{})
			server.Next("build", trouble)
			before := time.Now().Add(-time.Minute)
			if _, err := hub.Build(t.Context(), scratch("pr/1/build/1")); !errors.Is(err, koji.ErrUnknown) || koji.Temporary(err) {
				t.Fatalf("the error is %v", err)
			}
			found, err := hub.FindByLabel(t.Context(), "pr/1/build/1", before)
			if err != nil || len(found) != 1 {
				t.Fatalf("%d tasks have the label, %v", len(found), err)
			}
		})
	}
}

func TestABuildThatNeverReachedTheHubIsNotUnknown(t *testing.T) {
	hub := as(t, "http://127.0.0.1:1", koji.Password("ci", "x"))
	_, err := hub.Build(t.Context(), scratch("a"))
	if err == nil || errors.Is(err, koji.ErrUnknown) || !koji.Temporary(err) {
		t.Errorf("the error is %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, hub = local(t, kojitest.Script{})
	if _, err := hub.Build(canceled, scratch("a")); err == nil || errors.Is(err, koji.ErrUnknown) {
		t.Errorf("after cancelling the error is %v", err)
	}
}

func TestALoginThatIsLostLeavesTheBuildUnasked(t *testing.T) {
	server, hub := local(t, kojitest.Script{})
	server.Next("login", kojitest.AnswerLost)
	if _, err := hub.Build(t.Context(), scratch("a")); err == nil || errors.Is(err, koji.ErrUnknown) || !koji.Temporary(err) {
		t.Errorf("the error is %v", err)
	}
}

func TestCancellingIsAskedAgain(t *testing.T) {
	server, hub := local(t, kojitest.Script{})
	id := mustBuild(t, hub, scratch("a"))
	server.Next("cancelTask", kojitest.AnswerLost, kojitest.BadGateway)
	if err := hub.Cancel(t.Context(), id); err != nil {
		t.Error(err)
	}
	other := as(t, strings.TrimSuffix(hubAddress(t, hub), "/kojihub"), koji.Password("other", "another"))
	if err := other.Cancel(t.Context(), id); err == nil || koji.Temporary(err) {
		t.Errorf("cancelling what is another's: %v", err)
	}
}

func TestARefusedBuildIsNotUnknown(t *testing.T) {
	server, hub := local(t, kojitest.Script{})
	server.Next("build", kojitest.Offline)
	_, err := hub.Build(t.Context(), scratch("a"))
	var fault *koji.Fault
	if !errors.As(err, &fault) || fault.Code != koji.FaultOffline || !koji.Temporary(err) || errors.Is(err, koji.ErrUnknown) {
		t.Errorf("the error is %v", err)
	}
}

func TestAQuestionIsAskedAgain(t *testing.T) {
	server, hub := local(t, kojitest.Script{})
	id := mustBuild(t, hub, scratch("a"))
	server.Next("getTaskInfo", kojitest.BadGateway, kojitest.AnswerCut)
	tasks, err := hub.Tasks(t.Context(), []koji.TaskID{id})
	if err != nil || tasks[0].Label != "a" {
		t.Errorf("%+v, %v", tasks, err)
	}
	server.Next("getTaskInfo", kojitest.Offline, kojitest.AnswerLost, kojitest.GatewayTimeout)
	if _, err := hub.Tasks(t.Context(), []koji.TaskID{id}); !koji.Temporary(err) && !strings.Contains(fmt.Sprint(err), "504") {
		t.Errorf("after three troubles the error is %v", err)
	}
}

func TestAnExpiredSessionIsRenewedOnce(t *testing.T) {
	server, hub := local(t, kojitest.Script{})
	if _, err := hub.Whoami(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.ExpireSessions()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if user, err := hub.Whoami(t.Context()); err != nil || user.Name != "ci" {
				t.Errorf("%+v, %v", user, err)
			}
		})
	}
	all.Wait()
	if n := server.Sessions(); n != 2 {
		t.Errorf("%d sessions were made", n)
	}
	server.ExpireSessions()
	if id := mustBuild(t, hub, scratch("a")); id != 1 {
		t.Errorf("an expired session made task %d of the first build", id)
	}
}

func TestLogoutEndsTheSession(t *testing.T) {
	server, hub := local(t, kojitest.Script{})
	if _, err := hub.Whoami(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := hub.Logout(t.Context()); err != nil || server.Sessions() != 0 {
		t.Errorf("%d sessions, %v", server.Sessions(), err)
	}
	if err := hub.Logout(t.Context()); err != nil {
		t.Errorf("logging out twice: %v", err)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	_, hub := local(t, kojitest.Script{})
	if _, err := hub.Whoami(t.Context()); err != nil {
		t.Fatal(err)
	}
	credential := koji.Password("ci", "s3cret-word")
	wrong := as(t, "http://127.0.0.1:1", koji.Password("ci", "s3cret-word"))
	_, err := wrong.Whoami(t.Context())
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v %s", hub, hub, hub, hub),
		fmt.Sprintf("%v %+v %#v", credential, credential, credential),
		fmt.Sprintf("%+v", koji.Config{Credential: credential}),
		fmt.Sprint(err),
	} {
		if strings.Contains(text, "s3cret") {
			t.Errorf("the password shows in %s", text)
		}
	}
}

func TestAWrongAddressIsRefusedAtOnce(t *testing.T) {
	for _, address := range []string{
		"", "kojihub", "ftp://koji.example.org/kojihub", "https://u:p@koji.example.org/kojihub",
		"https://koji.example.org/kojihub?a=b",
	} {
		if _, err := koji.New(koji.Config{Server: address}); err == nil || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestALargeAnswerIsCutOff(t *testing.T) {
	_, hub := local(t, kojitest.Script{})
	id := mustBuild(t, hub, scratch("a"))
	small, err := koji.New(koji.Config{Server: hubAddress(t, hub), Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	_, err = small.Tasks(t.Context(), []koji.TaskID{id})
	mentions(t, err, "larger than allowed")
}

func hubAddress(t *testing.T, hub *koji.Hub) string {
	t.Helper()
	base, _, ok := strings.Cut(hub.TaskURL(1), "/koji/")
	if !ok {
		t.Fatal("no address")
	}
	return base + "/kojihub"
}

func TestManyTasksAreAskedForInParts(t *testing.T) {
	server, hub := local(t, kojitest.Script{Bare: true})
	var ids []koji.TaskID
	for n := range 1000 {
		ids = append(ids, mustBuild(t, hub, scratch(fmt.Sprint("pr/", n))))
	}
	for _, id := range ids {
		if state := finish(t, server, id); state != koji.Closed {
			t.Fatalf("task %d is %s", id, state)
		}
	}
	tasks, err := hub.Tasks(t.Context(), ids)
	if err != nil || len(tasks) != len(ids) {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	for i, task := range tasks {
		if task.ID != ids[i] || task.Label != fmt.Sprint("pr/", i) {
			t.Fatalf("in place %d stands %+v", i, task)
		}
	}
	found, err := hub.FindByLabel(t.Context(), "pr/777", time.Now().Add(-time.Hour))
	if err != nil || len(found) != 1 || found[0].ID != ids[777] {
		t.Errorf("%+v, %v", found, err)
	}
}
