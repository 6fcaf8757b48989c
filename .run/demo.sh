# SPDX-License-Identifier: Apache-2.0
# ./run demo [--model small|FILE]: three synthetic patients, a service, a client. With a display the
# client opens; without one it is driven under Xvfb and leaves pictures in build/demo.
model=large
while [ $# -gt 0 ]; do
    case $1 in
        --model) model=${2:?}; shift 2 ;;
        *) die "demo takes --model small|FILE, not '$1'" ;;
    esac
done

display=${DISPLAY:-}
case $display in
    '' | :[0-9]* | unix:[0-9]*) ;;
    *) die "the display $display is not on this machine; unset DISPLAY to see the demo driven under Xvfb" ;;
esac
binds=()
case $model in
    small | large)
        export CLOISTER_DEMO=$model
        model=$(enter -- python3 "$checkout/.run/models.py" "$cache/models" "$model") ;;
    *)
        export CLOISTER_DEMO=file
        model=$(readlink -f "$model") && [ -r "$model" ] || die "cannot read the model file"
        binds+=(--bind-file "$model") ;;
esac

# X programs of another user need the display's cookie: it is copied for clinician1 inside.
cookie=${XAUTHORITY:-${HOME:-/root}/.Xauthority}
if [ -n "$display" ] && [ -r "$cookie" ]; then
    install -m 600 "$cookie" "$cache/display.cookie"
    export CLOISTER_COOKIE=$cache/display.cookie
fi

build "$(currentPreset)" cloister cloisterd cloister-admin cloister-engine cloister-import demo-driver
export CLOISTER_MODEL=$model
enterLast=1
enter "${binds[@]}" --offline -- bash "$checkout/.run/demo-inside.sh"
