package productmd

import (
	"fmt"
	"io"
	"strings"
)

// WriteRepoFile writes the .repo file of a compose in ODCS's words: name is
// "odcs-12", url the compose's result_repo, below which each architecture has
// its repository.
//
// Clients read the file as ASCII in which a backslash begins an escape
// (atomic-reactor does), so that neither may stand in it.
func WriteRepoFile(w io.Writer, name, url string) error {
	if err := plain(name, url); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `[%[1]s]
name=ODCS repository for compose %[1]s
baseurl=%[2]s/$basearch/os
type=rpm-md
skip_if_unavailable=False
gpgcheck=0
repo_gpgcheck=0
enabled=1
enabled_metadata=1
`, name, strings.TrimRight(url, "/"))
	return err
}

// ExternalRepo is a section of the .repo file of a compose that only names
// repositories kept elsewhere.
type ExternalRepo struct {
	Name, URL string
	// Skip: a client goes on without it when it cannot be had.
	Skip bool
}

// WriteExternalRepoFile writes such a file, with a section for each.
func WriteExternalRepoFile(w io.Writer, repos []ExternalRepo) error {
	for _, r := range repos {
		if err := plain(r.Name, r.URL); err != nil {
			return err
		}
		skip := ""
		if r.Skip {
			skip = "skip_if_unavailable=1\n"
		}
		_, err := fmt.Fprintf(w, "\n[%[1]s]\nname=%[1]s\nbaseurl=%[2]s\nenabled=1\ngpgcheck=0\n%[3]s", r.Name, r.URL, skip)
		if err != nil {
			return err
		}
	}
	return nil
}

func plain(name, url string) error {
	for _, text := range []string{name, url} {
		if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) {
			return wrong(".repo file cannot hold the name %.80q with the address %.120q", name, url)
		}
	}
	if strings.ContainsAny(name, "[]") {
		return wrong(".repo file cannot hold the name %.80q", name)
	}
	return nil
}
