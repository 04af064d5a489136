# SPDX-License-Identifier: Apache-2.0
# Finds a Docker engine, or starts one on this machine. Sourced after common.sh.
# shellcheck shell=bash

readonly engine_dir="$BERTH_ROOT/var/engine"
readonly engine_wait_seconds=60

engine_answers() { timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# The local engine behind a group this user is not in (yet): the normal state right after docker.io was installed.
# Runs the calling script again with that group, for this process only; nothing is granted for good.
# use_engine_group SCRIPT ARGS...
use_engine_group() {
    local socket=/var/run/docker.sock group
    [ "$(id -u)" -ne 0 ] && [ -S "$socket" ] && [ ! -w "$socket" ] && [ -z "${DOCKER_HOST:-}" ] || return 0
    group="$(stat -c %G "$socket")"
    [ -z "${BERTH_REGROUPED:-}" ] || fail "no right to use $socket, not even in group $group"
    have sudo || fail "no right to use $socket: become a member of group $group, or install sudo"
    note "using $socket through its group $group"
    exec sudo -E -u "$(id -un)" -g "$group" env "PATH=$PATH" "HOME=$HOME" BERTH_REGROUPED=1 "$@"
}

# Where docker points when it does not point at this machine's default socket; empty otherwise.
engine_elsewhere() {
    local endpoint="${DOCKER_HOST:-}"
    [ -n "$endpoint" ] || endpoint="$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null)" || true
    case "$endpoint" in
    "" | unix:///var/run/docker.sock | unix:///run/docker.sock) ;;
    *) printf '%s\n' "$endpoint" ;;
    esac
}

# Returns when an engine answers (root at least), or fails with the reason.
ensure_engine() {
    have docker || fail "the docker client is not installed"
    engine_answers && return
    local elsewhere
    elsewhere="$(engine_elsewhere)"
    [ -z "$elsewhere" ] ||
        fail "the Docker engine at $elsewhere does not answer: $(timeout 10 docker version 2>&1 | tail -n 1)"
    # It may answer root only: then it is there, and use_engine_group is the caller's next step.
    if [ -S /var/run/docker.sock ] && as_root timeout 10 docker version >/dev/null 2>&1; then return; fi
    if [ -d /run/systemd/system ] && systemctl cat docker.service >/dev/null 2>&1; then
        say "starting the Docker engine (systemd)"
        as_root systemctl start docker || fail "systemd could not start docker.service; see: journalctl -u docker"
        as_root docker version >/dev/null 2>&1 || fail "docker.service was started but does not answer"
        return
    fi
    have dockerd || fail "no Docker engine answers and dockerd is not installed (package docker.io)"
    # A containerd left over from a killed engine makes the first start fail and the second succeed.
    start_dockerd || start_dockerd || {
        tail -n 15 "$engine_dir/dockerd.log" >&2 || true
        fail "the Docker engine did not start (limit $engine_wait_seconds s); full log: $engine_dir/dockerd.log"
    }
}

is_dockerd() { [ "$(cat "/proc/$1/comm" 2>/dev/null)" = dockerd ]; }

# A pid file whose number now belongs to something else would stop the new engine.
remove_stale_engine_files() {
    local file pid
    for file in /var/run/docker.pid "$engine_dir/dockerd.pid"; do
        [ -e "$file" ] || continue
        pid="$(as_root cat "$file" 2>/dev/null || true)"
        if [ -z "$pid" ] || ! is_dockerd "$pid"; then as_root rm -f "$file"; fi
    done
    # dockerd trusts a containerd socket that exists, whether or not anybody listens behind it.
    local socket=/run/containerd/containerd.sock
    if [ -S "$socket" ] && [ -z "$(ss -xlH src "$socket" 2>/dev/null)" ]; then as_root rm -f "$socket"; fi
}

start_dockerd() {
    mkdir -p "$engine_dir"
    remove_stale_engine_files
    say "starting a Docker engine (log: $engine_dir/dockerd.log)"
    # Its own session and no terminal: Ctrl-C in ./run ends Berth, not the engine with everybody's desktops.
    # shellcheck disable=SC2016 # expanded by the inner shell
    as_root setsid sh -c 'exec dockerd --pidfile "$1" --group "$2" </dev/null >"$3" 2>&1 &' \
        start-dockerd "$engine_dir/dockerd.pid" "$(id -g)" "$engine_dir/dockerd.log"
    local waited pid
    for waited in $(seq 1 $((engine_wait_seconds * 2))); do
        engine_answers && return
        pid="$(as_root cat "$engine_dir/dockerd.pid" 2>/dev/null || true)"
        # The pid file appears within a moment; after that, a missing process means that it gave up.
        if [ "$waited" -gt 6 ] && { [ -z "$pid" ] || ! is_dockerd "$pid"; }; then return 1; fi
        sleep 0.5
    done
    # Not ready, but alive: it must not stay behind half started.
    pid="$(as_root cat "$engine_dir/dockerd.pid" 2>/dev/null || true)"
    if [ -n "$pid" ] && is_dockerd "$pid"; then as_root kill "$pid"; fi
    return 1
}
