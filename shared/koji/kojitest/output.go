package kojitest

import (
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
)

func listTaskOutput(c *call) (any, *koji.Fault) {
	s := c.server
	s.mu.Lock()
	t, refused := c.task("taskID")
	s.mu.Unlock()
	if refused != nil {
		if refused.Code == koji.FaultGeneric && c.flag("strict") {
			return nil, fault(koji.FaultGeneric, "Task doesn't exist")
		}
		if refused.Code != koji.FaultGeneric {
			return nil, refused
		}
		t = &task{id: c.arg("taskID").(int64)}
	}
	stat, volumes := c.flag("stat"), c.flag("all_volumes")
	names, table := []any{}, map[string]any{}
	top := s.taskDir(t.id)
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := os.Stat(path) // through the links a scratch build leaves
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		at := float64(info.ModTime().UnixMicro()) / 1e6
		var value any = map[string]any{
			"st_size": strconv.FormatInt(info.Size(), 10), "st_mtime": at, "st_atime": at, "st_ctime": at,
		}
		switch {
		case stat && volumes:
			value = map[string]any{"DEFAULT": value}
		case volumes:
			value = []any{"DEFAULT"}
		}
		names = append(names, relative)
		table[relative] = value
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault(koji.FaultOther, "%v", err)
	}
	if stat || volumes {
		return table, nil
	}
	return names, nil
}

// downloadTaskOutput answers base64 in a string. As with the hub, an offset
// before the start of a file is Python's OSError.
func downloadTaskOutput(c *call) (any, *koji.Fault) {
	id, _ := c.arg("taskID").(int64)
	name, _ := c.arg("fileName").(string)
	offset, _ := c.arg("offset").(int64)
	size := int64(-1)
	if given, ok := c.arg("size").(int64); ok {
		size = given
	}
	if strings.Contains(name, "..") {
		return nil, fault(koji.FaultGeneric, "Invalid file name: %s", name)
	}
	missing := fault(koji.FaultGeneric, "no file %q output by task %d", name, id)
	f, err := os.Open(filepath.Join(c.server.taskDir(id), filepath.FromSlash(name)))
	if err != nil {
		return nil, missing
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, missing
	}
	whence := io.SeekStart
	if offset < 0 {
		whence = io.SeekEnd
		if -offset > info.Size() {
			return nil, fault(koji.FaultOther, "<class 'OSError'>: [Errno 22] Invalid argument")
		}
	}
	if _, err := f.Seek(offset, whence); err != nil {
		return nil, fault(koji.FaultOther, "%v", err)
	}
	var src io.Reader = f
	if size >= 0 {
		src = io.LimitReader(f, size)
	}
	raw, err := io.ReadAll(src)
	if err != nil {
		return nil, fault(koji.FaultOther, "%v", err)
	}
	return wrapped(raw), nil
}

// wrapped is base64 as Python's encodebytes writes it: a line break after every
// 57 bytes, and at the end.
func wrapped(raw []byte) string {
	var out strings.Builder
	for len(raw) > 0 {
		n := min(57, len(raw))
		out.WriteString(base64.StdEncoding.EncodeToString(raw[:n]))
		out.WriteByte('\n')
		raw = raw[n:]
	}
	return out.String()
}
