# SPDX-License-Identifier: Apache-2.0
# ./run lint [FILE…]: clang-tidy over the named sources, or all of ours. Warnings are errors. It does not
# know all of the warnings that are turned off for GCC.
preset=dev
[ -n "${CI:-}" ] && preset=ci
[ -e "$checkout/build/$preset/build.ninja" ] || build "$preset"
enterLast=1
enter -- bash -c '
    cd "$checkout"
    if [ $# -gt 1 ]; then files=("${@:2}"); else
        mapfile -t files < <(git -c safe.directory="*" ls-files "app/*.cpp" "audit/*.cpp" "inference/*.cpp" "storage/*.cpp")
    fi
    printf "%s\0" "${files[@]}" | xargs -0 -n 2 -P 2 clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option -p "build/$1" 2> >(grep -vE "warnings generated|^\[[0-9]+/[0-9]+\] Processing" >&2)
' lint "$preset" "$@"
