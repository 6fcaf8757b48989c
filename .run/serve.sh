# SPDX-License-Identifier: Apache-2.0
# ./run serve --state DIR [--model FILE]: the service in the foreground. An empty DIR is initialised
# with the demo's patients and users (their passphrases are printed); otherwise it starts as it is.
state= model=
while [ $# -gt 0 ]; do
    case $1 in
        --state) state=${2:?}; shift 2 ;;
        --model) model=${2:?}; shift 2 ;;
        *) die "serve takes --state DIR and --model FILE, not '$1'" ;;
    esac
done
[ -n "$state" ] || die "serve needs --state DIR"
mkdir -p "$state"
state=$(cd "$state" && pwd -P)
[ "$(printf %s "$state/cloister.sock" | wc -c)" -le 107 ] ||
    die "the path $state/cloister.sock is longer than the 107 bytes that a socket's name may have"

binds=(--bind "$state")
if [ -n "$model" ]; then
    model=$(readlink -f "$model") && [ -r "$model" ] || die "cannot read the model file"
    binds+=(--bind-file "$model")
fi

[ -n "$(newestProgram cloisterd)" ] || build dev cloisterd cloister-admin cloister-engine cloister-import
export CLOISTER_STATE=$state CLOISTER_MODEL=$model
enterLast=1
enter "${binds[@]}" -- bash "$checkout/.run/serve-inside.sh"
