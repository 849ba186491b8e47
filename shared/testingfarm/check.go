package testingfarm

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Check is one kind of test a pull request gets.
type Check string

// The checks of Fedora's dist-git CI. Each is a tmt plan kept in a repository
// of its own; Custom runs the plans of the package itself.
const (
	Installability  Check = "installability"
	Rpminspect      Check = "rpminspect"
	Rpmlint         Check = "rpmlint"
	Rmdepcheck      Check = "rmdepcheck"
	LicenseValidate Check = "license-validate"
	Custom          Check = "custom"
)

// Checks lists every check, in the order they are shown.
func Checks() []Check {
	return []Check{Installability, Rpminspect, Rpmlint, Rmdepcheck, LicenseValidate, Custom}
}

// NeedsCompose reports whether the check runs on a machine installed from a
// compose. The others run in the container their plan names.
func (c Check) NeedsCompose() bool { return c == Installability || c == Custom }

// Plan is what is to be tested, and for whom.
type Plan struct {
	// Package is the source package's name, for errors only: Testing Farm
	// learns it from the build.
	Package string
	// Distro is the tmt dimension: "fedora-rawhide", "centos-stream-10".
	Distro string
	// Branch is the dist-git branch as the forge gives it: "rawhide", "epel10.1".
	Branch string
	// Compose is what the machine is installed from ("Fedora-Rawhide"), see
	// ResolveCompose. Only installability and custom need one.
	Compose string
	// KojiTask is the build's task, zero only for a repository of tests.
	KojiTask int64
	// SourceURL and Commit are where custom plans are read from: the fork's
	// clone address and the head of the pull request.
	SourceURL string
	Commit    string
	// Arch is the machine's architecture. Empty means x86_64.
	Arch string
	// Variant is "eln" for the ELN half of a rawhide pull request.
	Variant string
	// Deployment is "prod" or "stg". It is a dimension of the plans' context,
	// and chooses the branch of the shared tests.
	Deployment string
	// Initiator is the tmt dimension saying who asks. Empty means "fedora-ci",
	// which the plans know.
	Initiator string
	// Label names this very asking; see LabelVariable.
	Label string
	// Webhook is told of each change of state. Without a URL nothing is told.
	Webhook Webhook
	// TestsNamespace says the repository holds tests, not a package: there is
	// no build.
	TestsNamespace bool
}

// Webhook is an address Testing Farm posts to, and a word it repeats there.
type Webhook struct {
	URL   string `json:"url"`
	Token string `json:"token,omitempty"`
}

type (
	body struct {
		Test         bodyTest      `json:"test"`
		Environments []environment `json:"environments"`
		Notification *notification `json:"notification,omitempty"`
	}
	bodyTest struct {
		TMT source `json:"tmt"`
	}
	source struct {
		URL  string `json:"url"`
		Ref  string `json:"ref"`
		Name string `json:"name,omitempty"`
	}
	environment struct {
		Arch      string            `json:"arch"`
		Variables map[string]string `json:"variables"`
		Artifacts []artifact        `json:"artifacts"`
		TMT       struct {
			Context tmtContext `json:"context"`
		} `json:"tmt"`
		OS *system `json:"os,omitempty"`
	}
	artifact struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	system struct {
		Compose string `json:"compose"`
	}
	tmtContext struct {
		Distro     string `json:"distro"`
		Arch       string `json:"arch"`
		Trigger    string `json:"trigger"`
		Initiator  string `json:"initiator"`
		Branch     string `json:"dist-git-branch"`
		Deployment string `json:"deployment"`
		Variant    string `json:"variant,omitempty"`
	}
	notification struct {
		Webhook Webhook `json:"webhook"`
	}
)

// Body writes the request for one check: what Fedora's dist-git CI sends
// today, with our label as one variable more.
func Body(check Check, plan Plan) (json.RawMessage, error) {
	if err := plan.valid(check); err != nil {
		return nil, fmt.Errorf("request %s of %s: %w", check, plan.Package, err)
	}
	env := environment{Arch: plan.Arch, Variables: map[string]string{}, Artifacts: []artifact{}}
	if env.Arch == "" {
		env.Arch = "x86_64"
	}
	env.TMT.Context = tmtContext{
		Distro: plan.Distro, Arch: env.Arch, Trigger: "commit", Initiator: plan.Initiator,
		Branch: plan.Branch, Deployment: plan.Deployment, Variant: plan.Variant,
	}
	if plan.Initiator == "" {
		env.TMT.Context.Initiator = "fedora-ci"
	}
	if plan.Label != "" {
		env.Variables[LabelVariable] = plan.Label
	}
	if check.NeedsCompose() {
		env.OS = &system{Compose: plan.Compose}
	}
	if !plan.TestsNamespace {
		task := strconv.FormatInt(plan.KojiTask, 10)
		env.Variables["KOJI_TASK_ID"] = task
		// Only custom plans get the build installed by Testing Farm; the
		// others download it themselves. The id is the task's, not the build's.
		if check == Custom {
			env.Artifacts = []artifact{{ID: task, Type: "fedora-koji-build"}}
		}
	}
	out := body{Test: bodyTest{TMT: check.source(plan)}, Environments: []environment{env}}
	if plan.Webhook.URL != "" {
		out.Notification = &notification{Webhook: plan.Webhook}
	}
	return json.Marshal(out)
}

// source is where the plan of a check is kept.
func (c Check) source(plan Plan) source {
	shared := source{URL: "https://forge.fedoraproject.org/ci/shared-tests", Ref: "main", Name: "/" + string(c)}
	if plan.Deployment == "stg" {
		shared.Ref = "stg"
	}
	switch c {
	case Installability:
		return source{URL: "https://github.com/fedora-ci/installability-pipeline.git", Ref: "master"}
	case Rpminspect:
		return source{URL: "https://github.com/fedora-ci/rpminspect-pipeline.git", Ref: "master"}
	case Rpmlint:
		return source{URL: "https://github.com/packit/tmt-plans.git", Ref: "main", Name: "/plans/rpmlint"}
	case Custom:
		return source{URL: plan.SourceURL, Ref: plan.Commit}
	default:
		return shared
	}
}

func (p Plan) valid(check Check) error {
	switch check {
	case Installability, Rpminspect, Rpmlint, Rmdepcheck, LicenseValidate, Custom:
	default:
		return errors.New("no such check")
	}
	switch {
	case p.Distro == "":
		return errors.New("no distro")
	case p.Branch == "":
		return errors.New("no branch")
	case p.Deployment != "prod" && p.Deployment != "stg":
		return fmt.Errorf("deployment %q is neither prod nor stg", p.Deployment)
	case check.NeedsCompose() && p.Compose == "":
		return fmt.Errorf("no compose for %s", p.Distro)
	case check == Custom && (p.SourceURL == "" || p.Commit == ""):
		return errors.New("no commit to read the plans from")
	case p.TestsNamespace && check != Custom:
		return errors.New("a repository of tests has no build to check")
	case !p.TestsNamespace && p.KojiTask <= 0:
		return errors.New("no Koji task")
	}
	return nil
}
