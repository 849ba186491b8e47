package stories

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// builder does Koji's builds as the story says, each when the player lets it.
type builder struct {
	kojitest.Script

	mu     sync.Mutex
	plans  []outcome
	jobs   []*job
	tasks  map[int64]*task
	newest int64
	ended  int
}

// outcome is how a build ends. The zero value is well.
type outcome struct {
	inSRPM bool
	fault  string
	code   int64
	file   string
	log    string
}

type job struct {
	release  chan struct{}
	released bool
}

type task struct {
	number   int
	finished bool
	state    koji.State
	label    string
}

func newBuilder() *builder {
	b := &builder{tasks: map[int64]*task{}}
	b.OnSRPM, b.OnArch = b.srpm, b.arch
	return b
}

func (b *builder) plan(o outcome, times int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range times {
		b.plans = append(b.plans, o)
	}
}

// srpm holds a build until the player lets it go on.
func (b *builder) srpm(ctx context.Context, made kojitest.SRPMJob) error {
	j := &job{release: make(chan struct{})}
	b.mu.Lock()
	b.jobs = append(b.jobs, j)
	b.mu.Unlock()
	select {
	case <-j.release:
	case <-ctx.Done():
		b.mu.Lock()
		j.released = true
		b.mu.Unlock()
		return ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.plans) > 0 && b.plans[0].inSRPM {
		return b.fail(made.Dir)
	}
	return nil
}

func (b *builder) arch(_ context.Context, made kojitest.ArchJob) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.plans) > 0 && b.plans[0].fault != "" {
		return b.fail(made.Dir)
	}
	if len(b.plans) > 0 {
		b.plans = b.plans[1:]
	}
	return nil
}

func (b *builder) fail(dir string) error {
	o := b.plans[0]
	b.plans = b.plans[1:]
	if err := kojitest.WriteLog(dir, o.file, o.log); err != nil {
		return err
	}
	return &koji.Fault{Code: o.code, Text: o.fault}
}

// held counts the builds that wait for the player.
func (b *builder) held() int {
	n := 0
	for _, j := range b.jobs {
		if !j.released {
			n++
		}
	}
	return n
}

// free lets the first of the builds that wait go on, and tells whether there
// was one.
func (b *builder) free() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, j := range b.jobs {
		if !j.released {
			j.released = true
			close(j.release)
			return true
		}
	}
	return false
}

// quiet tells whether every build has ended or waits for the player, and Koji
// has said so on the bus.
func (b *builder) quiet(messages int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended+b.held() == len(b.tasks) && messages == len(b.tasks)+b.ended
}

// look finds the builds Koji has begun since the last look, and those it has
// stopped.
func (b *builder) look(ctx context.Context, w *world.World, hub *koji.Hub) (began, stopped []*task, err error) {
	ids := []koji.TaskID{}
	for i := range 20 {
		ids = append(ids, koji.TaskID(b.newest+1+int64(i)))
	}
	found, err := hub.Tasks(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range found {
		if !t.Found {
			continue
		}
		b.newest = int64(t.ID)
		if t.Method != "build" {
			continue
		}
		one := &task{number: len(b.tasks) + 1, label: t.Label}
		b.tasks[int64(t.ID)] = one
		began = append(began, one)
		go b.watch(ctx, w, t.ID, one)
	}
	for id, one := range b.tasks {
		if one.state.Finished() {
			continue
		}
		now, err := hub.Tasks(ctx, []koji.TaskID{koji.TaskID(id)})
		if err != nil {
			return began, nil, err
		}
		if one.state = now[0].State; one.state == koji.Canceled {
			stopped = append(stopped, one)
		}
	}
	return began, stopped, nil
}

// watch notes when a task has finished.
func (b *builder) watch(ctx context.Context, w *world.World, id koji.TaskID, one *task) {
	if _, err := w.Koji.Wait(ctx, id); err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	one.finished = true
	b.ended++
}

// mockFailed is what Koji says when mock could not build.
const mockFailed = "error building package (arch x86_64), mock exited with status 1; see build.log or root.log for more information"

func failure(where string, log []string) outcome {
	o := outcome{fault: mockFailed, code: koji.FaultBuild, file: "build.log", log: strings.Join(log, "\n") + "\n"}
	switch where {
	case "root":
		o.file = "root.log"
	case "srpm":
		o.inSRPM = true
		o.fault = "error building srpm, mock exited with status 1; see build.log for more information"
	}
	return o
}

// name is the number of a build in the story.
func (b *builder) name(id int64) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if one, known := b.tasks[id]; known {
		return strconv.Itoa(one.number)
	}
	return "none of ours"
}
