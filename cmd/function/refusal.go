package main

import (
	"fmt"
	"net/http"
	"strconv"
)

// refusal is the status of an event that can never be dealt with (400, 413, 415,
// 422), in the place of the right one; 0: the right one.
//
// It is for Knative's broker for RabbitMQ, which takes every status it does not
// repeat for success and drops the event (eventing-rabbitmq v0.48.0,
// pkg/dispatcher, getStatus; tests/knative saw it). What it repeats in vain
// comes to the dead letters.
func refusal(env func(string) (string, bool)) (int, error) {
	text, _ := env("DISTAFF_REFUSE_WITH")
	if text == "" {
		return 0, nil
	}
	code, err := strconv.Atoi(text)
	if err != nil || code < http.StatusInternalServerError || code > 599 {
		return 0, fmt.Errorf("DISTAFF_REFUSE_WITH: %.20q is no status from 500 to 599", text)
	}
	return code, nil
}
