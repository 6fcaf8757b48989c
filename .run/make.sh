# SPDX-License-Identifier: Apache-2.0
# Configures and builds one preset inside the root, and finds what was built. Sourced by ./run and,
# inside the root, by inside.sh.

# build PRESET [TARGET…]: everything it prints goes to stderr.
build() {
    local preset=$1
    shift
    mkdir -p "$cache/ccache"
    enter -- bash "$checkout/.run/build-inside.sh" "$preset" "$@" >&2
}

# The preset that programs are run from: dev, unless only ci has been built here.
currentPreset() {
    if [ ! -e "$checkout/build/dev/build.ninja" ] && [ -e "$checkout/build/ci/build.ninja" ]; then
        echo ci
    else
        echo dev
    fi
}

# newestProgram NAME: its path in the build that linked it last, or nothing where none has it.
newestProgram() {
    local candidate newest=
    for candidate in "$checkout"/build/{dev,ci}/bin/"$1"; do
        [ -x "$candidate" ] || continue
        if [ -z "$newest" ] || [ "$candidate" -nt "$newest" ]; then newest=$candidate; fi
    done
    printf '%s' "$newest"
}
