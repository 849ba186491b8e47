// Package pungi reads configurations of Pungi, the program that makes Fedora's
// composes, as far as they describe repositories: which packages, from which Koji
// tags, in which variants and architectures.
//
// A configuration is written in Python. It is read, never run: see Parse. The
// keys and their meaning are those of Pungi 4 (doc/configuration.rst). Keys says
// which are honoured, which are without effect here, and which are refused unless
// they are switched off. Variants are read from the XML that Pungi's
// share/variants.dtd describes.
package pungi
