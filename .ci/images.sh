#!/usr/bin/env bash
# The images, for real: builds this commit in two directories, pushes to a
# registry of Debian (docker-registry) on loopback, compares the digests, pulls,
# and runs what was pulled. Debian as root.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v docker-registry >/dev/null; then
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	# The package would start a registry of its own on all addresses: it may not.
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
		chmod +x /usr/sbin/policy-rc.d
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	fi
	apt-get install -y -qq --no-install-recommends docker-registry >/dev/null
	rm -f /usr/sbin/policy-rc.d
	trap - EXIT
fi

port=${CI_REGISTRY_PORT:-5072}
work=$(mktemp -d)
cat >"$work/config.yml" <<CONFIG
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/data}}
http: {addr: 127.0.0.1:$port}
CONFIG
docker-registry serve "$work/config.yml" >"$work/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true; rm -rf "$work"' EXIT
for ((tries = 60; tries > 0; tries--)); do
	if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
	kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
	sleep 0.5
done

# To one repository: ko writes the address of the base into the image.
commit=$(git rev-parse HEAD)
for time in one another; do
	git clone -q . "$work/$time"
	git -C "$work/$time" checkout -q "$commit"
	REGISTRY=127.0.0.1:$port/distaff VERSION=ci OUT=$work/out-$time "$work/$time/infra/images/build.sh" >"$work/$time.log" 2>&1 ||
		{ cat "$work/$time.log" >&2; exit 1; }
done
diff -u "$work/out-one/release.json" "$work/out-another/release.json" ||
	{ echo "the same commit gave other images in another directory" >&2; exit 1; }
echo "two builds of one commit are the same, to the byte:"
cat "$work/out-one/release.json"

go build -C infra/images/build -buildvcs=false -o "$work/build" .
digest() { sed -nE "/\"name\": \"$1\"/,/\"digest\"/s/.*\"digest\": \"(.*)\".*/\1/p" "$work/out-one/images.json"; }
mkdir "$work/function" "$work/rpm" "$work/solver"
"$work/build" unpack "127.0.0.1:$port/distaff/function@$(digest function)" linux/amd64 "$work/function"
"$work/build" unpack "127.0.0.1:$port/distaff/base-rpm@$(digest base-rpm)" linux/amd64 "$work/rpm"
"$work/build" unpack "127.0.0.1:$port/distaff/function-solver@$(digest function-solver)" linux/amd64 "$work/solver"
chmod 0755 "$work"
DISTAFF_IMAGE=$work/function go test -count=1 -v -tags image ./infra/images/smoke
mkdir "$work/rpm/tmp/repository"
chown 65532 "$work/rpm/tmp/repository"
chroot --userspec=65532:65532 "$work/rpm" /usr/bin/createrepo_c -q /tmp/repository
chroot --userspec=65532:65532 "$work/rpm" /usr/bin/rpm --version
test -s "$work/rpm/tmp/repository/repodata/repomd.xml"
# As shared/solve asks: the Python that is found there, with the bindings.
test -x "$work/solver/ko-app/function"
chroot --userspec=65532:65532 "$work/solver" /usr/bin/python3 -I -c 'import hawkey; print("hawkey", hawkey.VERSION)'
