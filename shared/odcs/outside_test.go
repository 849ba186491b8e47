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

// distinct are so many addresses.
func distinct(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("https://a.example/%d", i))
	}
	return strings.Join(all, " ")
}
