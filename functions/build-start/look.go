package buildstart

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/excerpt"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// artifactsMost is how many files of a build are named; the task's page has
// them all.
const artifactsMost = 200

// hint follows a message of the bus to the truth.
func (b builder) hint(ctx context.Context, in fn.In[event.KojiTask]) ([]event.Draft, error) {
	if _, err := pipeline.ParseLabel(in.Data.Label); err != nil {
		return nil, nil //nolint:nilerr // somebody else's task
	}
	hub, err := b.hub(in.Data.Koji)
	if err != nil {
		return nil, err
	}
	tasks, err := hub.Tasks(ctx, []koji.TaskID{koji.TaskID(in.Data.Task)})
	if err != nil {
		return nil, fmt.Errorf("look at task %d: %w", in.Data.Task, err)
	}
	return b.tell(ctx, hub, in.Data.Koji, tasks[0])
}

// look asks what became of tasks. If Koji cannot be asked, each document is
// told so, and goes on waiting.
func (b builder) look(ctx context.Context, in fn.In[event.BuildLook]) ([]event.Draft, error) {
	hub, err := b.hub(in.Data.Koji)
	if err != nil {
		return nil, err
	}
	ids := make([]koji.TaskID, len(in.Data.Tasks))
	for i, remote := range in.Data.Tasks {
		id, err := strconv.ParseInt(remote.ID, 10, 64)
		if err != nil {
			return nil, fn.Permanent(fmt.Errorf("task %q: %w", remote.ID, err))
		}
		ids[i] = koji.TaskID(id)
	}
	tasks, lookErr := hub.Tasks(ctx, ids)
	var drafts []event.Draft
	for i, remote := range in.Data.Tasks {
		var told []event.Draft
		err := lookErr
		if err == nil && ours(tasks[i].Label, remote) {
			told, err = b.tell(ctx, hub, in.Data.Koji, tasks[i])
		}
		if err != nil || len(told) == 0 {
			told = []event.Draft{event.BuildSeen.Say(b.unseen(remote, in.Data.Koji, ids[i], err))}
		}
		drafts = append(drafts, told[0].With(event.Due, remote.Due))
	}
	return drafts, nil
}

// ours tells whether a label is of the pull request that asked: numbers of
// tasks may begin anew where a hub was set up anew.
func ours(text string, remote event.Remote) bool {
	label, err := pipeline.ParseLabel(text)
	return err == nil && label.PullRequest == remote.PullRequestID
}

func (b builder) unseen(remote event.Remote, name string, id koji.TaskID, err error) event.Build {
	reason := "the hub knows no such task of ours"
	if err != nil {
		reason = err.Error()
	}
	return event.Build{PullRequestID: remote.PullRequestID, Koji: name, Task: int64(id), Reason: reason}
}

// tell says how a task of ours stands. The label comes from the hub, so the
// task is really the one that was asked for.
func (b builder) tell(ctx context.Context, hub Koji, name string, task koji.Task) ([]event.Draft, error) {
	label, err := pipeline.ParseLabel(task.Label)
	if err != nil || !task.Found || label.What != pipeline.Build {
		return nil, nil //nolint:nilerr // not ours
	}
	build := event.Build{
		PullRequestID: label.PullRequest, Label: task.Label, Koji: name, Task: int64(task.ID),
		URL: hub.TaskURL(task.ID), State: strings.ToLower(task.State.String()),
		Created: task.Created, Started: task.Started, Ended: task.Completed,
	}
	switch task.State {
	case koji.Closed:
		err = b.artifacts(ctx, hub, &build)
	case koji.Failed:
		build.Failure, err = b.failure(ctx, hub, task.ID)
	case koji.Canceled:
	default:
		return []event.Draft{event.BuildSeen.Say(build)}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at task %s: %w", task.ID, err)
	}
	return []event.Draft{event.BuildEnded.Say(build)}, nil
}

// artifacts names what a build made: packages first, then logs.
func (b builder) artifacts(ctx context.Context, hub Koji, build *event.Build) error {
	tasks, err := hub.Descendents(ctx, koji.TaskID(build.Task))
	if err != nil {
		return err
	}
	var packages, logs []event.Link
	for _, task := range tasks {
		if task.Method == "buildArch" && task.Part != "" {
			build.Arches = append(build.Arches, task.Part)
		}
		files, err := hub.Output(ctx, task.ID)
		if err != nil {
			return err
		}
		for _, file := range files {
			link := event.Link{Name: file.Name, URL: hub.FileURL(task.ID, file)}
			switch path.Ext(file.Name) {
			case ".rpm":
				packages = append(packages, link)
			case ".log":
				link.Name = task.Part + "/" + file.Name
				logs = append(logs, link)
			}
		}
	}
	build.Artifacts = append(packages, logs...)
	build.Artifacts = build.Artifacts[:min(len(build.Artifacts), artifactsMost)]
	return nil
}

// failure reads the log that tells why, and finds the lines that matter in it.
func (b builder) failure(ctx context.Context, hub Koji, id koji.TaskID) (*event.Failure, error) {
	f, err := hub.Failure(ctx, id)
	if err != nil {
		return nil, err
	}
	if target := koji.NoTarget(f.Fault); target != "" {
		return noTarget(target), nil
	}
	out := &event.Failure{Arch: f.Arch, LogURL: f.LogURL, Place: f.Log}
	if f.Method != "buildArch" { // the others run anywhere
		out.Arch = ""
	}
	found := excerpt.Excerpt{Reason: f.Fault}
	if len(f.Tail) > 0 {
		found, _ = excerpt.Find(f.Tail, f.Log)
	} else if fault, ok := excerpt.Find([]byte(f.Fault), "fault"); ok {
		found = fault
	}
	out.Reason, out.Rule, out.Lines, out.Infra = found.Reason, found.Rule, found.Lines, found.Infra
	// Of a longer log only the end was read: its lines cannot be counted.
	if whole := len(f.Tail) < koji.TailSize; whole && f.Log != "" && found.Line > 0 {
		out.Line, out.First = found.Line, found.First
		out.Place = f.Log + ":" + strconv.Itoa(found.Line)
	}
	return out, nil
}

// noTarget is the failure of a build for a target Koji has not. The package has
// nothing to do with it: the branch was mapped to that target by us.
func noTarget(target string) *event.Failure {
	return &event.Failure{
		Reason: "Koji has no build target " + target + ". The package is not at fault: tell the operators of this CI",
		Rule:   "koji-no-target", Infra: true, Target: target,
	}
}
