package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/distaff-project/distaff/infra/local/world"
)

// keyFiles are where the world's keys are in a container, below /secrets: as the
// Services mount them.
func keyFiles() map[string]string {
	return map[string]string{
		"bucket-access": "bucket/access-key", "bucket-secret": "bucket/secret-key", "forge": "forge/pagure-token", "forge-webhook": "forge-webhook/pagure-keys",
		"koji": "koji/password", "testing-farm": "testing-farm/token", "bus": "fedora-messaging/password", "hooks": "hooks/key",
	}
}

// overlay writes the world's configuration as an overlay has it: the keys are
// where the Secrets are mounted, and the hooks are reached through the gateway.
func overlay(dir, own string) (string, error) {
	raw, err := os.ReadFile(world.ConfigFile(filepath.Join(dir, "world")))
	if err != nil {
		return "", err
	}
	text := strings.ReplaceAll(string(raw), own, "http://"+gatewayAt+"/distaff-dev")
	for key, place := range keyFiles() {
		text = strings.ReplaceAll(text, ": keys/"+key+"\n", ": /secrets/"+place+"\n")
		text = strings.ReplaceAll(text, ": keys/"+key+"}", ": /secrets/"+place+"}")
	}
	file := filepath.Join(dir, "distaff.yaml")
	return file, os.WriteFile(file, []byte(text), 0o600)
}
