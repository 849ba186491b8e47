#!/usr/bin/env bash
# Writes static.lock, rpm.lock and solver.lock anew: which files of Debian the bases are made
# of, for each architecture, with their checksums. Run it on any Debian when there
# is a security update to take, look at the difference, commit it.
#
# apt works in a folder of its own, with no package installed: so it names all
# that is needed, for architectures this machine does not have as well.
set -euo pipefail
cd "$(dirname "$0")"

suite=bookworm
mirror=${DEBIAN_MIRROR:-http://deb.debian.org}
arches=(amd64 arm64)
static=(base-files ca-certificates tzdata)
rpm=("${static[@]}" rpm rpm2cpio createrepo-c)
# What package shared/solve runs: Python with libdnf's bindings, without dnf.
solver=("${static[@]}" python3-hawkey)
# Named for maintainer scripts, and for rpmbuild, which belongs to Koji's builders.
unneeded='openssl|debconf|dpkg|debugedit|mawk|libgdbm.*|perl.*|libperl.*'

# Named for programs that librepo could check signatures with, and for accounts
# and services: the solver reads what is in a folder, as a user that is there.
besides='adduser|dirmngr|gnupg.*|gpg.*|init-system-helpers|lsb-base|sysvinit-utils|passwd|pinentry-curses|usrmerge|tar'
besides+='|libpam.*|libsemanage.*|libksba8|libnpth0|libfile-find-rule-perl|libnumber-compare-perl|libtext-glob-perl'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/cache/archives/partial" "$work/etc/preferences.d"
cat >"$work/sources.list" <<LIST
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror/debian $suite main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror/debian $suite-updates main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror/debian-security $suite-security main
LIST
touch "$work/status"

# apt ARCH ARGUMENTS… is apt-get of a machine with nothing on it.
apt() {
	local arch=$1
	shift
	mkdir -p "$work/lists/$arch/partial"
	apt-get -qq -o Dir::Etc="$work/etc" -o Dir::Etc::sourcelist="$work/sources.list" \
		-o Dir::State="$work" -o Dir::State::lists="$work/lists/$arch" -o Dir::State::status="$work/status" \
		-o Dir::Cache="$work/cache" -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
		-o APT::Install-Recommends=false -o Acquire::ForceHash=sha256 -o Acquire::Languages=none \
		-o APT::Sandbox::User=root -o Debug::NoLocking=true "$@"
}

for arch in "${arches[@]}"; do apt "$arch" update; done
# lock NAME UNNEEDED PACKAGES… writes a lock.
lock() {
	local name=$1 leave=$2
	shift 2
	echo "# What the base \"$name\" is made of, by lock.sh: architecture, package, version, SHA-256, address."
	for arch in "${arches[@]}"; do
		apt "$arch" --print-uris install "$@" |
			sed -nE "s/^'([^']*)' ([^ ]*)_([^_ ]*)_[^ ]* [0-9]+ SHA256:([0-9a-f]{64})\$/$arch \2 \3 \4 \1/p" |
			sed 's/%3a/:/' | awk -v leave="^($leave)\$" '$2 !~ leave' | LC_ALL=C sort
	done
}
lock rpm "$unneeded" "${rpm[@]}" >"$work/rpm.lock"
lock solver "$unneeded|$besides" "${solver[@]}" >"$work/solver.lock"
# No program is in the static base, so nothing a program needs is either.
keep=$(printf '|%s' "${static[@]}")
awk -v keep="^(${keep:1})\$" '/^#/ { sub("rpm", "static") } /^#/ || $2 ~ keep' "$work/rpm.lock" >"$work/static.lock"
mv "$work/rpm.lock" "$work/solver.lock" "$work/static.lock" .
wc -l ./*.lock
