#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Inside the root: cmake --preset, then ninja. Tests are started as the user cloister, because as
# root every file can be read and a permission test would prove nothing.
set -euo pipefail
preset=$1
shift
cd "$checkout"
if [ ! -e "build/$preset/build.ninja" ]; then
    cmake --preset "$preset" \
        "-DCMAKE_TEST_LAUNCHER=setpriv;--reuid=cloister;--regid=cloister-admin;--init-groups;--"
fi
targets=()
[ $# -gt 0 ] && targets=(--target "$@")
cmake --build --preset "$preset" "${targets[@]}"
