package testingfarm

import (
	"slices"
	"strings"
)

// LogURL is the log an excerpt is best taken from: the output of the first
// test that failed, else the log of the step that broke before there were
// tests, else the whole pipeline's. Empty if there is none.
func (r Result) LogURL() string {
	for _, word := range []string{"failed", "error", "needs_inspection"} {
		for _, t := range r.Report.Tests {
			if t.Result == word && t.Log != "" {
				return t.Log
			}
		}
	}
	for _, s := range r.Report.Suites {
		if s.Result == "error" || s.Result == "failed" || s.Tests == 0 {
			if l := setupLog(s.Logs); l != "" {
				return l
			}
		}
	}
	if r.Artifacts != "" {
		return r.Artifacts + "/pipeline.log"
	}
	return ""
}

// ownLog chooses among a test's logs: its output, a failing phase's log, then
// anything that is not a folder.
func ownLog(logs []Log) string {
	for _, fits := range []func(Log) bool{
		func(l Log) bool { return l.Name == "testout.log" },
		func(l Log) bool { return l.Phase != "" },
		func(l Log) bool { return strings.HasSuffix(l.Name, "output.txt") },
		func(l Log) bool {
			return l.Name != "log_dir" && l.Name != "data" && !strings.HasPrefix(l.Name, "workdir")
		},
	} {
		if i := slices.IndexFunc(logs, fits); i >= 0 {
			return logs[i].URL
		}
	}
	return ""
}

// setupLog chooses the log of a plan that ran no test. tmt's log exists only
// once the machine was ready, so it comes first; else the last stage of the
// machine's setup is the one that broke.
func setupLog(logs []Log) string {
	for _, fits := range []func(Log) bool{
		func(l Log) bool { return l.Phase != "" },
		func(l Log) bool { return l.Name == "tmt-log" },
		func(l Log) bool { return l.Setup == "post_artifact_installation" },
		func(l Log) bool { return l.Setup == "artifact_installation" },
		func(l Log) bool { return l.Setup != "" },
	} {
		if i := slices.IndexFunc(logs, fits); i >= 0 {
			return logs[i].URL
		}
	}
	return ""
}
