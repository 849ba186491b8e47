// Package stories tells what happens to pull requests, one story a file: what
// somebody does, and everything that is then said and done, in order.
//
// The stories are played in a whole world (infra/local/world) whose clock and
// whose order the player decides, so that a story reads the same each time. How
// to write one is in README.md.
package stories
