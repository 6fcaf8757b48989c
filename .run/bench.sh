# SPDX-License-Identifier: Apache-2.0
# ./run bench [--quick]: decode and prefill beside llama.cpp of Debian forky, on the same files, in
# one run. The two take turns (A B A B …), so that whatever else the machine does falls on both; the
# medians and their ratios are printed and kept in build/bench/latest.json. --quick: the small model
# only, one repetition a round.
models=(small large) rounds=5 repeat=3
while [ $# -gt 0 ]; do
    case $1 in
        --quick) models=(small) rounds=3 repeat=1; shift ;;
        *) die "bench takes --quick, not '$1'" ;;
    esac
done
threads=2

# The peer's root: Debian forky with llama.cpp's tools, made once, outside the checkout.
ensurePeer() {
    peer=$cache/peer-forky-1 # the number grows when what is installed here changes
    [ -e "$peer/etc/cloister-peer" ] && return 0
    local option options=()
    while IFS= read -r option; do
        [ -n "$option" ] && options+=("--aptopt=${option%;}")
    done < <(hostAptOptions)
    ensureMmdebstrap
    say "Making the peer's root with llama.cpp (Debian forky, once) …"
    rm -rf --one-file-system "$cache"/peer-forky-*
    TMPDIR=$cache mmdebstrap --variant=minbase --include=llama.cpp-tools "${options[@]}" \
        forky "$peer.new" >"$cache/peer.log" 2>&1 || die "mmdebstrap failed (log: $cache/peer.log)"
    touch "$peer.new/etc/cloister-peer"
    mv "$peer.new" "$peer"
}

runOurs() {
    enter -- "$checkout/build/dev/bin/cloister-model" bench "$1" --prompt 512 --generate 64 \
        --repeat "$repeat" --threads "$threads" --json
}

runPeer() {
    (
        root=$peer
        enter -- llama-bench -m "$1" -p 512 -n 64 -r "$repeat" -t "$threads" -fa on -o json
    ) 2>>"$cache/peer.log"
}

build dev cloister-model
files=()
for model in "${models[@]}"; do
    files+=("$(enter -- python3 "$checkout/.run/models.py" "$cache/models" "$model")")
done
ensurePeer

results=$checkout/build/bench
rm -rf "$results/rounds"
mkdir -p "$results/rounds"
for i in "${!models[@]}"; do
    for round in $(seq "$rounds"); do
        say "${models[$i]} model, round $round of $rounds …"
        runOurs "${files[$i]}" >"$results/rounds/${models[$i]}-$round-ours.json"
        runPeer "${files[$i]}" >"$results/rounds/${models[$i]}-$round-peer.json"
    done
done
enterLast=1
enter -- python3 "$checkout/.run/bench_table.py" "$results" "${models[@]}"
