#!/usr/bin/env bash
# Builds the images of the commit that is checked out, pushes them, and writes the
# release that lists them. No root, no daemon. See docs/images.md.
#
#   REGISTRY=HOST/PATH     where they go; a login is taken from docker's or podman's
#   VERSION=…              the release's name; unset: git describe
#   PLATFORMS=…            linux/amd64,linux/arm64
#   OUT=DIR                where release.json and images.json go (bin)
#   ATTEST_KEY=FILE        a key to sign the provenance with; unset: it is not signed
#   CI_CACHE=DIR           where tools and packages are kept (~/.cache/distaff-ci)
set -euo pipefail
cd "$(dirname "$0")/../.."

ko=v0.19.1

: "${REGISTRY:?say where the images go, as in make images REGISTRY=registry.example.org/distaff}"
platforms=${PLATFORMS:-linux/amd64,linux/arm64}
out=${OUT:-bin}
cache=${CI_CACHE:-$HOME/.cache/distaff-ci}

if [ -n "$(git status --porcelain)" ] && [ -z "${DIRTY:-}" ]; then
	echo "There are changes that are not committed: an image of them could not be told from one of the commit." >&2
	echo "Commit them, or say DIRTY=1." >&2
	exit 1
fi
commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH KO_DATA_DATE_EPOCH=$SOURCE_DATE_EPOCH
version=${VERSION:-$(git describe --tags --always)}

mkdir -p "$out" "$cache/bin"
if [ ! -x "$cache/bin/ko-$ko" ]; then
	GOBIN=$cache/bin go install "github.com/google/ko@$ko"
	mv "$cache/bin/ko" "$cache/bin/ko-$ko"
fi
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
(cd infra/images/build && go build -buildvcs=false -o "$build/build" .)

# base NAME pushes a base and gives its digest.
base() { "$build/build" base "$1" "infra/images/$1.lock" "$cache/debs" "$REGISTRY/base-$1:$version"; }

static=$(base static)
rpm=$(base rpm)
solver=$(base solver)

label=org.opencontainers.image
labels=(
	"$label.title=distaff" "$label.revision=$commit" "$label.version=$version"
	"$label.source=https://github.com/distaff-project/distaff" "$label.licenses=Apache-2.0"
	"$label.description=All functions of distaff; FUNCTION names those that run"
)

# program NAME BASE puts the program on a base, says what it was built of, and gives
# its digest.
program() {
	local refs=$build/$1.refs image
	KO_CONFIG_PATH=infra/images KO_DOCKER_REPO=$REGISTRY/$1 KO_DEFAULTBASEIMAGE=$2 \
		"$cache/bin/ko-$ko" build ./cmd/function --bare --platform "$platforms" --tags "$version" \
		--sbom spdx --image-refs "$refs" "${labels[@]/#/--image-label=}" "${labels[@]/#/--image-annotation=}" >/dev/null
	image=$(head -n 1 "$refs")
	"$build/build" attest -commit "$commit" -base "$2" -go "$(go env GOVERSION)" -platforms "$platforms" \
		-gosum "$(sha256sum go.sum | cut -d' ' -f1)" ${ATTEST_KEY:+-key "$ATTEST_KEY"} "$image" >/dev/null
	echo "$image"
}

function=$(program function "$static")
with_solver=$(program function-solver "$solver")
[ -n "${ATTEST_KEY:-}" ] || echo "The provenance is not signed: there is no ATTEST_KEY." >&2

"$build/build" list "function=$function,$static" "function-solver=$with_solver,$solver" \
	"base-static=$static" "base-rpm=$rpm" "base-solver=$solver" >"$out/images.json"
go run -buildvcs=false ./cmd/distaff release make --version "$version" --commit "$commit" --time "$SOURCE_DATE_EPOCH" \
	--images "$out/images.json" --out "$out/release.json"
go run -buildvcs=false ./cmd/distaff release show "$out/release.json"
