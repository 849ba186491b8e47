package gather

import (
	"errors"
	"strings"
)

// joinURL puts a base address and a path together.
func joinURL(base, path string) string {
	return strings.TrimSuffix(base, "/") + "/" + path
}

func isProblem(err error) bool {
	return errors.As(err, new(*UnmetError))
}
