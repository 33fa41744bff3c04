#!/bin/sh
# For the image's build: uses Debian's packages of one day, `debian-snapshot 20251110T000000Z`; without a day, today's.
set -eu
day=${1:-}
# The base image removes archives after each run, but the cache mount must keep them.
rm -f /etc/apt/apt.conf.d/docker-clean
[ -n "$day" ] || exit 0
. /etc/os-release
rm -f /etc/apt/sources.list
cat >/etc/apt/sources.list.d/debian.sources <<SOURCES
Types: deb
URIs: http://snapshot.debian.org/archive/debian/$day
Suites: $VERSION_CODENAME $VERSION_CODENAME-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
Check-Valid-Until: no

Types: deb
URIs: http://snapshot.debian.org/archive/debian-security/$day
Suites: $VERSION_CODENAME-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
Check-Valid-Until: no
SOURCES
