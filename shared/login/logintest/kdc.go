package logintest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrNoKDC is given where MIT Kerberos' server is not installed.
var ErrNoKDC = errors.New("krb5kdc, kdb5_util and kadmin.local are not installed")

// KDC is MIT Kerberos' own server, run on this machine with its files in one
// directory.
type KDC struct {
	// Realm is its realm.
	Realm string
	// Conf is the path of a krb5.conf for its clients.
	Conf string

	dir     string
	env     []string
	command *exec.Cmd
	done    chan error
}

// StartKDC starts a KDC for realm that ends with ctx. It keeps its files in
// dir. All programs are looked for in PATH and in the sbin directories.
func StartKDC(ctx context.Context, dir, realm string) (*KDC, error) {
	for _, name := range []string{"krb5kdc", "kdb5_util", "kadmin.local"} {
		if _, err := program(name); err != nil {
			return nil, ErrNoKDC
		}
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	k := &KDC{Realm: realm, Conf: filepath.Join(dir, "krb5.conf"), dir: dir, done: make(chan error, 1)}
	k.env = append(os.Environ(), "KRB5_CONFIG="+k.Conf, "KRB5_KDC_PROFILE="+filepath.Join(dir, "kdc.conf"))
	files := map[string]string{
		"krb5.conf": fmt.Sprintf(`[libdefaults]
 default_realm = %[1]s
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
 default_ccache_name = FILE:%[2]s/ccache
[realms]
 %[1]s = {
  kdc = 127.0.0.1:%[3]d
 }
[domain_realm]
 localhost = %[1]s
`, realm, dir, port),
		"kdc.conf": fmt.Sprintf(`[kdcdefaults]
 kdc_listen = 127.0.0.1:%[3]d
 kdc_tcp_listen = 127.0.0.1:%[3]d
[realms]
 %[1]s = {
  database_name = %[2]s/principal
  key_stash_file = %[2]s/stash
  acl_file = %[2]s/acl
  max_life = 1h
 }
[logging]
 kdc = FILE:%[2]s/kdc.log
`, realm, dir, port),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	if err := k.run(ctx, "kdb5_util", "create", "-s", "-r", realm, "-P", "master"); err != nil {
		return nil, err
	}
	if err := k.serve(ctx, port); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *KDC) serve(ctx context.Context, port int) error {
	path, err := program("krb5kdc")
	if err != nil {
		return err
	}
	k.command = exec.CommandContext(ctx, path, "-n", "-r", k.Realm, "-P", filepath.Join(k.dir, "pid"))
	k.command.Env = k.env
	var said bytes.Buffer
	k.command.Stderr = &said
	if err := k.command.Start(); err != nil {
		return fmt.Errorf("start krb5kdc: %w", err)
	}
	go func() { k.done <- k.command.Wait() }()
	// It tells nobody when it listens.
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-k.done:
			return fmt.Errorf("krb5kdc ended: %w: %s", err, said.String())
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// User adds a user with a password.
func (k *KDC) User(ctx context.Context, name, password string) error {
	return k.run(ctx, "kadmin.local", "-r", k.Realm, "addprinc", "-pw", password, name)
}

// Keytab adds a principal with a random key if it is new, and gives a keytab
// with the principal's keys.
func (k *KDC) Keytab(ctx context.Context, name string) ([]byte, error) {
	if err := k.run(ctx, "kadmin.local", "-r", k.Realm, "addprinc", "-randkey", name); err != nil {
		return nil, err
	}
	path := filepath.Join(k.dir, strings.ReplaceAll(name, "/", "_")+".keytab")
	if err := k.run(ctx, "kadmin.local", "-r", k.Realm, "ktadd", "-k", path, "-norandkey", name); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// Env is the environment for programs that are the KDC's clients.
func (k *KDC) Env() []string { return k.env }

// run runs one of Kerberos' programs.
func (k *KDC) run(ctx context.Context, name string, args ...string) error {
	path, err := program(name)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, path, args...)
	command.Env = k.env
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, args[0], err, out)
	}
	return nil
}

func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}

func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
