#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts a Berth of its own on a free port, with a fresh state folder, and runs the end-to-end tests
# against it. usage: with_server.sh BINARY WEB_DIR [parts of run.mjs]
set -euo pipefail
binary="$1"
web="$2"
shift 2
cd "$(dirname "${BASH_SOURCE[0]}")"
state="$(mktemp -d)"
port="$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')"
BERTH_ADMIN_PASSWORD="e2e-$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')"
export BERTH_ADMIN_PASSWORD BERTH_URL="http://127.0.0.1:$port"
"$binary" serve --state-dir "$state" --port "$port" --web-dir "$web" >"$state/out" 2>"$state/log" &
server=$!
end() {
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    # What a failed run left behind is ours by the installation's own mark.
    docker ps -aq --filter "label=io.berth.deployment=$(sed -n 's/.*deployment=\([a-z2-7]*\).*/\1/p' "$state/log" | head -1)" |
        xargs -r docker rm -f >/dev/null 2>&1 || true
    rm -rf "$state"
}
trap end EXIT
for _ in $(seq 1 100); do
    if node -e 'require("http").get(process.argv[1]+"/readyz",r=>process.exit(r.statusCode===200?0:1)).on("error",()=>process.exit(1))' "$BERTH_URL"; then
        ready=1
        break
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.3
done
if [ -z "${ready:-}" ]; then
    cat "$state/out" "$state/log" >&2
    echo "0 passed, 1 failed"
    exit 1
fi
code=0
node run.mjs "$@" || code=$?
# A sanitizer's word is a failure, whatever the browser saw.
if grep -E 'AddressSanitizer|runtime error|ThreadSanitizer|assertion failed' "$state/log" >&2; then code=1; fi
exit "$code"
