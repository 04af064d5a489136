# SPDX-License-Identifier: Apache-2.0
# Runs the parts of ./test and adds up what they count. Sourced after common.sh and build.sh.
# shellcheck shell=bash

readonly logs="$BERTH_ROOT/build/logs"
total_passed=0
total_failed=0
total_skipped=0

# part NAME FUNCTION: a heading, the time it took, and its counts.
part() {
    local began=$SECONDS before_passed=$total_passed before_failed=$total_failed before_skipped=$total_skipped
    printf '\n=== %s\n' "$1"
    "$2"
    printf '    %s: %d passed, %d failed, %d skipped (%d s)\n' "$1" $((total_passed - before_passed)) \
        $((total_failed - before_failed)) $((total_skipped - before_skipped)) $((SECONDS - began))
}

add() {
    total_passed=$((total_passed + $1))
    total_failed=$((total_failed + $2))
    total_skipped=$((total_skipped + $3))
}

# What cannot even be built or started is one failure, and its log's end is shown.
broken() {
    printf '    FAILED: %s; full log: %s\n' "$1" "$2"
    tail -n 60 "$2" || true
    add 0 1 0
}

# What cannot run here, seen by whoever reads the output, and in the sum.
skipped() {
    printf 'SKIPPED  %s\n' "$1"
    add 0 0 1
}

# run_program NAME COMMAND...: output into a log, counted by what the program says.
run_program() {
    local name="$1" code=0 log counts
    shift
    log="$logs/$name.log"
    mkdir -p "$logs"
    "$@" >"$log" 2>&1 || code=$?
    counts="$(python3 "$BERTH_ROOT/tools/lib/count_tests.py" output "$log" "$code")"
    # shellcheck disable=SC2086 # three numbers
    add $counts
    if [ "$code" -ne 0 ]; then
        printf '    FAILED: %s (exit code %d); full log: %s\n' "$name" "$code" "$log"
        tail -n 60 "$log"
    else
        grep -E '^SKIPPED' "$log" || true
    fi
}

# run_ctest PRESET LABEL...: the tests with one of the labels. A label without tests counts nothing.
run_ctest() {
    local preset="$1" labels code=0 log junit counts jobs
    shift
    labels="$(IFS='|' && echo "^($*)\$")"
    log="$logs/$preset-${*// /-}.log"
    junit="${log%.log}.xml"
    rm -f "$junit"
    mkdir -p "$logs"
    jobs="$(build_jobs)"
    ctest --test-dir "$BERTH_ROOT/build/$preset" -L "$labels" -j "$jobs" --timeout 600 --output-on-failure --no-tests=ignore \
        --test-output-size-passed 10000000 --test-output-size-failed 10000000 --output-junit "$junit" \
        >"$log" 2>&1 || code=$?
    if [ ! -f "$junit" ]; then
        [ "$code" -eq 0 ] || broken "ctest ($labels)" "$log"
        return 0
    fi
    counts="$(python3 "$BERTH_ROOT/tools/lib/count_tests.py" ctest "$junit")" || {
        broken "reading the results of ctest ($labels)" "$log"
        return 0
    }
    # shellcheck disable=SC2086 # three numbers
    add $counts
    if [ "$code" -ne 0 ]; then
        printf '    FAILED: ctest (%s); full log: %s\n' "$labels" "$log"
        grep -E '^\[  FAILED  \]|\(Failed\)|\*\*\*(Failed|Timeout|Exception)' "$log" | sort -u | head -n 40 || true
        tail -n 60 "$log"
        # ctest may fail although no counted test did: say so rather than lose it.
        [ "$(cut -d' ' -f2 <<<"$counts")" -gt 0 ] || add 0 1 0
    fi
}

# build_for_tests PRESET [TARGET...]: builds everything of a preset, or these; 1 when it did not build.
build_for_tests() {
    local preset="$1" log="$logs/build-$1.log"
    shift
    mkdir -p "$logs"
    if [ ! -f "$BERTH_ROOT/CMakeLists.txt" ]; then
        echo "    there is no CMakeLists.txt: nothing to build"
        return 1
    fi
    local began=$SECONDS
    if ! build_preset "$preset" "$@" >"$log" 2>&1; then
        broken "building preset $preset" "$log"
        return 1
    fi
    printf '    built preset %s (%d s)\n' "$preset" $((SECONDS - began))
}

# Prints the sum, alone on the last line, and sets the exit code: nothing run is a failure too.
finish() {
    printf '\n'
    [ "$total_skipped" -eq 0 ] || printf '%d skipped, see above\n' "$total_skipped"
    [ $((total_passed + total_failed)) -gt 0 ] || echo "nothing was run"
    printf '%d passed, %d failed\n' "$total_passed" "$total_failed"
    [ "$total_failed" -eq 0 ] && [ "$total_passed" -gt 0 ]
}
