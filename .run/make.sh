# Configures and builds one preset inside the root. Sourced by ./run.

# build PRESET [TARGET…]: everything it prints goes to stderr.
build() {
    local preset=$1
    shift
    mkdir -p "$cache/ccache"
    enter -- bash "$checkout/.run/build-inside.sh" "$preset" "$@" >&2
}
