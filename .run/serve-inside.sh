#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Inside the root: initialises an empty state folder, then keeps the service in the foreground.
set -euo pipefail
. "$checkout/.run/inside.sh"

state=$CLOISTER_STATE
fresh=
if [ -z "$(ls -A "$state")" ]; then
    fresh=yes
    chown cloister:cloister-admin "$state"
    chmod 0711 "$state"
fi

startService "$state" "$CLOISTER_MODEL"
trap 'kill -TERM $servicePid 2>/dev/null || true' TERM INT HUP
[ -n "$fresh" ] && makeDemo "$state"
printf 'ready %s\n' "$state/cloister.sock"

# A signal ends the wait early: wait again until the service itself has ended.
status=0
while kill -0 "$servicePid" 2>/dev/null; do
    status=0
    wait "$servicePid" || status=$?
done
exit "$status"
