package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/rabbitmq/amqp091-go"
	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/wire"
)

func eventCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "event",
		Short: "Send events to a distaff that runs here",
		Long: example(
			"distaff event send message.json", "say a recorded message on the bus again",
			`distaff event send --type dev.knative.sources.ping --data '{}' --attr tick=minute`, "let a timer tick",
		) + "To find out what became of an event, use `distaff why`.",
	}
	cmd.AddCommand(eventSendCommand(s))
	return cmd
}

// sending is what `event send` was told.
type sending struct {
	place
	dryRun            bool
	kind, data        string
	subject, id, from string
	attributes        map[string]string
}

func eventSendCommand(s streams) *cobra.Command {
	var o sending
	cmd := &cobra.Command{
		Use:   "send [FILE]",
		Short: "Send an event to the broker, or a recorded message to the bus",
		Long: example(
			"distaff event send event.json", "a CloudEvent as JSON goes to the broker",
			"distaff event send message.json", "a message of Fedora Messaging goes to the bus",
		) + `A message is taken in any form it is recorded in: by fedora-messaging, by
datagrepper, by fedmsg, or as the body with its topic. It keeps its id, so that
saying it twice has no second effect. "-" reads from the standard input. The id
is written to the standard output.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, message, err := o.read(s, args)
			if err != nil {
				return err
			}
			if o.dryRun {
				if message != nil {
					return writeJSON(s.out, map[string]any{"id": message.ID, "topic": message.Topic, "headers": message.Headers, "body": message.Body})
				}
				return writeJSON(s.out, e)
			}
			if message != nil {
				return o.say(cmd.Context(), s, *message)
			}
			return o.post(cmd.Context(), s, *e)
		},
	}
	cmd.Flags().StringVar(&o.state, "state", ".state", "the directory of a distaff that runs here")
	cmd.Flags().StringVar(&o.kind, "type", "", "the type of the event")
	cmd.Flags().StringVar(&o.data, "data", "", "its data, as JSON")
	cmd.Flags().StringVar(&o.subject, "subject", "", "its subject: fedora/rpms/bash#12")
	cmd.Flags().StringVar(&o.id, "id", "", "its id (default: a new one)")
	cmd.Flags().StringVar(&o.from, "source", "/distaff-cli", "its source")
	cmd.Flags().StringToStringVar(&o.attributes, "attr", nil, "further attributes: forge=fedora")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "write what would be sent, and send nothing")
	return cmd
}

// read gives the event or the message that is to be sent.
func (o *sending) read(s streams, args []string) (*cloudevents.Event, *fedmsg.Message, error) {
	switch {
	case len(args) == 1 && o.kind != "":
		return nil, nil, failed(exitUsage, "a file and --type exclude each other: the file has the type in it")
	case len(args) == 1:
		return o.file(s, args[0])
	case o.kind == "":
		return nil, nil, failed(exitUsage, "name a file to send, or the event's --type and --data")
	}
	e, err := o.event()
	return e, nil, err
}

func (o *sending) file(s streams, name string) (*cloudevents.Event, *fedmsg.Message, error) {
	in := s.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, failed(exitTrouble, "read the event: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, 2*fedmsg.MaxBody))
	if err != nil {
		return nil, nil, failed(exitTrouble, "read the event: %w", err)
	}
	var form struct {
		Version string `json:"specversion"`
	}
	if err := json.Unmarshal(raw, &form); err != nil {
		return nil, nil, failed(exitUsage, "%s is not one JSON object: %w", name, err)
	}
	if form.Version == "" {
		message, err := fedmsg.DecodeAny(raw)
		if err != nil {
			return nil, nil, failed(exitUsage, "%s is neither a CloudEvent (it has no specversion) nor a message of the bus: %w", name, err)
		}
		return nil, &message, nil
	}
	e := new(cloudevents.Event)
	if err := json.Unmarshal(raw, e); err != nil {
		return nil, nil, failed(exitUsage, "%s is no CloudEvent: %w", name, err)
	}
	return e, nil, nil
}

func (o *sending) event() (*cloudevents.Event, error) {
	if o.data != "" && !json.Valid([]byte(o.data)) {
		return nil, failed(exitUsage, "--data is not JSON; quote it for the shell: --data '{\"forge\": \"local\"}'")
	}
	e := cloudevents.New(cloudevents.CloudEventsVersionV1)
	e.SetID(o.id)
	if o.id == "" {
		e.SetID(rand.Text())
	}
	e.SetSource(o.from)
	e.SetType(o.kind)
	e.SetSubject(o.subject)
	e.SetTime(time.Now().UTC())
	for _, name := range slices.Sorted(maps.Keys(o.attributes)) {
		e.SetExtension(name, o.attributes[name])
	}
	if o.data != "" {
		if err := e.SetData("application/json", json.RawMessage(o.data)); err != nil {
			return nil, failed(exitUsage, "--data: %w", err)
		}
	}
	if err := e.Validate(); err != nil {
		return nil, failed(exitUsage, "this makes no event: %w", err)
	}
	return &e, nil
}

// post gives an event to the broker.
func (o *sending) post(ctx context.Context, s streams, e cloudevents.Event) error {
	at, err := o.addresses()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return failed(exitUsage, "write the event: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.Events(), bytes.NewReader(raw))
	if err != nil {
		return failed(exitTrouble, "send the event: %w", err)
	}
	req.Header.Set("Content-Type", cloudevents.ApplicationCloudEventsJSON)
	if !answers(ctx, at.Distaff) {
		return o.notRunning(at.Distaff)
	}
	if _, err := (&wire.Client{System: "the broker"}).Do(req); err != nil {
		return failed(exitTrouble, "send the event: %w", err)
	}
	s.progress("The broker has it; `distaff why` tells what becomes of it.")
	_, err = fmt.Fprintln(s.out, e.ID())
	return err
}

func (o *sending) addresses() (world.Addresses, error) {
	at, err := world.ReadAddresses(o.state)
	if err != nil {
		return at, failed(exitTrouble, "nothing of distaff is in %s: run `distaff dev` first, or say where it is with --state DIR", o.state)
	}
	return at, nil
}

// say publishes a message on the bus, and waits until the bus has it.
func (o *sending) say(ctx context.Context, s streams, m fedmsg.Message) error {
	cfg, err := o.config()
	if err != nil {
		return err
	}
	if !answers(ctx, cfg.Bus.URL) {
		return o.notRunning(cfg.Bus.URL)
	}
	secrets := config.NewSecrets(os.LookupEnv, os.ReadFile)
	address := cfg.Bus.Address(secrets.Need(cfg.Bus.Password))
	if err := secrets.Err(); err != nil {
		return failed(exitTrouble, "%w", err)
	}
	if err := publish(ctx, address, m); err != nil {
		return failed(exitTrouble, "say %s on the bus: %w", m.Topic, err)
	}
	s.progress("The bus has it; it is heard at the next tick.")
	_, err = fmt.Fprintln(s.out, m.ID)
	return err
}

func publish(ctx context.Context, address string, m fedmsg.Message) error {
	conn, err := amqp091.Dial(address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	if err := channel.Confirm(false); err != nil {
		return err
	}
	headers, _ := field(m.Headers).(amqp091.Table)
	confirmed, err := channel.PublishWithDeferredConfirmWithContext(ctx, "amq.topic", m.Topic, false, false, amqp091.Publishing{
		ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: amqp091.Persistent,
		MessageId: m.ID, Headers: headers, Body: m.Body,
	})
	if err != nil {
		return err
	}
	if ok, err := confirmed.WaitContext(ctx); err != nil || !ok {
		return errors.Join(err, errors.New("the bus did not take it"))
	}
	return nil
}

// field gives a header's value as AMQP has it: objects are tables there.
func field(value any) any {
	switch v := value.(type) {
	case map[string]any:
		t := amqp091.Table{}
		for name, inner := range v {
			t[name] = field(inner)
		}
		return t
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = field(inner)
		}
		return list
	}
	return value
}
