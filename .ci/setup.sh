#!/bin/sh
# Installs what builds and tests on this machine call, where it is missing:
# git, gcc, make, unzip, rpmbuild, pkg-config, dnf, createrepo_c and rpmlint.
# Debian, Ubuntu and Fedora, as root or with sudo. Says nothing where nothing is
# to do.
#
# pkg-config is what rpmbuild finds pkgconfig(...) provides with. Fedora's
# rpm-build brings it, Debian's rpm does not, and without it a -devel package
# that is good has a fault.
set -eu

missing=
for program in git gcc make patch unzip rpmbuild pkg-config dnf createrepo_c rpmlint; do
	command -v "$program" >/dev/null || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

# packages gives the packages the missing programs come in.
packages() {
	for program in $missing; do
		case $program in
		rpmbuild) echo "$1" ;;
		createrepo_c) echo "$2" ;;
		gcc) echo "gcc $3" ;;
		pkg-config) echo "$4" ;;
		*) echo "$program" ;;
		esac
	done
}

cannot() {
	echo "These programs are missing:$missing." >&2
	echo "$1" >&2
	exit 1
}

if [ "$(id -u)" = 0 ]; then
	root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	root='sudo -n'
else
	cannot 'Install them as root, or let this user use sudo without a password, and try again.'
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Installing what is missing:$missing (once)" >&2
if command -v apt-get >/dev/null; then
	{
		$root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
			$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				$(packages rpm createrepo-c libc6-dev pkg-config)
	} >"$log" 2>&1 || { tail -n 20 "$log" >&2; cannot 'apt-get could not install them; what it said is above.'; }
elif command -v dnf >/dev/null; then
	$root dnf -q -y install $(packages rpm-build createrepo_c glibc-devel pkgconf-pkg-config) >"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; cannot 'dnf could not install them; what it said is above.'; }
else
	cannot 'Neither apt-get nor dnf is here: install them in the way of this system, and try again.'
fi

for program in $missing; do
	command -v "$program" >/dev/null || cannot "$program is still missing after the installation."
done
