# ./run exec TOOL ARGS…: one built program. Its standard input, output and exit status are its own.
# The working folder, /tmp and every folder that an argument names are there at their own paths.
[ $# -gt 0 ] || die "exec needs the name of a program: $(cd "$checkout/build/dev/bin" 2>/dev/null && echo *)"

tool=$1
shift

# The newest build that has the program; one is made only where there is none.
findProgram() {
    local preset newest=
    program=
    for preset in dev ci; do
        local candidate=$checkout/build/$preset/bin/$tool
        [ -x "$candidate" ] || continue
        if [ -z "$newest" ] || [ "$candidate" -nt "$newest" ]; then newest=$candidate; fi
    done
    program=$newest
}

# Folders named by "DIR", "DIR/file" or "--option=DIR/file", as they are written and where links lead.
namedFolders() {
    local argument path
    for argument in "$@"; do
        for path in "$argument" "${argument#*=}"; do
            case $path in '' | -*) continue ;; esac
            case $path in /*) ;; *) path=$PWD/$path ;; esac
            if [ -d "$path" ]; then
                printf '%s\n' "$path"
                (cd "$path" && pwd -P)
            elif [ -d "${path%/*}" ] && [ -n "${path%/*}" ]; then
                printf '%s\n' "${path%/*}"
                (cd "${path%/*}" && pwd -P)
                # A link to a file elsewhere needs the folder that the file is in.
                if [ -L "$path" ]; then dirname "$(readlink -f "$path")"; fi
            fi
        done
    done
}

findProgram
if [ -z "$program" ]; then
    if [ ! -e "$checkout/build/dev/bin" ] && [ ! -e "$checkout/build/ci/bin" ]; then
        build dev
        findProgram
    fi
    [ -n "$program" ] || die "there is no program '$tool' in build/*/bin (./run build makes them)"
fi

binds=()
while IFS= read -r folder; do
    [ -n "$folder" ] && binds+=(--bind "$folder")
done < <(namedFolders "$@" 2>/dev/null | sort -u)

enterLast=1
enter "${binds[@]}" -- "$program" "$@"
