#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# peer.sh ROOT BACKEND COMMAND…: runs a program of llama.cpp in its own root. BACKEND: "best", or the
# name of the one CPU backend that it is to find (haswell, …). Called by main.py inside our root.
set -euo pipefail
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${1%/*}
die() { printf 'bench: %s\n' "$*" >&2; exit 1; }
. "$checkout/.run/enter.sh"
root=$1 backend=$2
shift 2
export checkout cache root

backends=/usr/lib/x86_64-linux-gnu/ggml/backends0
only='only=$1 from=$2; shift 2
if [ "$only" != best ]; then
    kept=$(mktemp -d); cp "$from/libggml-cpu-$only.so" "$kept/"; mount --bind "$kept" "$from"
fi
exec "$@"'
# The folder is private to this call's mount namespace; /tmp is one of our own for the copy.
enterLast=1
enter -- sh -c 'mount -t tmpfs -o mode=1777 own /var/tmp; TMPDIR=/var/tmp exec sh -c "$0" sh "$@"' \
    "$only" "$backend" "$backends" "$@"
