package odcs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs"
)

func TestAddressesNobodyReadsFromAreRefusedWhereTheyAreNamed(t *testing.T) {
	var asked []string
	d := odcs.Defaults{
		Types: []compose.SourceType{compose.Tag, compose.Repo, compose.PungiCompose},
		Outside: func(address string) error {
			asked = append(asked, address)
			if strings.Contains(address, "//10.") {
				return errors.New("10.0.0.1 is an address within a network")
			}
			return nil
		},
	}
	for _, body := range []string{
		`{"source":{"type":"tag","source":"f45"},"lookaside_repos":["https://a.example/$basearch/","https://10.0.0.1/"]}`,
		`{"source":{"type":"repo","source":"https://10.0.0.1/$basearch"}}`,
		`{"source":{"type":"pungi_compose","source":"https://10.0.0.1/compose/Server"}}`,
	} {
		_, err := d.Parse([]byte(body))
		if refusal := new(odcs.Refusal); !errors.As(err, &refusal) || refusal.Code != 400 ||
			!strings.HasPrefix(refusal.Message, "Nothing is read from https://10.0.0.1/") || !strings.Contains(refusal.Hint, "composes.outside") {
			t.Errorf("%s: %v", body, err)
		}
	}
	if asked[0] != "https://a.example/x86_64/" {
		t.Errorf("asked about %s", asked)
	}
	for _, source := range []string{"/etc", "file:///etc", "etc", "//etc/", "ftp://a.example/", "http:etc"} {
		for _, kind := range []string{"repo", "pungi_compose"} {
			if _, err := d.Parse([]byte(`{"source":{"type":"` + kind + `","source":"` + source + `"}}`)); err == nil {
				t.Errorf("%s %s is taken", kind, source)
			}
		}
	}
	if _, err := d.Parse([]byte(`{"source":{"type":"repo","source":"https://a.example/$basearch/"}}`)); err != nil {
		t.Error(err)
	}
	for n, body := range []string{`{"source":{"type":"repo","source":"` + distinct(51) + `"}}`, `{"source":{"type":"tag","source":"f45"},"lookaside_repos":["` + distinct(51) + `"]}`} {
		if _, err := d.Parse([]byte(body)); err == nil {
			t.Errorf("%d: 51 addresses are taken", n)
		}
	}
}

func TestWhatSomebodyIsAskedAboutOneByOneIsLittle(t *testing.T) {
	words := func(n int, form string) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(form, i))
		}
		return strings.Join(all, " ")
	}
	for body, good := range map[string]bool{
		`{"source":{"type":"tag","source":"` + words(50, "f%d") + `"}}`:                                                      true,
		`{"source":{"type":"tag","source":"` + words(51, "f%d") + `"}}`:                                                      false,
		`{"source":{"type":"module","source":"` + words(501, "m:%d") + `"}}`:                                                 false,
		`{"source":{"type":"module","source":"m:1","modular_koji_tags":["` + words(51, "f%d") + `"]}}`:                       false,
		`{"source":{"type":"tag","source":"f45","scratch_build_tasks":["` + words(501, "1%d") + `"]}}`:                       false,
		`{"source":{"type":"tag","source":"f45","modules":["` + words(501, "m:%d:1:c") + `"]}}`:                              false,
		`{"source":{"type":"tag","source":"f45","packages":["` + words(5000, "p%d") + `"]}}`:                                 true,
		`{"source":{"type":"build","source":"","builds":["` + strings.ReplaceAll(words(2000, "b-1-%d"), " ", `","`) + `"]}}`: true,
	} {
		if _, err := (odcs.Defaults{}).Parse([]byte(body)); (err == nil) != good {
			t.Errorf("%.80s…: %v", body, err)
		}
	}
}

// distinct are so many addresses.
func distinct(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("https://a.example/%d", i))
	}
	return strings.Join(all, " ")
}
