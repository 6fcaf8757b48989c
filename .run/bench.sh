# SPDX-License-Identifier: Apache-2.0
# ./run bench [--quick | --full | --quality] [--only TEXT[,TEXT]] [--within MINUTES] [--resume] [--rounds N]
# [--list] [--defaults]: speed beside llama.cpp of Debian forky and OpenVINO GenAI on the same files, in one
# run in which the engines take turns; share of what the machine allows at most; distance from the
# reference; figures in build/bench/latest.json, page and plot in docs/performance. --quick: the real
# files, at most ten minutes; --full: also the shape of 8B; --quality: the distance only. --only: rows whose
# ids (--list) hold a TEXT; --within: the rows that matter most, as many as end in time; --resume: those
# that no run has measured yet. --defaults: the peers as they come, without looking for their best settings.
mode=usual more=()
while [ $# -gt 0 ]; do
    case $1 in
        --quick | --full | --quality) mode=${1#--}; shift ;;
        --defaults | --resume | --list) more+=("$1"); shift ;;
        --only | --rounds | --within) [ $# -gt 1 ] || die "$1 wants a value"; more+=("$1" "$2"); shift 2 ;;
        *) die "bench takes --quick, --full, --quality, --only, --within, --resume, --rounds, --list and --defaults, not '$1'" ;;
    esac
done

# The peer's root: Debian forky with llama.cpp's tools, made once, outside the checkout.
ensurePeer() {
    local peer=$cache/peer-forky-2 # the number grows when what is installed here changes
    [ -e "$peer/etc/cloister-peer" ] && return 0
    local option options=()
    while IFS= read -r option; do
        [ -n "$option" ] && options+=("--aptopt=${option%;}")
    done < <(hostAptOptions)
    ensureMmdebstrap
    say "Making the peer's root with llama.cpp (Debian forky, once) …"
    rm -rf --one-file-system "$cache"/peer-forky-*
    TMPDIR=$cache mmdebstrap --variant=minbase --include=llama.cpp-tools,llama.cpp-tools-extra \
        "${options[@]}" forky "$peer.new" >"$cache/peer.log" 2>&1 ||
        die "mmdebstrap failed (log: $cache/peer.log)"
    touch "$peer.new/etc/cloister-peer"
    mv "$peer.new" "$peer"
}

# OpenVINO GenAI, and what makes and compares models, in a folder of their own: nothing else sees them.
ensurePackages() {
    local folder=$cache/bench-python-1 # the number grows with the versions
    [ -d "$folder" ] && return 0
    say "Fetching OpenVINO GenAI (once) …"
    rm -rf "$folder.new"
    enter -- python3 -m pip install --quiet --disable-pip-version-check --target "$folder.new" \
        openvino-genai==2026.4.1.0 openvino==2026.4.1 openvino-tokenizers==2026.4.1.0 \
        numpy==2.5.5 gguf==0.19.0 >"$cache/packages.log" 2>&1 ||
        die "pip could not fetch OpenVINO GenAI (log: $cache/packages.log)"
    mv "$folder.new" "$folder"
}

preset=$(currentPreset)
build "$preset" cloister-model cloister-engine cloisterd cloister-admin cloister-import
ensurePeer
ensurePackages
enterLast=1
enter -- env PYTHONDONTWRITEBYTECODE=1 python3 "$checkout/.run/bench/main.py" \
    --checkout "$checkout" --cache "$cache" --program "$checkout/build/$preset/bin/cloister-model" \
    --mode "$mode" "${more[@]}"
