# SPDX-License-Identifier: Apache-2.0
# Builds the program and the pages. Sourced after common.sh.
# shellcheck shell=bash

# One heavy file with a sanitizer needs about 3 GB; more jobs than that would end in swapping or the OOM killer.
build_jobs() {
    local cores memory_jobs
    cores="$(nproc)"
    memory_jobs="$(awk '/^MemAvailable:/ { print int($2 / 1024 / 1024 / 3) }' /proc/meminfo)"
    [ "${memory_jobs:-1}" -ge 1 ] || memory_jobs=1
    echo $((cores < memory_jobs ? cores : memory_jobs))
}

# configure PRESET: only the first time; afterwards ninja itself notices when CMake's files changed.
configure() {
    [ -f "$BERTH_ROOT/build/$1/build.ninja" ] || (cd "$BERTH_ROOT" && cmake --preset "$1")
}

# build_preset PRESET [TARGET...]
build_preset() {
    local preset="$1"
    shift
    configure "$preset" || return
    (cd "$BERTH_ROOT" && cmake --build "build/$preset" -j "$(build_jobs)" ${1:+--target "$@"})
}

# quietly LOG WHAT COMMAND...: the output goes to a file; its end is shown when the command fails.
quietly() {
    local log="$1" what="$2"
    shift 2
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        fail "$what failed; full log: $log"
    fi
}

build_berth() {
    local log="$BERTH_ROOT/build/logs/release.log"
    if [ ! -x "$BERTH_ROOT/build/release/berth" ]; then
        say "building berth (release; the first time takes several minutes; log: $log)"
    fi
    quietly "$log" "building berth" build_preset release berth
}

# npm ci only when the lock file changed since the last time it succeeded. install_node_modules FOLDER
install_node_modules() {
    local stamp="$1/node_modules/.berth-lock"
    ! cmp -s "$1/package-lock.json" "$stamp" || return 0
    (cd "$1" && npm ci --no-audit --no-fund) && mkdir -p "$1/node_modules" && cp "$1/package-lock.json" "$stamp"
}

web_is_current() {
    local dist="$BERTH_ROOT/web/dist/index.html"
    [ -f "$dist" ] || return 1
    [ -z "$(find "$BERTH_ROOT/web" \( -name node_modules -o -name dist -o -name test-results \) -prune \
        -o -type f -newer "$dist" -print -quit)" ]
}

make_web() { install_node_modules "$BERTH_ROOT/web" && (cd "$BERTH_ROOT/web" && npm run build) && touch "$BERTH_ROOT/web/dist/index.html"; }

build_web() {
    [ -f "$BERTH_ROOT/web/package.json" ] || return 0
    web_is_current && return
    say "building the pages"
    quietly "$BERTH_ROOT/build/logs/web.log" "building the pages" make_web
}
