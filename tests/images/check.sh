#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves what the images promise, on the real engine with the hardened flags.
# usage: tests/images/check.sh [WORD]...     only cases whose name contains a word
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
"$here/../../images/build.sh" all
exec python3 "$here/check.py" "$@"
