package repodata

import "strconv"

const (
	xmlHead     = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	namespaces  = "http://linux.duke.edu/metadata/"
	namespaceNS = `" xmlns:rpm="` + namespaces + "rpm"
)

// Head opens the document of a kind, for so many packages.
func Head(kind Kind, packages int) []byte {
	element, namespace := element(kind), string(kind)
	if kind == Primary {
		namespace = "common" + namespaceNS
	}
	return []byte(xmlHead + "<" + element + ` xmlns="` + namespaces + namespace + `" packages="` + strconv.Itoa(packages) + "\">\n")
}

// Tail closes the document of a kind.
func Tail(kind Kind) []byte {
	return []byte("</" + element(kind) + ">")
}

func element(kind Kind) string {
	switch kind {
	case Primary:
		return "metadata"
	case Other:
		return "otherdata"
	default:
		return string(kind)
	}
}
