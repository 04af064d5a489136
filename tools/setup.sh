#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing on this machine.
# usage: tools/setup.sh [--no-install] [runtime|build|test]...      (all three without a word)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source "$BERTH_ROOT/tools/lib/packages.sh"

install=1
sections=()
for word in "$@"; do
    case "$word" in
    --no-install) install=0 ;;
    runtime | build | test) sections+=("$word") ;;
    *) fail "unknown word '$word'; usage: tools/setup.sh [--no-install] [runtime|build|test]..." ;;
    esac
done
[ "${#sections[@]}" -gt 0 ] || sections=(runtime build test)
install_packages "$install" "${sections[@]}"
