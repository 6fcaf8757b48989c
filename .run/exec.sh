# SPDX-License-Identifier: Apache-2.0
# ./run exec TOOL ARGS…: one built program. Its standard input, output and exit status are its own.
# The working folder, /tmp and every folder that an argument names are there at their own paths.
[ $# -gt 0 ] || die "exec needs the name of a program (cloister-model, cloister-verify, cloister-import, cloister-admin, …)"

tool=$1
shift

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

# It is built only where no build has it: after ./run demo, which builds what it shows, too.
program=$(newestProgram "$tool")
if [ -z "$program" ]; then
    # Not grep -q: it leaves early, and under pipefail that looks like a program that isn't there.
    cat "$checkout"/{*,*/*}/CMakeLists.txt | grep -F "add_program($tool " >/dev/null || die "there is no program '$tool'"
    build "$(currentPreset)" "$tool"
    program=$(newestProgram "$tool")
fi

# Files in folders that the root has of its own (/usr, /etc, …): these alone, read-only.
namedFiles() {
    local argument path
    for argument in "$@"; do
        for path in "$argument" "${argument#*=}"; do
            case $path in /*) ;; *) path=$PWD/$path ;; esac
            if [ -f "$path" ] && ofTheRoot "$(dirname "$path")"; then printf '%s\n' "$path"; fi
        done
    done
}

binds=()
while IFS= read -r folder; do
    [ -n "$folder" ] && binds+=(--bind "$folder")
done < <(namedFolders "$@" 2>/dev/null | sort -u)

while IFS= read -r file; do
    [ -n "$file" ] && binds+=(--bind-file "$file")
done < <(namedFiles "$@" | sort -u)

enterLast=1
enter --here --read-only "${binds[@]}" -- "$program" "$@"
