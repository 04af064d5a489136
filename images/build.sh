#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the images that are out of date. Each carries a hash of everything it is made of, so an unchanged one
# costs a look. An image somebody else made under one of our tags (no such label) is left alone.
# usage: images/build.sh [base|desktop|test-rfb|test-web|all]... [--if-missing]
#   --if-missing   an image that is there is good enough, whatever its age
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../tools/lib/common.sh"

readonly images="$BERTH_ROOT/images"
readonly label=io.berth.build.hash
if_missing=0
wanted=()

for word in "$@"; do
    case "$word" in
    base | desktop | test-rfb | test-web) wanted+=("$word") ;;
    all) wanted+=(desktop test-rfb test-web) ;;
    --if-missing) if_missing=1 ;;
    *) fail "unknown word '$word'; usage: images/build.sh [base|desktop|test-rfb|test-web|all]... [--if-missing]" ;;
    esac
done
[ "${#wanted[@]}" -gt 0 ] || wanted=(desktop test-rfb test-web)

# Over names, modes and contents; in a fixed order on every machine.
hash_of() {
    (
        cd "$images"
        find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum --
        find "$@" -type f -perm -u+x -print | LC_ALL=C sort
    ) | sha256sum | cut -c1-24
}

# Prints "missing", "foreign", or the hash the image was built from.
state_of() {
    local found
    found="$(docker image inspect --format "{{with .Config.Labels}}{{index . \"$label\"}}{{end}}" "$1" 2>/dev/null)" || {
        echo missing
        return
    }
    echo "${found:-foreign}"
}

# up_to_date TAG HASH
up_to_date() {
    local state
    state="$(state_of "$1")"
    case "$state" in
    missing) return 1 ;;
    foreign)
        note "$1 was not made by this script: left alone"
        return 0
        ;;
    "$2") return 0 ;;
    *) [ "$if_missing" -eq 1 ] ;;
    esac
}

# The classic builder: the only one in Debian's docker.io. The host's network, because a build container on a
# bridge would need name resolution that not every site offers there.
docker_build() {
    local tag="$1" hash="$2" context="$3" log="$4"
    DOCKER_BUILDKIT=0 docker build --network host --force-rm --label "$label=$hash" -t "$tag" "$context" >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        fail "building $tag failed"
    }
}

make_base() {
    local hash
    hash="$(hash_of base)"
    up_to_date berth/base:bookworm "$hash" && return
    say "building berth/base:bookworm"
    "$images/base/build.sh" berth/base:bookworm "$hash"
}

make_desktop() {
    local hash
    hash="$(hash_of base desktop)"
    up_to_date berth/desktop:latest "$hash" && return
    make_base
    say "building berth/desktop:latest (a few minutes the first time)"
    docker_build berth/desktop:latest "$hash" "$images/desktop" "$work/desktop.log"
}

# make_test NAME: one static program in an otherwise empty image.
make_test() {
    local name="$1" hash context
    hash="$(hash_of "$name")"
    up_to_date "berth/$name:latest" "$hash" && return
    have g++ || fail "building berth/$name needs g++"
    say "building berth/$name:latest"
    context="$work/$name"
    mkdir -p "$context/root/tmp" "$context/root/run/berth"
    local sources=("$images/$name"/*.cpp)
    g++ -std=c++20 -O2 -Wall -Wextra -static -pthread -s -o "$context/root/${name#test-}" "${sources[@]}"
    chmod 1777 "$context/root/tmp"
    chmod 0700 "$context/root/run/berth"
    # A tar keeps owners and modes, which COPY in the classic builder does not for directories.
    tar -C "$context/root" --sort=name --owner=0 --group=0 --exclude=./run/berth -cf "$context/root.tar" .
    tar -C "$context/root" --owner=1000 --group=1000 -rf "$context/root.tar" ./run/berth
    rm -rf "$context/root"
    cp "$images/$name/Dockerfile" "$context/"
    docker_build "berth/$name:latest" "$hash" "$context" "$work/$name.log"
}

have docker || fail "docker is not installed"
docker version >/dev/null 2>&1 || fail "no Docker engine answers: $(docker version 2>&1 | tail -n 1)"

# Two builders at once would build the same image twice; the lock goes with the process.
exec 9<"${BASH_SOURCE[0]}"
flock 9
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

for image in "${wanted[@]}"; do
    case "$image" in
    base) make_base ;;
    desktop) make_desktop ;;
    *) make_test "$image" ;;
    esac
done
