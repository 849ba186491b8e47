// Package smoke tries distaff in the forms it is handed over in: the image, and
// what the func command line makes of it. Its tests start the thing itself, on a
// bucket and a broker of their own; make images-test and make test-func run them.
package smoke
