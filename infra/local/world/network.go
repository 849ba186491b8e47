package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/distaff-project/distaff/eventing"
)

// Addresses are where the systems of a world are found.
type Addresses struct {
	// Store is the S3 server, below which the bucket is.
	Store string `json:"store"`
	// Distaff takes events and web hooks, and shows the status page.
	Distaff string `json:"distaff"`
	Forge   string `json:"forge"`
	Koji    string `json:"koji"`
	Farm    string `json:"farm"`
	// Services are Bodhi, Greenwave, the Module Build Service, the lookaside cache
	// and the bus's archive.
	Services string `json:"services"`
	// Bus is the message bus, by AMQP: host and port.
	Bus string `json:"bus"`
}

// Pages is where result pages are found.
func (a Addresses) Pages() string { return a.Store + "/" + BucketName }

// Status is where the status page is found.
func (a Addresses) Status() string { return a.Distaff + statusPath }

// Events is where events are posted to: the ingress of the front broker. Those
// of the others are beside it, as on a cluster: /NAMESPACE/BROKER.
func (a Addresses) Events() string { return a.Distaff + "/default/" + eventing.Broker }

// Bodhi is Bodhi's address.
func (a Addresses) Bodhi() string { return a.Services + "/bodhi" }

// Composes is where the directories of composes are found, for dnf.
func (a Addresses) Composes() string { return a.Pages() + "/composes" }

// ComposeAPI is what ODCS's clients are given as the server's address.
func (a Addresses) ComposeAPI() string { return a.Distaff + "/compose-api" }

// ComposePages is where people look at composes.
func (a Addresses) ComposePages() string { return a.Distaff + "/compose-page/" }

// Greenwave is Greenwave's address.
func (a Addresses) Greenwave() string { return a.Services + "/greenwave" }

// MBS is the address of the Module Build Service.
func (a Addresses) MBS() string { return a.Services + "/mbs/module-build-service/1" }

// Datagrepper is the address of the bus's archive.
func (a Addresses) Datagrepper() string { return a.Services + "/datagrepper" }

// ReadAddresses gives where a world in dir is, or was.
func ReadAddresses(dir string) (Addresses, error) {
	var a Addresses
	raw, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		return a, fmt.Errorf("find the addresses of the world in %s: %w", dir, err)
	}
	return a, nil
}

// network is all sockets of a world.
type network struct {
	addresses Addresses
	sockets   map[*string]net.Listener
	servers   []*http.Server
	serving   sync.WaitGroup
}

// listen opens the sockets: from a port on, or at those remembered in file, or
// anywhere. They are remembered, because addresses are part of what is stored.
func listen(file string, port int) (*network, error) {
	n := &network{sockets: map[*string]net.Listener{}}
	raw, err := os.ReadFile(file)
	if err == nil && port == 0 {
		_ = json.Unmarshal(raw, &n.addresses) // a damaged one is as good as none
	}
	a := &n.addresses
	for i, at := range []*string{&a.Distaff, &a.Store, &a.Forge, &a.Koji, &a.Farm, &a.Services, &a.Bus} {
		want := "127.0.0.1:0"
		switch {
		case port != 0:
			want = "127.0.0.1:" + strconv.Itoa(port+i)
		case *at != "":
			want = hostOf(*at)
		}
		socket, err := net.Listen("tcp", want) //nolint:noctx // it takes no time
		if err != nil {
			return n, fmt.Errorf("listen at %s: %w; is another world running in this directory?", want, err)
		}
		n.sockets[at] = socket
		*at = "http://" + socket.Addr().String()
		if at == &a.Bus {
			*at = socket.Addr().String()
		}
	}
	raw, err = json.MarshalIndent(n.addresses, "", "  ")
	if err == nil {
		err = os.WriteFile(file, append(raw, '\n'), 0o600)
	}
	if err != nil {
		return n, fmt.Errorf("remember the addresses: %w", err)
	}
	return n, nil
}

func hostOf(address string) string {
	const scheme = "http://"
	if len(address) > len(scheme) && address[:len(scheme)] == scheme {
		return address[len(scheme):]
	}
	return address
}

// serve lets h answer at one of the addresses.
func (n *network) serve(at *string, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	socket := n.sockets[at]
	n.servers = append(n.servers, server)
	delete(n.sockets, at)
	n.serving.Go(func() { _ = server.Serve(socket) })
}

// take gives the socket of an address to somebody else.
func (n *network) take(at *string) net.Listener {
	socket := n.sockets[at]
	delete(n.sockets, at)
	return socket
}

// grace is how long an answer that is being given may still take at the end.
// Nobody of ours asks any more then; but connections that were opened and never
// used would be waited for.
const grace = 300 * time.Millisecond

// close lets answers that are being given end.
func (n *network) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	var errs []error
	for _, socket := range n.sockets {
		errs = append(errs, socket.Close())
	}
	for _, server := range n.servers {
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close() // somebody holds a connection: they are cut
		}
	}
	n.serving.Wait()
	return errors.Join(errs...)
}
