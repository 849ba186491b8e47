package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/odcs/client"
)

func composeRenewCommand(s streams) *cobra.Command {
	var at composePlace
	var follow following
	var lifetime time.Duration
	var sigkeys, builds, modules []string
	var label string
	cmd := &cobra.Command{
		Use:   "renew COMPOSE",
		Short: "Keep a compose longer, or make it again",
		Long: example(
			"distaff compose renew 12 --lifetime 48h", "keep it at least that long from now",
			"distaff compose renew 12 --sigkey a15b79cc --wait", "the same packages, signed by another key",
		) + `One that is done is kept, under the same number. One that failed or is removed, or
that is to be signed, built or labelled otherwise, is made again from exactly the
same packages, under a new number; if Koji has some of them no more, they are named.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := follow.check(); err != nil {
				return err
			}
			id, err := composeID(args[0])
			if err != nil {
				return err
			}
			body, err := renewal(lifetime, sigkeys, builds, modules, label)
			if err != nil {
				return err
			}
			api, err := at.writer(cmd)
			if err != nil {
				return err
			}
			is, err := api.Renew(cmd.Context(), id, body, rand.Text())
			if client.Refused(err, 404) {
				return unrenewable(cmd, api, id)
			}
			if err != nil {
				return told(cmd.Context(), fmt.Sprintf("renew compose %d", id), err)
			}
			if is.ID != id {
				s.progress("Compose %d is made again from the same packages, as compose %d.", id, is.ID)
				return follow.created(cmd, s, &at, is, api)
			}
			switch {
			case follow.as == "json":
				return s.composeJSON(is)
			case follow.quiet:
				_, _ = fmt.Fprintln(s.out, is.ID)
			default:
				_, _ = fmt.Fprintf(s.out, "%d  %s\n", is.ID, plain(addressOf(is)))
				s.progress("Compose %d is kept until %s UTC (%s).", is.ID, stamp(is.Expires), until(is.Expires, time.Now()))
			}
			return nil
		},
	}
	at.flags(cmd)
	follow.flags(cmd)
	f := cmd.Flags()
	f.DurationVar(&lifetime, "lifetime", 0, "how long from now it is to be kept at least, such as 48h (default: the server's)")
	f.StringSliceVar(&sigkeys, "sigkey", nil, "ids of signing keys in order of preference; none: unsigned will do")
	f.StringSliceVar(&builds, "builds", nil, "NVRs of builds in place of those it was asked for with")
	f.StringSliceVar(&modules, "modules", nil, "modules in place of those it was asked for with")
	f.StringVar(&label, "label", "", "another label")
	return cmd
}

// renewal writes the body of a PATCH; nil: nothing is wished for.
func renewal(lifetime time.Duration, sigkeys, builds, modules []string, label string) ([]byte, error) {
	if lifetime < 0 || lifetime%time.Second != 0 {
		return nil, failed(exitUsage, "--lifetime %s: write whole seconds, such as 48h", lifetime)
	}
	body, source := map[string]any{}, map[string]any{}
	put(source, "builds", builds)
	put(source, "modules", modules)
	put(body, "sigkeys", unsigned(sigkeys))
	if len(source) > 0 {
		body["source"] = source
	}
	if label != "" {
		body["label"] = label
	}
	if lifetime > 0 {
		body["seconds_to_live"] = int64(lifetime / time.Second)
	}
	if len(body) == 0 {
		return nil, nil
	}
	return json.Marshal(body)
}

// unrenewable tells why a compose cannot be renewed: the API gives one answer
// for those that are not there and those that are not over.
func unrenewable(cmd *cobra.Command, api *client.Client, id int64) error {
	is, err := api.Get(cmd.Context(), id)
	if err == nil && !is.Over() {
		return failed(exitAgain, "compose %d is not made yet, and cannot be renewed before: distaff compose wait %d", id, id)
	}
	return missingCompose(cmd.Context(), apiComposes{api}, id)
}

func composeDeleteCommand(s streams) *cobra.Command {
	var at composePlace
	cmd := &cobra.Command{
		Use:     "delete COMPOSE…",
		Aliases: []string{"cancel"},
		Short:   "Cancel a compose that is being made, or remove one that is there",
		Long: example(
			"distaff compose delete 12", "cancel it, or remove it",
		) + `Its owner cancels a compose that waits or is being made. Only admins of the server
remove one that is done; others let it expire. Files that other composes share stay.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := at.writer(cmd)
			if err != nil {
				return err
			}
			for _, text := range args {
				id, err := composeID(text)
				if err != nil {
					return err
				}
				answer, err := api.Delete(cmd.Context(), id)
				if client.Refused(err, 404) {
					return missingCompose(cmd.Context(), apiComposes{api}, id)
				}
				if client.Refused(err, 400) {
					return failed(exitNothing, "delete compose %d: %w", id, err)
				}
				if err != nil {
					return told(cmd.Context(), fmt.Sprintf("delete compose %d", id), err)
				}
				_, _ = fmt.Fprintf(s.out, "%d  %s\n", id, plain(answer))
			}
			return nil
		},
	}
	at.flags(cmd)
	return cmd
}
