#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Inside the root, without a network: service as cloister, client as clinician1.
set -euo pipefail
. "$checkout/.run/inside.sh"

ownState demo
trap 'exit 130' INT TERM HUP

echo "Starting the service …" >&2
startService "$state" "$CLOISTER_MODEL"
makeDemo "$state"

home=/home/clinician1
run=(as clinician1 env "HOME=$home" "XDG_RUNTIME_DIR=/run/user/2001")
install -d -m 700 -o clinician1 -g clinician1 /run/user/2001

if [ -n "${DISPLAY:-}" ]; then
    if [ -n "${CLOISTER_COOKIE:-}" ]; then
        install -m 600 -o clinician1 -g clinician1 "$CLOISTER_COOKIE" "$home/.Xauthority"
        rm -f "$CLOISTER_COOKIE"
    fi
    echo "Opening the client; close its window to end the demo."
    "${run[@]}" "DISPLAY=$DISPLAY" "XAUTHORITY=$home/.Xauthority" "$bin/cloister" --socket "$state/cloister.sock"
    exit
fi

out=$checkout/build/demo
rm -rf "$out"
install -d -m 755 -o clinician1 -g clinician1 "$out"
umask 077
printf '%s\n%s\n' "$demoUser" "$demoPassphrase" >"$home/credentials"
chown clinician1 "$home/credentials"
umask 022
arguments=(--socket "$state/cloister.sock" --out "$out" --credentials "$home/credentials")
[ "$CLOISTER_DEMO" != file ] && arguments+=(--assert-flow)
status=0
"${run[@]}" xvfb-run -a -s "-screen 0 1366x768x24" "$bin/demo-driver" "${arguments[@]}" || status=$?
chown -R root:root "$out"
echo "Pictures of every screen: build/demo"
exit $status
