package demo

import (
	"embed"
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/lookaside"
)

// dist-git: what a packager keeps beside the upstream archive.
//
//go:embed package/*
var packaging embed.FS

const specName = name + ".spec"

func packaged(file string) string {
	raw, err := packaging.ReadFile("package/" + file)
	if err != nil {
		panic(fmt.Sprintf("%s is not among the embedded files: %v", file, err))
	}
	return string(raw)
}

// distGit are the files of the repository as it is before any pull request.
func distGit(source lookaside.Source) map[string]string {
	return map[string]string{
		specName:            packaged(specName),
		name + ".rpmlintrc": packaged(name + ".rpmlintrc"),
		"README.md":         packaged("README.md"),
		"sources":           source.String() + "\n",
	}
}

// edit changes the spec: each old text is replaced by the new one after it, and
// must be there.
func edit(pairs ...string) string {
	spec := packaged(specName)
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(spec, pairs[i]) {
			panic(fmt.Sprintf("the spec has no %q", pairs[i]))
		}
		spec = strings.Replace(spec, pairs[i], pairs[i+1], 1)
	}
	return spec
}

// release raises the release and says why in the changelog.
func release(why string, pairs ...string) string {
	return edit(append(pairs,
		"Release:        1%", "Release:        2%",
		"%changelog\n", "%changelog\n* Sat Nov 21 2026 Anna Maintainer <anna@example.org> - "+version+"-2\n- "+why+"\n\n",
	)...)
}

const sourceLine = "%{name}-v%{version}.zip\n"

// The pull requests' files.
func goodFiles() map[string]string {
	return map[string]string{specName: release("Check that the parser can be linked",
		"%check\n", "%check\ngcc -o linked -xc - -L%{buildroot}%{_libdir} -l%{name} <<'END'\n"+
			"extern const void *tree_sitter_json(void);\nint main(void) { return !tree_sitter_json(); }\nEND\n"+
			"LD_LIBRARY_PATH=%{buildroot}%{_libdir} ./linked\n")}
}

func brokenBuildFiles() map[string]string {
	const patch = "0001-Skip-byte-order-marks.patch"
	return map[string]string{
		patch:    packaged(patch),
		specName: release("Skip byte order marks", sourceLine, sourceLine+"Patch:          "+patch+"\n"),
	}
}

func badPackagingFiles() map[string]string {
	return map[string]string{specName: release("Ship the queries",
		"%description\n", "Requires:       tree-sitter-queries >= 99\n\n%description\n",
		"rm %{buildroot}%{_libdir}/*.a\n", "rm %{buildroot}%{_libdir}/*.a\n"+
			"install -D -p -m 0644 -t %{buildroot}/usr/local/share/%{name} queries/highlights.scm\n",
		"%doc README.md\n", "%doc README.md\n/usr/local/share/%{name}/\n")}
}

// slowFiles take so long to build that there is time to think better of it.
func slowFiles() map[string]string {
	return map[string]string{specName: release("Test for an hour", "%check\n", "%check\nsleep 3600\n")}
}

func betterFiles() map[string]string {
	return map[string]string{specName: release("Test what matters", "%check\n",
		"%check\nnm -D --defined-only %{buildroot}%{_libdir}/lib%{name}.so | grep -q ' T tree_sitter_json$'\n")}
}

func readmeFiles() map[string]string {
	return map[string]string{"README.md": packaged("README.md") + "\nIt is built by `make`, without Node.\n"}
}
