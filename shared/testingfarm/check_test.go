package testingfarm_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/tests/corpus"
)

const label = "pr/fedora/rpms/packit/7/2/rpmlint/1"

// rawhide is the pull request the recorded requests are of.
func rawhide() testingfarm.Plan {
	return testingfarm.Plan{
		Package: "packit", Distro: "fedora-rawhide", Branch: "rawhide", Compose: "Fedora-Rawhide", KojiTask: 1,
		SourceURL: "https://src.fedoraproject.org/fork/packit/rpms/packit.git", Commit: "0011223344",
		Deployment: "stg", Label: label,
		Webhook: testingfarm.Webhook{URL: "https://stg.packit.dev/api/testing-farm/results", Token: "secret token"},
	}
}

func eln() testingfarm.Plan {
	p := rawhide()
	p.Distro, p.Compose, p.Variant = "fedora-eln", "Fedora-ELN", "eln"
	return p
}

func testsNamespace() testingfarm.Plan {
	p := rawhide()
	p.KojiTask, p.TestsNamespace = 0, true
	p.SourceURL, p.Commit = "https://src.fedoraproject.org/tests/packit.git", "f2f041328d629719c5ff31a08e800638d5df497f"
	return p
}

// sorted writes JSON with its keys in order.
func sorted(t *testing.T, value any) string {
	t.Helper()
	raw, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func decoded(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func variables(body map[string]any) map[string]any {
	return body["environments"].([]any)[0].(map[string]any)["variables"].(map[string]any)
}

func TestARequestIsWhatFedorasCISendsAndOurLabel(t *testing.T) {
	for name, c := range map[string]struct {
		check testingfarm.Check
		plan  testingfarm.Plan
	}{
		"rawhide-installability":   {testingfarm.Installability, rawhide()},
		"rawhide-rpminspect":       {testingfarm.Rpminspect, rawhide()},
		"rawhide-rpmlint":          {testingfarm.Rpmlint, rawhide()},
		"rawhide-rmdepcheck":       {testingfarm.Rmdepcheck, rawhide()},
		"rawhide-license-validate": {testingfarm.LicenseValidate, rawhide()},
		"rawhide-custom":           {testingfarm.Custom, rawhide()},
		"eln-installability":       {testingfarm.Installability, eln()},
		"eln-rpminspect":           {testingfarm.Rpminspect, eln()},
		"eln-license-validate":     {testingfarm.LicenseValidate, eln()},
		"tests-namespace-custom":   {testingfarm.Custom, testsNamespace()},
	} {
		t.Run(name, func(t *testing.T) {
			recorded := decoded(t, corpus.Read(t, "packit/vectors/tf_requests/"+name+".json"))
			raw, err := testingfarm.Body(c.check, c.plan)
			if err != nil {
				t.Fatal(err)
			}
			ours := decoded(t, raw)
			if got := variables(ours)[testingfarm.LabelVariable]; got != label {
				t.Errorf("the label is %v", got)
			}
			delete(variables(ours), testingfarm.LabelVariable)
			if diff := cmp.Diff(sorted(t, recorded["request"]), sorted(t, ours)); diff != "" {
				t.Errorf("another request (-theirs +ours):\n%s", diff)
			}
		})
	}
}

func TestProductionReadsTheSharedTestsFromMain(t *testing.T) {
	plan := rawhide()
	plan.Deployment, plan.Webhook, plan.Arch = "prod", testingfarm.Webhook{}, "aarch64"
	raw, err := testingfarm.Body(testingfarm.Rmdepcheck, plan)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"test":{"tmt":{"url":"https://forge.fedoraproject.org/ci/shared-tests","ref":"main","name":"/rmdepcheck"}},` +
		`"environments":[{"arch":"aarch64","variables":{"DISTAFF_LABEL":"` + label + `","KOJI_TASK_ID":"1"},"artifacts":[],` +
		`"tmt":{"context":{"distro":"fedora-rawhide","arch":"aarch64","trigger":"commit","initiator":"fedora-ci",` +
		`"dist-git-branch":"rawhide","deployment":"prod"}}}]}`
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Error(diff)
	}
}

func TestAPlanThatCannotBeTestedSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		check  testingfarm.Check
		change func(*testingfarm.Plan)
		want   string
	}{
		"no compose":            {testingfarm.Installability, func(p *testingfarm.Plan) { p.Compose = "" }, "no compose for fedora-rawhide"},
		"no build":              {testingfarm.Rpmlint, func(p *testingfarm.Plan) { p.KojiTask = 0 }, "no Koji task"},
		"no commit":             {testingfarm.Custom, func(p *testingfarm.Plan) { p.Commit = "" }, "no commit to read the plans from"},
		"no distro":             {testingfarm.Rpmlint, func(p *testingfarm.Plan) { p.Distro = "" }, "no distro"},
		"no branch":             {testingfarm.Rpmlint, func(p *testingfarm.Plan) { p.Branch = "" }, "no branch"},
		"neither prod nor stg":  {testingfarm.Rpmlint, func(p *testingfarm.Plan) { p.Deployment = "dev" }, "neither prod nor stg"},
		"a check nobody knows":  {"smoke", func(*testingfarm.Plan) {}, "no such check"},
		"lint of tests/ has no": {testingfarm.Rpmlint, func(p *testingfarm.Plan) { p.TestsNamespace = true }, "has no build to check"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := rawhide()
			c.change(&plan)
			_, err := testingfarm.Body(c.check, plan)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
