# Configures and builds one preset inside the root. Sourced by ./run.

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
