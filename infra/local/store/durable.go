package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// prepare makes the layout of a store's directory, takes its lock, and clears
// what a crash left half done.
func prepare(dir string, sync bool) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	// The kernel releases it when the process ends, however it ends.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another process serves this directory: %w", err), lock.Close())
	}
	err = errors.Join(makeDirs(dir, "buckets", sync), makeDirs(dir, "tmp", sync))
	if err == nil && sync {
		err = syncDir(filepath.Dir(dir))
	}
	if err == nil {
		err = clearTmp(filepath.Join(dir, "tmp"), sync)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// clearTmp removes writes that a crash interrupted. Such a write may have made
// a directory that is visible but not durable yet, and a later write into it
// would not know: so all is flushed once.
func clearTmp(tmp string, sync bool) error {
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) == 0 {
		return err
	}
	if sync {
		syscall.Sync()
	}
	for _, e := range left {
		if err := os.Remove(filepath.Join(tmp, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// makeDirs makes the directories of rel below base. With sync they are durable
// when it returns.
func makeDirs(base, rel string, sync bool) error {
	dir := base
	for part := range strings.SplitSeq(rel, string(filepath.Separator)) {
		parent := dir
		dir = filepath.Join(dir, part)
		err := os.Mkdir(dir, 0o700)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err == nil && sync {
			err = syncDir(parent)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeFile replaces a file whole.
func writeFile(path string, content []byte, sync bool) error {
	temp := path + ".new"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil && sync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil || !sync {
		return err
	}
	return syncDir(filepath.Dir(path))
}
