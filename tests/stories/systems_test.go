package stories

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/shared/bodhi/bodhitest"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/forge/forgetest"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/shared/testingfarm/testingfarmtest"
)

// times reads "3 times"; nothing is once.
func times(text string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(text, " "), " times"))
	if err != nil {
		return 1
	}
	return n
}

func kojiPhrases() []phrase {
	troubles := map[string]kojitest.Trouble{
		"loses the answer": kojitest.AnswerLost, "cuts the answer": kojitest.AnswerCut, "is offline": kojitest.Offline,
		"is behind a proxy that loses patience": kojitest.GatewayTimeout, "has forgotten our session": kojitest.SessionExpired,
	}
	return []phrase{
		prepares(`koji: next build fails(?: in (root|srpm))?( \d+ times)?`, func(p *player, words, log []string) error {
			p.builder.plan(failure(words[0], log), times(words[1]))
			return nil
		}),
		prepares(`koji: holds builds`, func(p *player, _, _ []string) error { p.holdsBuilds = true; return nil }),
		says(`koji: goes on`, func(p *player, _, _ []string) error { p.holdsBuilds = false; return nil }),
		says(`koji: a second task turns up with the label of the first`, func(p *player, _, _ []string) error { return p.secondTask() }),
		prepares(`koji: (.+) at (\w+)( \d+ times)?`, func(p *player, words, _ []string) error {
			what, known := troubles[words[0]]
			if !known {
				return errors.New("no such trouble")
			}
			for range times(words[2]) {
				p.world.Koji.Next(words[1], what)
			}
			return nil
		}),
	}
}

// secondTask asks for the first build once more, as a request does that was on
// its way longer than anybody waited.
func (p *player) secondTask() error {
	password, err := p.key("koji")
	if err != nil {
		return err
	}
	at := p.world.Addresses.Koji
	robot, err := koji.New(koji.Config{
		Name: "local", Server: at + "/kojihub", Web: at + "/koji", Files: at + "/kojifiles", Credential: koji.Password(world.Robot, password),
	})
	if err != nil {
		return err
	}
	first, err := robot.Tasks(p.ctx, []koji.TaskID{1})
	if err != nil {
		return err
	}
	if _, err := robot.Build(p.ctx, koji.BuildRequest{
		Source: first[0].Source, Target: "rawhide", Scratch: true, Label: first[0].Label,
	}); err != nil {
		return err
	}
	effects, err := p.effects()
	p.loose = append(p.loose, effects...)
	return err
}

func farmPhrases() []phrase {
	fault := func(change func(*testingfarmtest.Faults, int)) func(*player, []string, []string) error {
		return func(p *player, words, _ []string) error {
			p.world.Farm.Fault(func(f *testingfarmtest.Faults) { change(f, times(words[0])) })
			return nil
		}
	}
	return []phrase{
		prepares(`farm: holds tests`, func(p *player, _, _ []string) error { p.holdsTests = true; return nil }),
		says(`farm: goes on`, func(p *player, _, _ []string) error { p.holdsTests = false; return nil }),
		prepares(`farm: loses the answer( \d+ times)?`, fault(func(f *testingfarmtest.Faults, n int) { f.LoseAnswer = n })),
		prepares(`farm: is unavailable( \d+ times)?`, fault(func(f *testingfarmtest.Faults, n int) { f.Unavailable = n })),
		prepares(`farm: is broken( \d+ times)?`, fault(func(f *testingfarmtest.Faults, n int) { f.Broken = n })),
		prepares(`farm: has no machine( \d+ times)?`, fault(func(f *testingfarmtest.Faults, n int) { f.NoMachine = n })),
		prepares(`farm: web hooks are (lost|doubled|well)`, func(p *player, words, _ []string) error {
			copies := map[string]int{"lost": 0, "doubled": 2, "well": 1}[words[0]]
			p.tester.hooks(p.world.Farm, copies)
			p.world.Farm.Fault(func(f *testingfarmtest.Faults) {
				f.LoseHooks, f.DoubleHooks = map[int]int{0: 1 << 30}[copies], copies == 2
			})
			return nil
		}),
		prepares(`farm: (\S+) (fails|needs inspection|breaks)( \d+ times)?`, func(p *player, words, log []string) error {
			check := testingfarm.Check(words[0])
			it := plan{verdict: failing("/"+words[0], "failed", log)}
			switch words[1] {
			case "breaks":
				it = plan{broken: strings.Join(log, " ")}
			case "needs inspection":
				it.verdict = failing("/"+words[0], "needs_inspection", log)
				it.verdict.Overall = "needs_inspection"
			}
			p.tester.plan(check, it, times(words[2]))
			return nil
		}),
	}
}

func busPhrases() []phrase {
	return []phrase{
		prepares(`bus: drops the next (\S+)`, func(p *player, words, _ []string) error {
			p.stage.mu.Lock()
			defer p.stage.mu.Unlock()
			p.drops = append(p.drops, words[0])
			return nil
		}),
		prepares(`bus: doubles everything`, func(p *player, _, _ []string) error {
			p.stage.mu.Lock()
			defer p.stage.mu.Unlock()
			p.doubles = true
			return nil
		}),
		prepares(`nobody hears the bus`, func(p *player, _, _ []string) error { p.sleeps = true; return nil }),
		says(`somebody hears the bus`, func(p *player, _, _ []string) error { p.sleeps = false; return p.tick() }),
		prepares(`bus: the queue is deleted`, func(p *player, _, _ []string) error {
			p.world.Bus.DeleteQueue("distaff")
			return nil
		}),
		says(`bus: the queue is made again`, func(p *player, _, _ []string) error {
			p.world.Bus.Bind("distaff", world.Topics()...)
			return nil
		}),
		says(`send again (\S+)`, func(p *player, words, _ []string) error { return p.sendAgain(words[0]) }),
		prepares(`bodhi: is down( \d+ times)?`, func(p *player, words, _ []string) error {
			p.world.Bodhi.Fail(times(words[0]), http.StatusBadGateway)
			return nil
		}),
		prepares(`bodhi: has EPEL 6`, func(p *player, _, _ []string) error {
			p.world.Bodhi.Set(append(bodhitest.Fedora(46), bodhi.Release{
				Name: "EPEL-6", IDPrefix: "FEDORA-EPEL", Version: "6", Branch: "epel6", DistTag: "epel6",
				CandidateTag: "epel6-testing-candidate", State: bodhi.Current,
			})...)
			return nil
		}),
		prepares(`forge: answers 500 at (\w+) (\S+)( \d+ times)?`, func(p *player, words, _ []string) error {
			p.world.Forge.Faults.Add(forgetest.Fault{Method: words[0], Path: words[1], How: forgetest.ErrorPage, Times: times(words[2])})
			return nil
		}),
		prepares(`forge: loses the answer at (\w+) (\S+)( \d+ times)?`, func(p *player, words, _ []string) error {
			p.world.Forge.Faults.Add(forgetest.Fault{Method: words[0], Path: words[1], How: forgetest.LostAnswer, Times: times(words[2])})
			return nil
		}),
		prepares(`forge: says 404 at (\w+) (\S+)( \d+ times)?`, func(p *player, words, _ []string) error {
			p.world.Forge.Faults.Add(forgetest.Fault{Method: words[0], Path: words[1], Code: http.StatusNotFound, Times: times(words[2])})
			return nil
		}),
	}
}

// newest is the newest message with a topic.
func (p *player) newest(what string) (fedmsg.Message, error) {
	var newest fedmsg.Message
	archive := fedmsg.Archive{Base: p.world.Addresses.Datagrepper()}
	now := p.clock.now()
	err := archive.Since(p.ctx, []string{topicPrefix + what}, now.Add(-24*time.Hour), now, func(page []fedmsg.Message) error {
		newest = page[len(page)-1]
		return nil
	})
	if err == nil && newest.ID == "" {
		err = errors.New("there was none")
	}
	return newest, err
}

// sendAgain publishes the newest message with a topic once more, as it was.
func (p *player) sendAgain(what string) error {
	newest, err := p.newest(what)
	if err == nil {
		if strings.Contains(what, "task") { // Koji did not say it
			p.stage.mu.Lock()
			p.stage.tasks--
			p.stage.mu.Unlock()
		}
		p.world.Bus.PublishAs(newest.ID, topicPrefix+what, nil, newest.Body)
	}
	return err
}

func webPhrases() []phrase {
	return []phrase{
		says(`forged forge web hook`, func(p *player, _, _ []string) error {
			answer, err := p.post("/forge-webhook/local", `{"topic":"pull-request.new","msg":{}}`, http.Header{"X-Pagure-Signature-256": {"0123"}})
			p.loose = append(p.loose, answer)
			return err
		}),
		says(`forged testing farm web hook`, func(p *player, _, _ []string) error {
			requests := p.world.Farm.Requests()
			body, _ := json.Marshal(map[string]string{"request_id": requests[0].ID})
			address := "/testing-farm-webhook/local/" + requests[0].Label + "/0123456789abcdef"
			answer, err := p.post(address, string(body), http.Header{})
			p.loose = append(p.loose, answer)
			return err
		}),
		says(`our testing farm web hook names somebody's request`, func(p *player, _, _ []string) error {
			return p.foreign()
		}),
		says(`the web hook of request (\d+) comes late`, func(p *player, words, _ []string) error {
			n, _ := strconv.Atoi(words[0])
			requests := p.world.Farm.Requests()
			if n < 1 || n > len(requests) {
				return errors.New("no such request")
			}
			return p.callHook(requests[n-1].Label, requests[n-1].ID)
		}),
	}
}

// callHook posts what Testing Farm posts, to the address it was given.
func (p *player) callHook(label, id string) error {
	key, err := p.key("hooks")
	if err != nil {
		return err
	}
	p.tester.called()
	answer, err := p.post(testingfarm.Address("/testing-farm-webhook/local", label, []byte(key)), `{"request_id":"`+id+`"}`, http.Header{})
	p.loose = append(p.loose, answer)
	return err
}

// foreign calls the true address of our first request, with the id of a
// request that somebody else made.
func (p *player) foreign() error {
	ours := p.world.Farm.Requests()[0]
	token, err := p.key("testing-farm")
	if err != nil {
		return err
	}
	body := `{"test":{"fmf":{"url":"https://example.org/t","ref":"main"}},"environments":[{"arch":"x86_64","variables":{"WHO":"somebody"}}]}`
	req, err := http.NewRequestWithContext(p.ctx, http.MethodPost, p.world.Addresses.Farm+"/v0.1/requests", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	got, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	var made struct {
		ID string `json:"id"`
	}
	if err := json.NewDecoder(got.Body).Decode(&made); err != nil {
		return fmt.Errorf("make somebody's request: %w", err)
	}
	p.tester.stranger(made.ID)
	if err := p.settle(); err != nil {
		return err
	}
	return p.callHook(ours.Label, made.ID)
}
