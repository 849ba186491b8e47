package stories

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"golang.org/x/tools/txtar"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/mbs/mbstest"
)

// rules reads the section rules: what the configuration says under
// composes.rules. Without it there are none.
func rules(part *txtar.File) ([]config.ComposeRule, error) {
	out := []config.ComposeRule{}
	if part == nil {
		return out, nil
	}
	return out, yaml.Unmarshal(part.Data, &out)
}

func composePhrases() []phrase {
	return []phrase{
		says(`koji: builds (\S+) into (\S+)(.*)`, func(p *player, words, _ []string) error {
			return p.built(words[0], words[1], options(words[2]))
		}),
		says(`koji: (tags|untags) (\S+) (?:into|from) (\S+)`, func(p *player, words, _ []string) error {
			if words[0] == "untags" {
				return p.world.Koji.Untag(words[2], words[1], "anna")
			}
			return p.world.Koji.Tag(words[2], words[1], "anna")
		}),
		says(`koji: says again that \S+ was tagged into \S+`, func(p *player, _, _ []string) error {
			const topic = "buildsys.tag"
			newest, err := p.newest(topic)
			if err == nil {
				p.world.Bus.Publish(topicPrefix+topic, nil, newest.Body)
			}
			return err
		}),
		prepares(`koji: signs (\S+) with (\S+)`, func(p *player, words, _ []string) error { return p.world.Koji.Sign(words[0], words[1]) }),
		prepares(`koji: purges (\S+)`, func(p *player, words, _ []string) error { return p.world.Koji.Purge(words[0], true) }),
		says(`koji: builds the module (\S+) of (\S+) into (\S+)`, func(p *player, words, _ []string) error {
			return p.module(words[0], words[1], words[2])
		}),
		says(`mbs: tells that (\S+) is ready`, func(p *player, words, _ []string) error { return p.ready(words[0]) }),
		says(`bodhi: pushes (\S+) of (\S+) to (stable|testing)(.*)`, func(p *player, words, _ []string) error {
			return p.pushed(words[0], words[1], words[2], options(words[3]))
		}),
		prepares(`greenwave: (\S+) has (PASSED|FAILED)`, func(p *player, words, _ []string) error {
			p.world.Greenwave.Result(words[0], world.GateTest, words[1])
			return nil
		}),
		prepares(`greenwave: is down( \d+ times)?`, func(p *player, words, _ []string) error {
			p.world.Greenwave.Down(times(words[0]))
			return nil
		}),
		says(`compose (\w+)=(\S+)(.*)`, func(p *player, words, _ []string) error {
			return p.ask(words[0], words[1], options(words[2]))
		}),
		says(`renew compose (\d+)(.*)`, func(p *player, words, _ []string) error {
			return p.call(http.MethodPatch, words[0], posted(options(words[1])), "")
		}),
		says(`delete compose (\d+)`, func(p *player, words, _ []string) error {
			return p.call(http.MethodDelete, words[0], nil, "")
		}),
		prepares(`(compose-\w+) rests( after compose \d+ began)?`, func(p *player, words, _ []string) error {
			p.stage.rest(words[0], strings.TrimSuffix(strings.TrimPrefix(words[1], " after compose "), " began"))
			return nil
		}),
		says(`(compose-\w+) goes on`, func(p *player, words, _ []string) error {
			p.stage.wake(words[0])
			p.slow = false
			return nil
		}),
		prepares(`compose-make is slow`, func(p *player, _, _ []string) error { p.slow = true; return nil }),
		prepares(`compose-make is killed when it has written (\d+) objects`, func(p *player, words, _ []string) error {
			n, err := strconv.Atoi(words[0])
			p.kill = n
			return err
		}),
	}
}

// requested hears what the bucket is asked, and counts what everybody sees.
func (p *player) requested(r store.Request) {
	p.asked.Lock()
	defer p.asked.Unlock()
	if p.slow && strings.HasPrefix(r.Key, "compose") {
		p.clock.set(p.clock.now().Add(slowness))
	}
	name, public := strings.CutPrefix(r.Key, "composes/")
	if !public || r.Verb != "PUT" && r.Verb != "DELETE" {
		return
	}
	dir, _, _ := strings.Cut(name, "/")
	what := map[string]string{"PUT": "= writes ", "DELETE": "= removes "}[r.Verb] + dir
	if !slices.Contains(p.public, what) {
		p.public = append(p.public, what)
	}
	if p.kill > 0 && r.Verb == "PUT" {
		if p.kill--; p.kill == 0 {
			p.stage.kill()
		}
	}
}

// published is what became of what everybody sees, since it was asked last.
func (p *player) published() []string {
	p.asked.Lock()
	defer p.asked.Unlock()
	out := p.public
	p.public = nil
	return out
}

// topicPrefix is what Fedora's topics begin with.
const topicPrefix = "org.fedoraproject.prod."

// ready says on the bus what the Module Build Service says of a module.
func (p *player) ready(name string) error {
	name, stream, _ := strings.Cut(name, ":")
	p.world.MBS.Add(mbstest.Module{Name: name, Stream: stream, Version: "1", Context: "c0ffee42", State: 5})
	p.modules++
	p.world.Bus.Publish(topicPrefix+"mbs.module.state.change", nil, p.world.MBS.Message(p.modules))
	return nil
}

// pushed says on the bus what Bodhi says of an update.
func (p *player) pushed(alias, nvr, status string, o map[string]string) error {
	kind := o["type"]
	if kind == "" {
		kind = "bugfix"
	}
	body, err := json.Marshal(map[string]any{
		"update": map[string]any{
			"alias": alias, "status": status, "request": nil, "type": kind, "release": map[string]any{"name": "F45"},
			"builds": []any{map[string]any{"nvr": nvr}}, "user": map[string]any{"name": "anna"},
		},
		"agent": "bodhi",
	})
	if err == nil {
		p.world.Bus.Publish(topicPrefix+"bodhi.update.complete."+status, nil, body)
	}
	return err
}

// posted is what is sent to the API.
func posted(o map[string]string) map[string]any {
	body := map[string]any{}
	for key, value := range o {
		switch key {
		case "by":
		case "life":
			seconds, _ := strconv.Atoi(value)
			body["seconds_to_live"] = seconds
		default:
			body[key] = strings.Split(strings.Trim(value, "[]"), ",")
		}
	}
	return body
}

// ask asks for a compose. Each asking is one of its own, unless its by= was that
// of an earlier one.
func (p *player) ask(kind, source string, o map[string]string) error {
	body := posted(o)
	from := map[string]any{"type": kind, "source": source}
	for _, key := range []string{"sigkeys", "packages", "builds", "modular_koji_tags"} {
		if body[key] != nil {
			from[key] = body[key]
			delete(body, key)
		}
	}
	if from["sigkeys"] == nil {
		from["sigkeys"] = []string{""}
	}
	if body["flags"] == nil {
		body["flags"] = []string{"no_deps"}
	}
	body["source"] = from
	p.askings++
	by := o["by"]
	if by == "" {
		by = fmt.Sprint("asking ", p.askings)
	}
	return p.call(http.MethodPost, "", body, by)
}

// call calls the API, and notes what it answers.
func (p *player) call(method, id string, body map[string]any, key string) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(p.ctx, method, p.world.Addresses.ComposeAPI()+"/api/1/composes/"+id, strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if raw, err = io.ReadAll(answer.Body); err != nil {
		return err
	}
	var given struct {
		ID      int64  `json:"id"`
		State   string `json:"state_name"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(raw, &given); err != nil {
		return err
	}
	text := fmt.Sprintf("= the API answers %d: ", answer.StatusCode)
	if given.ID != 0 {
		text += fmt.Sprintf("compose %d, %s", given.ID, given.State)
	} else {
		text += given.Message
	}
	p.loose = append(p.loose, text)
	return nil
}
