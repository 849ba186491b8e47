package fedmsgtest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// journal keeps durable queues and the archive in a file of JSON lines, one
// written at each change. A nil journal keeps nothing. A killed process loses
// nothing; a power cut may lose the last lines, since they are not fsynced.
type journal struct {
	mu   sync.Mutex
	file *os.File
	err  error
}

// entry is one line: exactly one of its parts is set.
type entry struct {
	Queue   *queueEntry   `json:"queue,omitempty"`
	Remove  string        `json:"remove,omitempty"`
	Bind    *bindingEntry `json:"bind,omitempty"`
	Unbind  *bindingEntry `json:"unbind,omitempty"`
	Message *messageEntry `json:"message,omitempty"`
	Gone    *goneEntry    `json:"gone,omitempty"`
}

type queueEntry struct {
	Name       string `json:"name"`
	AutoDelete bool   `json:"autoDelete,omitempty"`
}

type bindingEntry struct {
	Exchange string `json:"exchange"`
	Key      string `json:"key"`
	Queue    string `json:"queue"`
}

type messageEntry struct {
	Exchange   string            `json:"exchange"`
	Key        string            `json:"key"`
	Properties []byte            `json:"properties"`
	Body       []byte            `json:"body"`
	Places     map[string]uint64 `json:"places,omitempty"`
}

type goneEntry struct {
	Queue string `json:"queue"`
	Place uint64 `json:"place"`
}

func (j *journal) write(e entry) {
	if j == nil {
		return
	}
	line, err := json.Marshal(e)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	j.err = errors.Join(j.err, err)
}

func (j *journal) add(name string, autoDelete bool) {
	j.write(entry{Queue: &queueEntry{name, autoDelete}})
}
func (j *journal) remove(name string) { j.write(entry{Remove: name}) }
func (j *journal) bind(b binding) {
	j.write(entry{Bind: &bindingEntry{b.exchange, b.key, b.queue}})
}

func (j *journal) unbind(b binding) {
	j.write(entry{Unbind: &bindingEntry{b.exchange, b.key, b.queue}})
}

func (j *journal) put(m *message, places map[string]uint64) {
	j.write(entry{Message: &messageEntry{m.exchange, m.key, m.properties, m.body, places}})
}

func (j *journal) gone(queue string, it *item) {
	j.write(entry{Gone: &goneEntry{queue, it.place}})
}

// OpenBus gives a bus whose durable queues and archive are kept in the folder,
// with what was there from before. Messages that were handed out but not acked
// wait again, without the redelivered flag: that is not written down.
func OpenBus(folder string) (*Bus, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open bus: %w", err)
	}
	name := filepath.Join(folder, "bus.jsonl")
	b := NewBus()
	if err := b.replay(name); err != nil {
		return nil, fmt.Errorf("open bus: %w", err)
	}
	if err := b.compact(name); err != nil {
		return nil, fmt.Errorf("open bus: %w", err)
	}
	return b, nil
}

// Close ends the journal and says whether everything got into it.
func (b *Bus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.journal == nil {
		return nil
	}
	err := errors.Join(b.journal.err, b.journal.file.Close())
	b.journal = nil
	return err
}

func (b *Bus) replay(name string) error {
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	reader := bufio.NewReader(file)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) { // a line cut short was never answered for
			return nil
		}
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		b.apply(e)
	}
}
