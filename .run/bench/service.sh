#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# service.sh MODEL: cloisterd with the demo's users on a state folder of its own, inside our root.
# Says one line "ready SOCKET USER PASSPHRASE"; ends when its standard input does. Called by loss.py.
set -euo pipefail
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$checkout/.run/inside.sh"

ownState bench
startService "$state" "$1" >&2
makeDemo "$state" >/dev/null
printf 'ready %s %s %s\n' "$state/cloister.sock" "$demoUser" "$demoPassphrase"
read -r _ || true
