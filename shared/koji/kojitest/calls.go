package kojitest

import (
	"maps"

	"github.com/distaff-project/distaff/shared/koji"
)

// methods are the calls this hub knows, with the parameters of kojihub.py.
func methods() map[string]method {
	all := map[string]method{
		"getAPIVersion":      {run: func(*call) (any, *koji.Fault) { return 1, nil }},
		"login":              {params: []string{"user", "password", "opts", "renew", "exclusive"}, needed: 2, run: login},
		"sslLogin":           {params: []string{"proxyuser", "proxyauthtype", "renew", "exclusive"}, run: sslLogin},
		"logout":             {params: []string{"session_id"}, run: logout},
		"getLoggedInUser":    {run: getLoggedInUser},
		"getBuildTarget":     {params: []string{"info", "event", "strict"}, needed: 1, run: getBuildTarget},
		"build":              {params: []string{"src", "target", "opts", "priority", "channel"}, needed: 2, run: build},
		"cancelTask":         {params: []string{"task_id", "recurse"}, needed: 1, run: cancelTask},
		"getTaskInfo":        {params: []string{"task_id", "request", "strict"}, needed: 1, run: getTaskInfo},
		"getTaskRequest":     {params: []string{"taskId"}, needed: 1, run: getTaskRequest},
		"getTaskResult":      {params: []string{"taskId", "raise_fault"}, needed: 1, run: getTaskResult},
		"getTaskChildren":    {params: []string{"task_id", "request", "strict"}, needed: 1, run: getTaskChildren},
		"getTaskDescendents": {params: []string{"task_id", "request"}, needed: 1, run: getTaskDescendents},
		"listTasks":          {params: []string{"opts", "queryOpts"}, run: listTasks},
		"listTaskOutput":     {params: []string{"taskID", "stat", "all_volumes", "strict"}, needed: 1, run: listTaskOutput},
		"downloadTaskOutput": {params: []string{"taskID", "fileName", "offset", "size", "volume"}, needed: 2, run: downloadTaskOutput},
	}
	for _, more := range []map[string]method{tagMethods(), changeMethods(), buildMethods()} {
		maps.Copy(all, more)
	}
	return all
}

func getBuildTarget(c *call) (any, *koji.Fault) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, t := range s.config.Targets {
		if c.arg("info") == name || c.arg("info") == t.id {
			return s.targetInfo(t), nil
		}
	}
	if name, ok := c.arg("info").(string); ok {
		if t, known := s.target(name); known {
			return s.targetInfo(t), nil
		}
	}
	if c.flag("strict") {
		return nil, fault(koji.FaultGeneric, "No such build target: %v", c.arg("info"))
	}
	return nil, nil
}

// target finds a target by name, also that of a side tag. Server.mu must be
// held.
func (s *Server) target(name string) (Target, bool) {
	if t, known := s.config.Targets[name]; known {
		return t, true
	}
	id, known := s.past.SideTargets[name]
	if !known {
		return Target{}, false
	}
	// Packages are built as for the target of the tag it was made from.
	t := Target{name: name, BuildTag: name, DestTag: name}
	for _, hop := range s.past.inheritance(id, 0) {
		for _, of := range s.config.Targets {
			if tag, _, _ := s.past.tag(of.BuildTag, 0); tag == hop.Parent {
				t.Arches, t.Dist, t.Macros = of.Arches, of.Dist, of.Macros
			}
		}
	}
	if len(t.Arches) == 0 {
		t.Arches = []string{hostArch()}
	}
	t.id = int64(len(s.config.Targets)) + id
	return t, true
}

func (s *Server) targetInfo(t Target) map[string]any {
	build, _, _ := s.past.tag(t.BuildTag, 0)
	dest, _, _ := s.past.tag(t.DestTag, 0)
	return map[string]any{
		"id": t.id, "name": t.name, "build_tag": build, "build_tag_name": t.BuildTag, "dest_tag": dest, "dest_tag_name": t.DestTag,
	}
}

// build takes what it is given: neither the target nor the source is looked at
// before the task runs.
func build(c *call) (any, *koji.Fault) {
	if c.session == nil {
		return nil, fault(koji.FaultNotAllowed, "you must be logged in for this operation")
	}
	source, ok := c.arg("src").(string)
	if !ok {
		return nil, fault(koji.FaultParameter, "Invalid type for value '%v': expected type <class 'str'>", c.arg("src"))
	}
	options, ok := c.arg("opts").(map[string]any)
	if !ok {
		options = map[string]any{}
	}
	priority, _ := c.arg("priority").(int64)
	if priority < 0 && !c.session.user.admin {
		return nil, fault(koji.FaultNotAllowed, "only admins may create high-priority tasks")
	}
	if channel := c.arg("channel"); channel != nil && channel != "default" {
		return nil, fault(koji.FaultGeneric, "No such channel: %v", channel)
	}
	s := c.server
	s.mu.Lock()
	t := s.newTask(nil, c.session.user, "build", "noarch", nil, []any{source, c.arg("target"), options})
	t.priority += priority
	s.mu.Unlock()
	s.start(t)
	return t.id, nil
}

func cancelTask(c *call) (any, *koji.Fault) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	t, refused := c.task("task_id")
	switch {
	case c.session == nil:
		return nil, fault(koji.FaultNotAllowed, "Cannot cancel task, not owner")
	case refused != nil:
		return nil, refused
	case t.owner != c.session.user && !c.session.user.admin:
		return nil, fault(koji.FaultNotAllowed, "Cannot cancel task, not owner")
	}
	if !t.state.Finished() {
		s.cancelAll(t)
	}
	return nil, nil
}

// task finds the task an argument names. Server.mu must be held.
func (c *call) task(name string) (*task, *koji.Fault) {
	id, ok := c.arg(name).(int64)
	if !ok {
		return nil, fault(koji.FaultParameter, "Invalid type for value '%v': expected type <class 'int'>", c.arg(name))
	}
	t := c.server.tasks[id]
	if t == nil {
		return nil, fault(koji.FaultGeneric, "No such task: %d", id)
	}
	return t, nil
}

func getTaskInfo(c *call) (any, *koji.Fault) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	list, many := c.arg("task_id").([]any)
	if !many {
		list = []any{c.arg("task_id")}
	}
	out := make([]any, len(list))
	for i, item := range list {
		one := *c
		one.args = map[string]any{"task_id": item}
		t, refused := one.task("task_id")
		switch {
		case refused == nil:
			out[i] = t.row(c.flag("request"))
		case refused.Code != koji.FaultGeneric || c.flag("strict"):
			return nil, refused
		}
	}
	if many {
		return out, nil
	}
	return out[0], nil
}

func getTaskRequest(c *call) (any, *koji.Fault) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	t, refused := c.task("taskId")
	if refused != nil {
		return nil, refused
	}
	return t.request, nil
}

func getTaskResult(c *call) (any, *koji.Fault) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	t, refused := c.task("taskId")
	if refused != nil {
		if refused.Code == koji.FaultGeneric {
			refused.Text = "No such task"
		}
		return nil, refused
	}
	raise := true
	if value, given := c.args["raise_fault"]; given {
		raise = value == true
	}
	switch {
	case t.state == koji.Canceled:
		return nil, fault(koji.FaultGeneric, "Task %d is canceled", t.id)
	case !t.state.Finished():
		return nil, fault(koji.FaultGeneric, "Task %d is not finished", t.id)
	case t.fault != nil && raise:
		return nil, t.fault
	case t.fault != nil:
		return faultStruct(t.fault), nil
	}
	return t.result, nil
}

func getTaskChildren(c *call) (any, *koji.Fault) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	t, refused := c.task("task_id")
	if refused != nil {
		if refused.Code == koji.FaultGeneric && !c.flag("strict") {
			return []any{}, nil
		}
		return nil, refused
	}
	return rows(t.children, c.flag("request")), nil
}

func getTaskDescendents(c *call) (any, *koji.Fault) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	t, refused := c.task("task_id")
	if refused != nil {
		if refused.Code == koji.FaultGeneric {
			return map[string]any{koji.TaskID(c.arg("task_id").(int64)).String(): []any{}}, nil
		}
		return nil, refused
	}
	out := map[string]any{}
	var walk func(*task)
	walk = func(t *task) {
		out[koji.TaskID(t.id).String()] = rows(t.children, c.flag("request"))
		for _, child := range t.children {
			walk(child)
		}
	}
	walk(t)
	return out, nil
}

func rows(tasks []*task, request bool) []any {
	out := make([]any, len(tasks))
	for i, t := range tasks {
		out[i] = t.row(request)
	}
	return out
}
