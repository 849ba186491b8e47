#!/usr/bin/env bash
# distaff on the real Knative Eventing: see tests/knative/README.md. The first
# time the control plane is built from its Go modules, some ten minutes.
#
#   .ci/knative.sh [GO TEST ARGUMENTS]
#   .ci/knative.sh -rabbit             with RabbitMQ, which has to be installed
set -euo pipefail
cd "$(dirname "$0")/../tests/knative"
export GOWORK=off
go vet ./...
# The package first: what follows may be flags of the tests' own.
exec go test -count=1 -timeout 30m . "$@"
