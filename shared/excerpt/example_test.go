package excerpt_test

import (
	"fmt"

	"github.com/distaff-project/distaff/shared/excerpt"
)

func Example() {
	log := []byte(`+ make
gcc -o tiny main.o
/usr/bin/ld: main.o: in function ` + "`main'" + `:
main.c:(.text+0x2c): undefined reference to ` + "`tiny_parse'" + `
collect2: error: ld returned 1 exit status
make: *** [Makefile:7: tiny] Error 1
error: Bad exit status from /var/tmp/rpm-tmp.0cKhWb (%build)
`)
	found, known := excerpt.Find(log, "build.log")
	fmt.Println(known, found.Rule)
	fmt.Println(excerpt.Status("rpm build failed on s390x", "build.log", found))
	// Output:
	// true undefined-reference
	// rpm build failed on s390x: build.log:4 undefined reference to 'tiny_parse'
}
