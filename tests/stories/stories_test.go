package stories

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/distaff-project/distaff/shared/config"
)

var update = flag.Bool("update", false, "write what is heard into the stories")

// atOnce is how many stories are told at a time. They mostly wait for each
// other's sockets, so there may be more than there are processors.
const atOnce = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestStories(t *testing.T) {
	files, err := filepath.Glob("*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".txtar"), func(t *testing.T) {
			t.Parallel()
			tellStory(t, file)
		})
	}
}

func tellStory(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	story := txtar.Parse(raw)
	events := section(story, "events")
	if events == nil {
		t.Fatal("it has no section events")
	}
	wanted, err := rules(section(story, "rules"))
	if err != nil {
		t.Fatal(err)
	}
	p := newPlayer(t, checks(t, section(story, "checks")), wanted)
	if err := p.run(string(events.Data)); err != nil {
		t.Fatalf("%v\nheard so far:\n%s", err, p.heard.String())
	}
	told := map[string]func() (string, error){
		"heard": func() (string, error) { return p.heard.String(), nil },
		"shown": p.shown,
		"page":  p.page,

		"composes": p.composes,
		"bus":      p.bus,
	}
	if section(story, "heard") == nil {
		story.Files = append(story.Files, txtar.File{Name: "heard"})
	}
	for name, tell := range told {
		part := section(story, name)
		if part == nil {
			continue
		}
		text, err := tell()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(part.Data), text); diff != "" && !*update {
			t.Errorf("%s (- as it was, + as it is):\n%s", name, diff)
		}
		part.Data = []byte(text)
	}
	if *update && !bytes.Equal(raw, txtar.Format(story)) {
		if err := os.WriteFile(file, txtar.Format(story), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func section(story *txtar.Archive, name string) *txtar.File {
	for i := range story.Files {
		if story.Files[i].Name == name {
			return &story.Files[i]
		}
	}
	return nil
}

// checks reads the section checks: a check a line, with its words "required"
// and "needs=a,b". More than two never run at a time at Testing Farm's
// stand-in, and then their order is not the story's; so there are two if the
// story does not say.
func checks(t *testing.T, part *txtar.File) []config.Check {
	text := "installability required\nrpmlint\n"
	if part != nil {
		text = string(part.Data)
	}
	var out []config.Check
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		check := config.Check{Name: words[0]}
		for _, word := range words[1:] {
			needs, isNeeds := strings.CutPrefix(word, "needs=")
			switch {
			case isNeeds:
				check.Needs = strings.Split(needs, ",")
			case word == "required":
				check.Required = true
			default:
				t.Fatalf("a check is not %q", word)
			}
		}
		out = append(out, check)
	}
	return out
}
