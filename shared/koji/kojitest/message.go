package kojitest

import (
	"encoding/json"
	"fmt"
	"path"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
)

type message struct {
	topic string
	body  []byte
}

// announce writes what the plugin koji-fedoramessaging says of a change: only
// of scratch tasks somebody asked for, and nothing when one is made. Server.mu
// must be held.
func (s *Server) announce(t *task, old, now koji.State) {
	if s.config.OnMessage == nil || t.parent != 0 || !scratch(t) {
		return
	}
	source, _ := t.request[0].(string)
	s.post("task.state.change", map[string]any{
		"info": s.info(t, true), "method": t.method, "attribute": "state",
		"old": old.String(), "new": now.String(), "id": t.id, "owner": t.owner.name,
		"srpm": path.Base(source), "files_base_url": s.baseURL + "/kojifiles/work",
	})
}

// post puts a message up for sending, unless it is to be lost. Server.mu must be
// held.
func (s *Server) post(topic string, body map[string]any) {
	if s.config.OnMessage == nil {
		return
	}
	if s.trouble.messages > 0 {
		s.trouble.messages--
		return
	}
	body["instance"], body["base_url"] = "primary", s.baseURL
	raw, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("a message that cannot be written as JSON: %v", err))
	}
	s.outbox = append(s.outbox, message{s.config.TopicPrefix + ".buildsys." + topic, raw})
}

// announceTag says that a build was tagged or untagged.
func (s *Server) announceTag(what string, id int64, row *tagRow, b *buildRow, user string) {
	s.post(what, map[string]any{
		"tag": row.Name, "tag_id": id, "build_id": b.ID, "name": b.Name, "version": b.Version, "release": b.Release,
		"user": user, "owner": b.Owner,
	})
}

// announceBuild says that a build began or ended.
func (s *Server) announceBuild(b *buildRow, old any) {
	if s.config.OnMessage == nil || b.Task == 0 {
		return // of imports the plugin says nothing
	}
	body := map[string]any{
		"attribute": "state", "old": old, "new": int64(b.State), "build_id": b.ID, "task_id": b.Task,
		"name": b.Name, "version": b.Version, "release": b.Release, "epoch": epoch(b.Epoch, b.HasEpoch), "owner": b.Owner,
		"request": nil, "url": fmt.Sprintf("%s/koji/buildinfo?buildID=%d", s.baseURL, b.ID),
		"creation_time":  time.UnixMicro(b.Created).UTC().Format(time.RFC3339Nano),
		"files_base_url": s.baseURL + "/kojifiles/work", "completion_time": nil,
	}
	if b.Completed != 0 {
		body["completion_time"] = time.UnixMicro(b.Completed).UTC().Format(time.RFC3339Nano)
	}
	if t := s.tasks[b.Task]; t != nil {
		body["request"], body["task"] = t.request, s.info(t, true)
	}
	s.post("build.state.change", body)
}

// announceSign says that the hub has a new signature.
func (s *Server) announceSign(b *buildRow, p *rpmRow, sig sigRow) {
	if s.config.OnMessage != nil {
		s.post("rpm.sign", map[string]any{
			"sigkey": sig.Key, "sighash": sig.Hash, "build": s.buildInfo(b), "rpm": rpmInfo(p, b.Draft),
		})
	}
}

func scratch(t *task) bool {
	if len(t.request) == 0 {
		return false
	}
	options, _ := t.request[len(t.request)-1].(map[string]any)
	return options["scratch"] == true
}

// info is a task as the plugin writes it: names for numbers, whole seconds, no
// fractions; the request only of the task itself.
func (s *Server) info(t *task, request bool) map[string]any {
	info := t.row(request)
	for _, name := range []string{"weight", "create_ts", "start_ts", "completion_ts"} {
		delete(info, name)
	}
	info["create_time"], info["start_time"], info["completion_time"] = seconds(t.created), seconds(t.started), seconds(t.finished)
	info["owner"] = t.owner.name
	info["host_name"] = nil
	if t.host != nil {
		info["host_name"] = hostName
	}
	info["url"] = fmt.Sprintf("%s/koji/taskinfo?taskID=%d", s.baseURL, t.id)
	info["result"] = t.result
	children := []any{}
	for _, child := range t.children {
		children = append(children, s.info(child, false))
	}
	info["children"] = children
	return info
}

// hostName is the builder all tasks run on.
const hostName = "localhost"

func seconds(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return float64(at.Unix())
}

// flush sends what is to be sent, in order. Only one goroutine does so at a
// time; others leave theirs to it.
func (s *Server) flush() {
	s.mu.Lock()
	if s.flushing {
		s.mu.Unlock()
		return
	}
	s.flushing = true
	for len(s.outbox) > 0 {
		next := s.outbox[0]
		s.outbox = s.outbox[1:]
		s.mu.Unlock()
		s.config.OnMessage(next.topic, next.body)
		s.mu.Lock()
	}
	s.flushing = false
	s.mu.Unlock()
}
