package koji

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// TaskPath is the folder of a task's files below the top of Koji's file tree.
// The numbers are spread over ten thousand folders.
func TaskPath(id TaskID) string {
	return fmt.Sprintf("work/tasks/%d/%d", id%10000, id)
}

// ScratchPath is the folder a finished scratch build is put together in.
func ScratchPath(owner string, id TaskID) string {
	return fmt.Sprintf("scratch/%s/task_%d", owner, id)
}

// TaskURL is the page people look at.
func (h *Hub) TaskURL(id TaskID) string {
	if h.config.Web == "" {
		return ""
	}
	return fmt.Sprintf("%s/taskinfo?taskID=%d", h.config.Web, id)
}

// FileURL is where a file of a task is downloaded from.
func (h *Hub) FileURL(id TaskID, file File) string {
	if h.config.Files == "" {
		return ""
	}
	volume := ""
	if file.Volume != "" && file.Volume != "DEFAULT" {
		volume = "/vol/" + url.PathEscape(file.Volume)
	}
	return h.config.Files + volume + "/" + TaskPath(id) + "/" + escape(file.Name)
}

// escape makes a relative path part of an address, whatever is in it.
func escape(name string) string {
	parts := strings.Split(strings.TrimPrefix(path.Clean("/"+name), "/"), "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}
