// Package rabbitmq runs the distribution's own RabbitMQ, one node with data of
// its own, and asks it what is in its queues.
package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/distaff-project/distaff/tests/knative/cluster"
)

// Program is where Debian's package has the server; unlike the one in PATH, it
// does not change to a user of its own.
const Program = "/usr/lib/rabbitmq/bin/rabbitmq-server"

// Where it is found in the room, and who may do everything there.
const (
	Port       = 5672
	Management = 15672
	User       = "guest"
	Password   = "guest"
)

// Server is one that runs.
type Server struct{ process *cluster.Process }

// Start starts a server whose files are in dir, and returns when it takes
// connections.
func Start(ctx context.Context, dir string) (*Server, error) {
	if _, err := os.Stat(Program); err != nil {
		return nil, fmt.Errorf("find RabbitMQ: %w (Debian: apt-get install rabbitmq-server)", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "log"), 0o755); err != nil {
		return nil, err
	}
	// Its memory is not looked up in /proc, which has other numbers of processes.
	settings := fmt.Sprintf(`listeners.tcp.1 = 127.0.0.1:%d
management.tcp.ip = 127.0.0.1
management.tcp.port = %d
vm_memory_calculation_strategy = allocated
collect_statistics_interval = 1000
`, Port, Management)
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, "plugins"), []byte("[rabbitmq_management].\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "rabbitmq.conf"), []byte(settings), 0o600),
	)
	if err != nil {
		return nil, err
	}
	// Erlang names nodes name@host and looks the host up, so localhost it is.
	s := &Server{&cluster.Process{Name: "rabbitmq", Path: Program, Whole: true, Log: filepath.Join(dir, "out"), Env: []string{
		"HOME=" + dir, "RABBITMQ_NODENAME=distaff@localhost", "RABBITMQ_MNESIA_BASE=" + filepath.Join(dir, "data"),
		"RABBITMQ_LOG_BASE=" + filepath.Join(dir, "log"), "RABBITMQ_ENABLED_PLUGINS_FILE=" + filepath.Join(dir, "plugins"),
		"RABBITMQ_CONFIG_FILE=" + filepath.Join(dir, "rabbitmq"), "RABBITMQ_PID_FILE=" + filepath.Join(dir, "pid"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}", "ERL_EPMD_ADDRESS=127.0.0.1",
	}}}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	if err := s.healthy(ctx); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, s.process.Tail(20))
	}
	return s, nil
}

// Restart ends it as a power cut would, starts it again on what is on its disk,
// and returns when it takes connections.
func (s *Server) Restart(ctx context.Context) error {
	s.process.Kill()
	if err := s.process.Start(); err != nil {
		return err
	}
	return s.healthy(ctx)
}

// Close ends it.
func (s *Server) Close() { s.process.Kill() }

func (s *Server) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := s.ask(ctx, "health/checks/virtual-hosts", nil)
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-s.process.Over():
			return fmt.Errorf("RabbitMQ ended:\n%s", s.process.Tail(20))
		case <-ctx.Done():
			return fmt.Errorf("wait until RabbitMQ is ready: %w; last seen: %w", ctx.Err(), err)
		}
	}
}

// Queue is one of the server's.
type Queue struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	Messages  int    `json:"messages"`
	Consumers int    `json:"consumers"`
	Policy    string `json:"policy"`
}

// Queues are all there are, as the server last counted them: a second ago.
func (s *Server) Queues(ctx context.Context) ([]Queue, error) {
	var all []Queue
	return all, s.ask(ctx, "queues", &all)
}

// Version is the server's.
func (s *Server) Version(ctx context.Context) (string, error) {
	var about struct {
		Version string `json:"rabbitmq_version"`
	}
	return about.Version, s.ask(ctx, "overview", &about)
}

// ask reads from the management's API.
func (s *Server) ask(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/api/%s", Management, path), nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(User, Password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask RabbitMQ for %s: %s", path, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
