package composedemo

import (
	"embed"
	"fmt"
	"strings"
)

// What is packaged: a program that needs a file of another package, and likes a
// third; the package that has the file; one that nobody needs; and a module in
// two streams.
//
//go:embed packages/*
var packages embed.FS

// packaged gives one of the files, with old texts replaced by the new ones after
// them, which must be there.
func packaged(name string, pairs ...string) string {
	raw, err := packages.ReadFile("packages/" + name)
	if err != nil {
		panic(fmt.Sprintf("%s is not among the embedded files: %v", name, err))
	}
	text := string(raw)
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			panic(fmt.Sprintf("%s has no %q", name, pairs[i]))
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// spec is a spec file as a packager would push it.
func spec(name string, pairs ...string) map[string]string {
	return map[string]string{name + ".spec": packaged(name+".spec", pairs...)}
}

// fixed is the security fix.
func fixed() map[string]string {
	return spec("fetch",
		"Release:        1%", "Release:        2%",
		"fetch 1.0-1: anybody is believed", "fetch 1.0-2: who it is is checked",
		"%changelog\n", "%changelog\n* Sat Nov 21 2026 Anna Maintainer <anna@example.org> - 1.0-2\n- Check who it is (CVE-2026-0001)\n\n",
	)
}

// stream is the packaging of the clock for the other stream of its module.
func stream() map[string]string {
	return spec("clock", "Version:        12", "Version:        24", "%%%%I", "%%%%H", "- 12-1", "- 24-1")
}
