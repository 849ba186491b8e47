#!/usr/bin/env bash
# The contract of the bucket against a real MinIO. It is built from the module
# proxy (some minutes, once), started on loopback, and ended with the tests.
#
#   .ci/minio.sh [GO TEST ARGUMENTS]
set -euo pipefail
cd "$(dirname "$0")/.."

version=v0.0.0-20260212201848-7aac2a2c5b7c # the last there is
tools=${CI_CACHE:-$HOME/.cache/distaff-ci}/bin
port=${CI_MINIO_PORT:-9817}
binary=$tools/minio-$version

if [ ! -x "$binary" ]; then
	GOBIN=$tools go install "github.com/minio/minio@$version"
	mv "$tools/minio" "$binary"
fi

data=$(mktemp -d)
export MINIO_ROOT_USER=distaff MINIO_ROOT_PASSWORD=distaff-test
"$binary" server --quiet --address "127.0.0.1:$port" --console-address "127.0.0.1:$((port + 1))" "$data" >"$data.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true; rm -rf "$data" "$data.log"' EXIT
for ((tries = 60; tries > 0; tries--)); do
	if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
	kill -0 "$server" 2>/dev/null || break
	sleep 0.5
done
kill -0 "$server" 2>/dev/null || { cat "$data.log" >&2; exit 1; }

export DISTAFF_MINIO_ENDPOINT="http://127.0.0.1:$port"
export DISTAFF_MINIO_ACCESS_KEY=$MINIO_ROOT_USER DISTAFF_MINIO_SECRET_KEY=$MINIO_ROOT_PASSWORD
go test -count=1 -tags minio "$@" ./shared/blob/... ./infra/bucket/... ./infra/deploy/...
