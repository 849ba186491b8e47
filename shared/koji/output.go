package koji

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// File is something a task wrote: a log, a package.
type File struct {
	Name     string // below the task's folder
	Size     int64  // bytes
	Modified time.Time
	Volume   string // "DEFAULT" unless the hub has several stores
}

// Output lists what a task wrote, by name. A build task writes nothing itself:
// ask its children.
func (h *Hub) Output(ctx context.Context, id TaskID) ([]File, error) {
	var files []File
	err := h.ask(ctx, "listTaskOutput",
		[]any{int64(id), xmlrpc.Kwargs{"stat": true, "all_volumes": true}},
		func(r *xmlrpc.Reader) { files = readFiles(r) })
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b File) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Volume, b.Volume))
	})
	return files, nil
}

func readFiles(r *xmlrpc.Reader) []File {
	var files []File
	if r.Kind() == xmlrpc.Array { // what some hubs give for none
		return files
	}
	for name := range r.Members() {
		for volume := range r.Members() {
			file := File{Name: name, Volume: volume}
			for stat := range r.Members() {
				switch stat {
				case "st_size":
					file.Size = r.Int()
				case "st_mtime":
					file.Modified = unix(r.Float())
				}
			}
			files = append(files, file)
		}
	}
	return files
}

// maxRead is the most one ReadOutput asks for: what comes back is a third
// longer and is held whole by the hub.
const maxRead = 16 << 20

// ReadOutput reads size bytes of a file a task wrote, from offset on; a
// negative offset counts from its end. Less comes back where the file ends. A
// log that still grows can be followed by asking from where one stopped.
func (h *Hub) ReadOutput(ctx context.Context, id TaskID, name string, offset, size int64) ([]byte, error) {
	if size < 0 || size > maxRead {
		return nil, fmt.Errorf("%s: read %s of task %d: %d bytes asked for, at most %d go", h, name, id, size, maxRead)
	}
	var raw []byte
	err := h.ask(ctx, "downloadTaskOutput",
		[]any{int64(id), name, xmlrpc.Kwargs{"offset": offset, "size": size}},
		func(r *xmlrpc.Reader) { raw = r.Bytes() })
	if err != nil {
		return nil, err
	}
	return raw, nil
}

// Tail reads the last bytes of a file a task wrote, at most size of them.
func (h *Hub) Tail(ctx context.Context, id TaskID, name string, size int64) ([]byte, error) {
	raw, err := h.ReadOutput(ctx, id, name, -size, size)
	if faultCode(err) == FaultOther && strings.Contains(err.Error(), "Invalid argument") {
		// The hub seeks before the start of a file shorter than that.
		return h.ReadOutput(ctx, id, name, 0, size)
	}
	return raw, err
}
