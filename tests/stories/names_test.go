package stories

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/infra/local/world"
)

// names are what a story calls things that have another name each time.
type names struct {
	commits []string
	tester  *tester
	builder *builder
	places  *strings.Replacer
}

func newNames(at world.Addresses, b *builder, t *tester) *names {
	return &names{tester: t, builder: b, places: strings.NewReplacer(
		at.Forge, "http://forge", at.Koji, "http://koji", at.Farm, "http://farm", at.Services, "http://services",
		at.Store, "http://pages", at.Distaff, "http://distaff",
		strings.TrimPrefix(at.Koji, "http://"), "koji", strings.TrimPrefix(at.Farm, "http://"), "farm",
	)}
}

// commit notes a commit; the first is c1.
func (n *names) commit(sha string) {
	if !slices.Contains(n.commits, sha) {
		n.commits = append(n.commits, sha)
	}
}

var (
	requestForm = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	socketForm  = regexp.MustCompile(`127\.0\.0\.1:\d+(->127\.0\.0\.1:\d+)?`)
	hashForm    = regexp.MustCompile(`/cancel/\d+\b`)
	labelForm   = regexp.MustCompile(`local/[a-z]+/[a-z]+/\d+/`)
)

// label leaves the pull request out where it is the story's first.
func label(text string) string {
	text = hashForm.ReplaceAllString(text, "/cancel/…") // some are made of an id of Testing Farm
	return labelForm.ReplaceAllStringFunc(text, func(place string) string {
		if place == firstLabel {
			return ""
		}
		return strings.TrimPrefix(place, "local/")
	})
}

// of gives a text in the story's names.
func (n *names) of(text string) string {
	for i, sha := range n.commits {
		text = strings.ReplaceAll(text, sha, fmt.Sprintf("c%d", i+1))
		text = strings.ReplaceAll(text, sha[:7], fmt.Sprintf("c%d", i+1))
	}
	text = requestForm.ReplaceAllStringFunc(text, func(id string) string {
		n.tester.mu.Lock()
		defer n.tester.mu.Unlock()
		if r, known := n.tester.known[id]; known {
			return fmt.Sprintf("r%d", r.number)
		}
		if slices.Contains(n.tester.strangers, id) {
			return "somebody's"
		}
		return id
	})
	return socketForm.ReplaceAllString(n.places.Replace(text), "a socket")
}

// unsaid are members of data that say nothing in a story.
func unsaid(key string) bool {
	return slices.Contains([]string{
		"forge", "repo", "number", "url", "updated", "created", "started", "ended", "queued", "ran", "koji", "farm",
		"author", "agent", "source_url", "source_branch", "source", "cases", "owner", "rev", "lines", "log_url", "rule", "due", "line", "first", "artifacts", "at",
		"content", "lock", "until", "bytes", "resolved", "tags", "tag_id", "build_id", "user", "topic",
	}, key)
}

// data gives the data of an event in one line.
func (n *names) data(raw []byte) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}
	return n.of(n.show(value))
}

func (n *names) show(value any) string {
	switch v := value.(type) {
	case map[string]any:
		return n.object(v)
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, n.show(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case string:
		return quote(label(v))
	}
	raw, _ := json.Marshal(value)
	return string(raw)
}

func (n *names) object(object map[string]any) string {
	if shown, isState := object["compose"].(map[string]any); isState && object["event"] == "state-changed" {
		object = map[string]any{"id": shown["id"], "state": shown["state_name"], "reason": shown["state_reason"]}
	}
	if statuses(object["checks"]) {
		object = map[string]any{"run": object["run"], "confirm": object["confirm"], "force": object["force"]}
	}
	var members []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if unsaid(key) && (key != "source" || object["target"] == nil) || object[key] == nil {
			continue
		}
		if _, isBody := object[key].(map[string]any); isBody && key == "request" {
			continue // the section rules has it
		}
		value := n.show(object[key])
		if id, isTask := object[key].(float64); isTask && key == "task" {
			value = n.builder.name(int64(id))
		}
		members = append(members, key+": "+value)
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// statuses tells whether these are the statuses to be shown. What the forge
// shows of them stands below, so they need not be told twice.
func statuses(value any) bool {
	list, _ := value.([]any)
	if len(list) == 0 {
		return false
	}
	one, _ := list[0].(map[string]any)
	return one["text"] != nil && one["check"] != nil
}

// quote leaves plain words as they are.
func quote(text string) string {
	if plain.MatchString(text) {
		return text
	}
	raw, _ := json.Marshal(text)
	out := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
	return out
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./#+%:-]+$`)
