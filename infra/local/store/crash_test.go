package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
)

const crashDir = "DISTAFF_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Println(writeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled says each write after it was acknowledged: creations in new
// directories, and one object replaced again and again.
func writeUntilKilled(dir string) error {
	s, err := store.Open(dir, store.Options{Sync: true})
	if err != nil {
		return err
	}
	b, err := s.Bucket("test")
	if err != nil {
		return err
	}
	return writeLoop(context.Background(), b)
}

func TestNoAcknowledgedWriteIsLostWhenTheProcessIsKilled(t *testing.T) {
	dir := t.TempDir()
	created, counted := 0, 0
	for round := range 4 {
		c, n := crash(t, dir, 60+40*round)
		created, counted = created+c, max(counted, n)
		s, err := store.Open(dir, store.Options{})
		if err != nil {
			t.Fatalf("after %d kills: %v", round+1, err)
		}
		b, err := s.Bucket("test")
		if err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
			t.Errorf("half done: %v, %v", left, err)
		}
		o, err := b.Get(t.Context(), "counter")
		if err != nil {
			t.Fatal(err)
		}
		// The write under way when it died may have happened.
		if n, err := strconv.Atoi(strings.TrimRight(string(o.Body), ".")); err != nil || n < counted || n > counted+1 {
			t.Errorf("the counter is %.20q, acknowledged was %d", o.Body, counted)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if created == 0 || counted == 0 {
		t.Errorf("%d created, %d counted: nothing was tried", created, counted)
	}
}

// crash runs a writer, kills it after so many acknowledgements, and checks
// that every object it was told of is there.
func crash(t *testing.T, dir string, acks int) (created, counted int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		what, value, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "created":
			keys = append(keys, value)
		case "counted":
			counted, _ = strconv.Atoi(value)
		default:
			t.Errorf("writer: %s", lines.Text())
		}
		if n == acks {
			_ = cmd.Process.Kill() // SIGKILL; what it says until it dies still counts
		}
	}
	_ = cmd.Wait()
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, err := s.Bucket("test")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if o, err := b.Get(t.Context(), key); err != nil || string(o.Body) != key {
			t.Errorf("%s was acknowledged: %q, %v", key, o.Body, err)
		}
	}
	return len(keys), counted
}

func writeLoop(ctx context.Context, b *store.Bucket) error {
	count := 0
	var tag blob.Tag
	if o, err := b.Get(ctx, "counter"); err == nil {
		tag = o.Tag
		count, _ = strconv.Atoi(strings.TrimRight(string(o.Body), "."))
	}
	fails := make(chan error)
	go func() {
		for i := 0; ; i++ {
			key := fmt.Sprintf("p/%d/%d/%d", os.Getpid(), i%7, i)
			if _, err := b.Put(ctx, key, []byte(key), blob.Absent); err != nil {
				fails <- err
			}
			fmt.Println("created", key)
			if i%3 == 0 { // directories come and go beside the writes
				scratch := fmt.Sprintf("scratch/%d/x", i)
				_, _ = b.Put(ctx, scratch, nil, blob.Any)
				_ = b.Delete(ctx, scratch)
			}
		}
	}()
	go func() {
		for {
			cond := blob.Match(tag)
			if tag == "" {
				cond = blob.Absent
			}
			var err error
			body := strconv.Itoa(count+1) + strings.Repeat(".", count%9000)
			if tag, err = b.Put(ctx, "counter", []byte(body), cond); err != nil {
				fails <- err
			}
			count++
			fmt.Println("counted", count)
		}
	}()
	return <-fails
}
