#!/usr/bin/env bash
# The func command line builds and runs a fresh clone, which deals with an event.
# It is FUNC, func in the PATH, or the one this script built before:
#
#   .ci/func.sh            the test; says so where there is no func
#   .ci/func.sh install    builds func first (some minutes of processor time, once)
set -euo pipefail
cd "$(dirname "$0")/.."

version=v0.49.2
cached=${CI_CACHE:-$HOME/.cache/distaff-ci}/bin/func-$version

# go install refuses func: its module replaces another. So it is built in a copy.
if [ "${1:-}" = install ] && [ ! -x "$cached" ]; then
	source=$(mktemp -d)
	trap 'rm -rf "$source"' EXIT
	dir=$(cd "$source" && go mod download -json "knative.dev/func@$version" | sed -nE 's/^\s*"Dir": "(.*)",/\1/p')
	cp -r "$dir" "$source/func"
	chmod -R u+w "$source/func"
	mkdir -p "${cached%/*}"
	(cd "$source/func" && nice -n 10 go build -trimpath -ldflags "-s -w -X knative.dev/func/pkg/version.Vers=$version" -o "$cached" ./cmd/func)
	rm -rf "$source"
	trap - EXIT
fi

func=${FUNC:-$(command -v func || echo "$cached")}
if [ ! -x "$func" ]; then
	echo "NOT RUN: there is no func here. To build it: .ci/func.sh install"
	exit 0
fi
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
git clone -q . "$work/clone"
# The host builder does not read buildEnvs of func.yaml (0.49.2).
export GOFLAGS=-mod=mod
(cd "$work/clone" && "$func" build --builder host --registry localhost:5000/distaff)
find "$work/clone/.func" -name index.json | grep -q . || { echo "func built no image" >&2; exit 1; }
unset GOFLAGS
DISTAFF_FUNC=$func DISTAFF_CLONE=$work/clone go test -count=1 -v -tags funccli ./infra/images/smoke
