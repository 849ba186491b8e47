package koji

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// TailSize is how much of a log's end a Failure holds at most, in bytes.
const TailSize = 512 << 10

// Failure is why a build failed, as far as Koji knows.
type Failure struct {
	// Task is the one that really failed: a child, or the build itself if the
	// reason was its own.
	Task   TaskID
	Method string // "buildSRPMFromSCM", "buildArch", "build"
	Arch   string
	Fault  string // Koji's own words
	// Log is the file that tells more, and Tail its end; empty if there is none.
	Log  string
	Tail []byte
	// TaskURL and LogURL are for people; empty if the configuration names no
	// addresses for them.
	TaskURL, LogURL string
}

// Failure finds out why a failed build failed. Several children may have
// failed: the first one counts, as for Koji itself. What was cancelled because
// another one failed does not count. A build may also fail by itself after all
// its children succeeded, as when architectures built a noarch package
// differently: then there is no log, and the fault says all.
func (h *Hub) Failure(ctx context.Context, id TaskID) (Failure, error) {
	tasks, err := h.Tasks(ctx, []TaskID{id})
	if err != nil {
		return Failure{}, err
	}
	if root := tasks[0]; root.State != Failed || !root.Found {
		return Failure{}, fmt.Errorf("%s: task %d is %s, so it has no failure", h, id, describe(root))
	}
	below, err := h.Descendents(ctx, id)
	if err != nil {
		return Failure{}, err
	}
	culprit := culprit(tasks[0], below)
	failure := Failure{
		Task: culprit.ID, Method: culprit.Method, Arch: culprit.Arch,
		TaskURL: h.TaskURL(culprit.ID),
	}
	result, err := h.TaskResult(ctx, culprit.ID)
	if err != nil {
		return Failure{}, err
	}
	if result.Fault != nil {
		failure.Fault = strings.TrimSpace(result.Fault.Error())
	}
	return failure, h.addLog(ctx, &failure)
}

func describe(t Task) string {
	if !t.Found {
		return "not known"
	}
	return t.State.String()
}

// culprit is the failed task below root that failed first and has no failed
// task below itself; root if there is none.
func culprit(root Task, below []Task) Task {
	passed := map[TaskID]bool{} // only hands on the failure of a child
	for _, t := range below {
		if t.State == Failed {
			passed[t.Parent] = true
		}
	}
	var failed []Task
	for _, t := range below {
		if t.State == Failed && !passed[t.ID] {
			failed = append(failed, t)
		}
	}
	if len(failed) == 0 {
		return root
	}
	return slices.MinFunc(failed, func(a, b Task) int {
		return cmp.Or(a.Completed.Compare(b.Completed), cmp.Compare(a.ID, b.ID))
	})
}

// addLog adds the end of the log that tells why.
func (h *Hub) addLog(ctx context.Context, f *Failure) error {
	files, err := h.Output(ctx, f.Task)
	if err != nil {
		return err
	}
	for _, name := range logs(f.Fault) {
		file, ok := find(files, name)
		if !ok || file.Size == 0 {
			continue
		}
		tail, err := h.Tail(ctx, f.Task, file.Name, TailSize)
		if faultCode(err) == FaultGeneric {
			continue // pruned in the meantime
		}
		if err != nil {
			return err
		}
		convincing := tells(name, tail)
		if f.Log == "" || convincing {
			f.Log, f.Tail, f.LogURL = file.Name, tail, h.FileURL(f.Task, file)
		}
		if convincing {
			return nil
		}
	}
	return nil
}

func find(files []File, name string) (File, bool) {
	i := slices.IndexFunc(files, func(f File) bool { return f.Name == name })
	if i < 0 {
		return File{}, false
	}
	return files[i], true
}

// logs gives the logs to look into, best first. Koji names them in the fault;
// with "build.log or root.log" mock's exit status did not say which (status 1),
// and where it names none the usual ones are tried.
func logs(fault string) []string {
	named := regexp.MustCompile(`[Ss]ee ((?:[\w.-]+\.log)(?: or [\w.-]+\.log)*) for`).FindStringSubmatch(fault)
	if named != nil {
		return strings.Split(named[1], " or ")
	}
	if strings.Contains(fault, ".log") || strings.HasPrefix(fault, "BuildrootError") {
		return []string{"root.log", "build.log", "checkout.log"}
	}
	return []string{"build.log", "root.log", "checkout.log"}
}

// tells reports whether the end of a log shows a failure of its own kind: of
// rpmbuild in build.log, of filling the buildroot in root.log. checkout.log and
// others are short and tell whatever they tell.
func tells(name string, tail []byte) bool {
	end := tail[max(0, len(tail)-64<<10):]
	signs := map[string][]string{
		"build.log": {"RPM build errors:", "error: ", "Bad exit status"},
		"root.log":  {"No matching package to install", "nothing provides", "Error: ", "Failed build dependencies"},
	}
	words, judged := signs[name]
	return !judged || slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(end, []byte(w)) })
}
