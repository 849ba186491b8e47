package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/cluster"
	"github.com/distaff-project/distaff/infra/hold"
	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/fn"
)

// resuming is what `trigger resume` was told.
type resuming struct {
	place
	triggersAt
	chosen
	dry, replay bool
	via         string
	rate        float64
}

func triggerResumeCommand(s streams) *cobra.Command {
	var o resuming
	cmd := &cobra.Command{
		Use:   "resume NAME… | --function NAME | --all",
		Short: "End a pause, and deliver what was held, in order",
		Long: example(
			"distaff trigger resume build-start-build-wanted --cluster --config prod.yaml --dry-run", "what would be delivered",
			"distaff trigger resume build-start-build-wanted --cluster --config prod.yaml", "from a machine that reaches the cluster's Services",
			"kubectl -n kourier-system port-forward svc/kourier-internal 8080:80 &\n  distaff trigger resume build-start-build-wanted --cluster --config prod.yaml --via localhost:8080", "from any other",
		) + `First the Trigger gets its true subscriber back, so that new events flow. Then
what is held at held/<trigger>/ in the bucket is delivered, one by one and oldest
first, to this subscriber alone: through the Broker all other Triggers would get it
a second time. What was taken (2xx) is removed; what is refused stays held and is
told; when the subscriber does not work the rest stays held, and the same command
goes on from there. A delivery that is broken off may come twice, as with any broker.

--replay=false only ends the pause. Without --cluster nothing is changed or
delivered: the patch for the manifests is written.

The exit code is 1 if events were refused, 75 if some are left.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := o.read(cmd.Context(), s)
			if err != nil {
				return err
			}
			triggers, err := o.from(w, args)
			if err != nil {
				return err
			}
			if o.rate <= 0 {
				return failed(exitUsage, "--rate is how many events a second are delivered: more than 0")
			}
			return o.run(cmd.Context(), s, w, triggers)
		},
	}
	o.triggersAt.flags(cmd)
	o.chosen.flags(cmd)
	o.place.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.dry, "dry-run", false, "tell what would be delivered, and change nothing")
	f.BoolVar(&o.replay, "replay", true, "deliver what was held")
	f.StringVar(&o.via, "via", "", "HOST:PORT of the cluster's gateway, or of a port-forward to it; the subscriber is named in the request")
	f.Float64Var(&o.rate, "rate", 5, "how many events a second are delivered at most")
	return cmd
}

func (o *resuming) run(ctx context.Context, s streams, w *wiring, triggers []manifest.Trigger) error {
	if w.client == nil {
		return w.each(s, triggers, func(t manifest.Trigger) error { return resumePatch(s, t) })
	}
	var store hold.Store
	if o.replay {
		bucket, err := o.open(ctx)
		if err != nil {
			return failed(exitTrouble, "%w; the held events are in its bucket: name it with --config FILE, or only end the pause with --replay=false", err)
		}
		defer bucket.close()
		store = bucket.files
	}
	return w.each(s, triggers, func(t manifest.Trigger) error {
		if err := o.putBack(ctx, s, w, t); err != nil || store == nil {
			return err
		}
		return o.deliver(ctx, s, w, t, store)
	})
}

// resumePatch writes what makes the manifest of a paused Trigger good again.
func resumePatch(s streams, t manifest.Trigger) error {
	if _, paused := hold.Paused(t); !paused {
		s.progress("%s is not paused in these manifests; the one of a cluster: --cluster", t.Name)
		return nil
	}
	to, err := hold.True(t)
	if err != nil {
		return err
	}
	return writePatch(s, hold.Patch(t.Name, nil, hold.Fields(t.Subscriber), hold.Fields(to)))
}

// putBack gives a Trigger its true subscriber, if it is paused.
func (o *resuming) putBack(ctx context.Context, s streams, w *wiring, t manifest.Trigger) error {
	if _, paused := hold.Paused(t); !paused {
		s.progress("%s is not paused", t.Name)
		return nil
	}
	if _, err := hold.True(t); err != nil {
		return err
	}
	var subscriber map[string]any
	if err := json.Unmarshal([]byte(t.Annotations[hold.Subscriber]), &subscriber); err != nil {
		return fmt.Errorf("read the annotation %s: %w", hold.Subscriber, err)
	}
	if err := w.change(ctx, t.Name, subscriber, nil, o.dry); err != nil {
		return err
	}
	s.progress("%s goes to %s again%s", t.Name, subscriberOf(t), wouldBe(o.dry))
	return nil
}

const (
	// readyWithin is how long Knative may take to find a subscriber.
	readyWithin = 30 * time.Second
	lookEvery   = 500 * time.Millisecond
	// attemptMost is how long one delivery may take where the Trigger does not
	// say: a function's time, and a cold start.
	attemptMost = fn.Deadline + 15*time.Second
	replayTries = 5
)

// address waits until Knative has found the address of the subscriber.
func (w *wiring) address(ctx context.Context, name string) (string, error) {
	for began := time.Now(); ; {
		object, err := w.client.Get(ctx, cluster.Triggers, name)
		if err != nil {
			return "", err
		}
		l := liveOf(object)
		if l.current && l.Ready == "True" && l.Subscriber != "" {
			return l.Subscriber, nil
		}
		if time.Since(began) > readyWithin {
			return "", failed(exitAgain, "the cluster does not make it ready (%s); what is held stays held, run the same again later", l.words())
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

func (o *resuming) deliver(ctx context.Context, s streams, w *wiring, t manifest.Trigger, store hold.Store) error {
	if o.dry {
		return listHeld(ctx, s, t.Name, store)
	}
	if first, err := hold.Events(ctx, store, t.Name, "", 1); err != nil || len(first) == 0 {
		if err == nil {
			s.progress("%s: nothing is held", t.Name)
		}
		return err
	}
	to, err := w.address(ctx, t.Name)
	if err != nil {
		return err
	}
	replay := hold.Replay{
		Store: store, To: broker.HTTP{URL: to, Client: through(o.via)},
		Every: time.Duration(float64(time.Second) / o.rate), Attempt: attemptMost, Tries: replayTries,
		Tell: func(out hold.Outcome) { tellOutcome(s, out) },
	}
	if d := w.delivery(t); d.Timeout > 0 {
		replay.Attempt = d.Timeout
	}
	count, err := replay.Run(ctx, t.Name)
	s.progress("%s: %d delivered, %d refused", t.Name, count.Delivered, count.Refused)
	switch {
	case errors.Is(err, hold.ErrBroken):
		return failed(exitAgain, "%w; the rest stays held: mend it, then run the same again (distaff trigger show %s --cluster)", err, t.Name)
	case err != nil:
		return err
	case count.Refused > 0:
		return failed(exitFailed, "%s refused: they stay at %s in the bucket", counted(count.Refused, "event was", "events were"), hold.Prefix(t.Name))
	}
	return nil
}

func tellOutcome(s streams, out hold.Outcome) {
	word := "delivered"
	switch {
	case out.Refused != "":
		word = "REFUSED " + out.Refused
	case out.Answer != "":
		word = "delivered; it answered with a " + out.Answer + ", which nobody gets"
	}
	_, _ = fmt.Fprintf(s.out, "%s  %s  %s  %s\n", stamp(out.Event.Time()), out.Event.Type(), out.Event.ID(), word)
}

// listHeld tells what would be delivered.
func listHeld(ctx context.Context, s streams, trigger string, store hold.Store) error {
	n := 0
	for after := ""; ; {
		held, err := hold.Events(ctx, store, trigger, after, 100)
		if err != nil {
			return err
		}
		if len(held) == 0 {
			s.progress("%s: %s would be delivered", trigger, counted(n, "event", "events"))
			return nil
		}
		for _, h := range held {
			n, after = n+1, h.Key
			if h.Problem != "" {
				_, _ = fmt.Fprintf(s.out, "%s  cannot be read: %s\n", h.Key, h.Problem)
				continue
			}
			_, _ = fmt.Fprintf(s.out, "%s  %s  %s  held\n", stamp(h.Event.Time()), h.Event.Type(), h.Event.ID())
		}
	}
}

// through makes a client that reaches every address by way of a gateway, which
// tells the Services apart by the name in the request. Without one it goes
// straight there.
func through(gateway string) *http.Client {
	client := broker.NewHTTPClient()
	if gateway == "" {
		return client
	}
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		return client
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	transport.Proxy = nil
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, gateway)
	}
	return client
}
