package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// segment is one file of the journal.
type segment struct {
	path string
	size int64
	open int // events in it that some target still waits for
}

func segmentName(number uint64) string { return fmt.Sprintf("%016x.journal", number) }

func segmentNumber(name string) (number uint64, ok bool) {
	if !strings.HasSuffix(name, ".journal") {
		return 0, false
	}
	_, err := fmt.Sscanf(name, "%016x.journal", &number)
	return number, err == nil && segmentName(number) == name
}

// segmentNames lists the segments of dir, oldest first.
func segmentNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted by name, and so by number
	if err != nil {
		return nil, fmt.Errorf("list journal: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if _, ok := segmentNumber(entry.Name()); ok {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// readSegment calls visit for each entry of a segment and gives the size of
// what could be read. What comes after that is torn or damaged.
func readSegment(data []byte, visit func(Entry)) int64 {
	if !strings.HasPrefix(string(data[:min(len(data), len(magic))]), magic) {
		return 0
	}
	at := len(magic)
	for {
		entry, size, err := nextFrame(data[at:])
		if err != nil {
			return int64(at)
		}
		visit(entry)
		at += size
	}
}

// Read calls visit for each entry of the journal in dir, oldest first, without
// changing it: a broker may be writing there meanwhile.
func Read(dir string, visit func(Entry)) error {
	names, err := segmentNames(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // dropped since it was listed
		}
		if err != nil {
			return fmt.Errorf("read journal: %w", err)
		}
		readSegment(data, func(e Entry) {
			if !e.isHead() {
				visit(e)
			}
		})
	}
	return nil
}

// load reads one segment at start. Only the newest may end torn: it is what
// was being written when the last process ended, so none of it had been
// promised to anybody. It is cut off there.
func load(path string, newest bool, visit func(Entry)) (*segment, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	good := readSegment(data, visit)
	if good < int64(len(data)) || good == 0 {
		if !newest {
			return nil, fmt.Errorf("journal %s is damaged at byte %d of %d; move the file away to go on without what follows there", path, good, len(data))
		}
		if err := os.Truncate(path, good); err != nil {
			return nil, fmt.Errorf("cut torn end of journal: %w", err)
		}
	}
	return &segment{path: path, size: good}, nil
}

// create makes a segment whose name and head survive a power cut.
func create(path string, head []byte) (*os.File, *segment, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("create journal: %w", err)
	}
	if _, err = file.Write(head); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = file.Close()
		return nil, nil, fmt.Errorf("create journal: %w", err)
	}
	return file, &segment{path: path, size: int64(len(head))}, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
