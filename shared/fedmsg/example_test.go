package fedmsg_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
)

func ExampleQueue_Drain() {
	// The bus, on this machine.
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	bus := fedmsgtest.NewBus()
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() { _ = bus.Serve(ctx, listener) }()
	bus.Bind("ours", "org.fedoraproject.*.pagure.#")
	bus.Publish("org.fedoraproject.prod.pagure.pull-request.new", nil, []byte(`{"pullrequest":{"id":31}}`))

	queue, err := fedmsg.Open(fedmsg.Config{
		URL: "amqp://guest:guest@" + listener.Addr().String(), Queue: "ours", Passive: true,
		SetAside: func(_ context.Context, m fedmsg.Malformed) error {
			fmt.Println("set aside:", m.Reason)
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	done, err := queue.Drain(ctx, 1000, 30*time.Second, func(_ context.Context, m fedmsg.Message) error {
		fmt.Println(m.Topic, string(m.Body)) // store it, publish it; only then return nil
		return nil
	})
	fmt.Println(done.Handled, done.Empty, err)
	// Output:
	// org.fedoraproject.prod.pagure.pull-request.new {"pullrequest":{"id":31}}
	// 1 true <nil>
}
