#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes berth/base:bookworm, from a registry where one answers, else with debootstrap.
# usage: images/base/build.sh TAG HASH        BERTH_BASE_FROM=registry|debootstrap forces one way.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib/common.sh"

readonly suite=bookworm
readonly upstream="debian:${suite}-slim"
tag="${1:?tag}"
hash="${2:?content hash}"
from="${BERTH_BASE_FROM:-any}"
work="$(mktemp -d)"
pull_pid=""

clean_up() {
    [ -z "$pull_pid" ] || kill "$pull_pid" 2>/dev/null || true
    # The tree belongs to root when debootstrap made it.
    [ ! -d "$work/root" ] || as_root rm -rf --one-file-system "$work/root"
    rm -rf "$work"
}
trap clean_up EXIT

# A registry that answers says "Pulling from" at once; one that does not must not cost minutes.
pull_upstream() {
    docker image inspect "$upstream" >/dev/null 2>&1 && return 0
    docker pull "$upstream" >"$work/pull.log" 2>&1 &
    pull_pid=$!
    local second
    for second in $(seq 1 300); do
        kill -0 "$pull_pid" 2>/dev/null || break
        if [ "$second" -gt 15 ] && ! grep -q 'Pulling from' "$work/pull.log"; then
            kill "$pull_pid" 2>/dev/null || true
            break
        fi
        sleep 1
    done
    kill "$pull_pid" 2>/dev/null || true
    local code=0
    wait "$pull_pid" || code=$?
    pull_pid=""
    return "$code"
}

from_registry() {
    printf 'FROM %s\nLABEL io.berth.build.hash=%s\n' "$upstream" "$hash" >"$work/Dockerfile"
    mkdir "$work/empty"
    DOCKER_BUILDKIT=0 docker build --quiet -f "$work/Dockerfile" -t "$tag" "$work/empty" >/dev/null
}

# The mirror this machine itself uses, so that a site's own mirror serves the image too.
configured_mirror() {
    local mirror
    mirror="$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        sed -nE -e 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p' \
            -e 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]].*/\2/p' |
        grep -E '/debian/?$' | head -n 1)" || true
    printf '%s\n' "${mirror:-http://deb.debian.org/debian}"
}

from_debootstrap() {
    have debootstrap || fail "no registry answers for $upstream and debootstrap is not installed"
    local mirror
    mirror="$(configured_mirror)"
    note "debootstrap $suite from $mirror"
    as_root debootstrap --variant=minbase --include=ca-certificates "$suite" "$work/root" "$mirror" \
        >"$work/debootstrap.log" 2>&1 || {
        tail -n 20 "$work/debootstrap.log" >&2
        fail "debootstrap failed"
    }
    as_root tee "$work/root/etc/apt/sources.list" >/dev/null <<LIST
deb $mirror $suite main
deb $mirror $suite-updates main
deb ${mirror%/debian*}/debian-security $suite-security main
LIST
    # The same diet as bookworm-slim: no documentation but the licences, also for what is added later.
    as_root tee "$work/root/etc/dpkg/dpkg.cfg.d/slim" >/dev/null <<'SLIM'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/lintian/*
SLIM
    as_root find "$work/root/usr/share/doc" -type f ! -name copyright -delete
    as_root rm -rf "$work/root/usr/share/man" "$work/root/usr/share/info"
    as_root mkdir -p "$work/root/usr/share/man/man1"
    # shellcheck disable=SC2016 # expanded by the inner shell
    as_root sh -c 'rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/cache/apt/*.bin \
        "$1"/var/lib/apt/lists/* "$1"/var/log/*.log "$1"/var/log/apt' clean "$work/root"
    as_root tar -C "$work/root" --numeric-owner --one-file-system -c . |
        docker import -c "LABEL io.berth.build.hash=$hash" -c 'CMD ["/bin/bash"]' \
            -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$tag" >/dev/null
}

case "$from" in
registry) pull_upstream || fail "no registry gives $upstream: $(tail -n 1 "$work/pull.log")"; from_registry ;;
debootstrap) from_debootstrap ;;
any)
    if pull_upstream; then
        from_registry
    else
        note "no registry gives $upstream, using debootstrap"
        from_debootstrap
    fi
    ;;
*) fail "BERTH_BASE_FROM is registry or debootstrap, not '$from'" ;;
esac
