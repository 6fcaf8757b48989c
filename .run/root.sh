# SPDX-License-Identifier: Apache-2.0
# Makes the Debian 13 root: once, outside the checkout, again when the package list changes.
# Sourced by ./run; sets $root. Everything printed goes to stderr.

ensureRoot() {
    mkdir -p "$cache"
    # The list and the steps of makeRoot decide what is inside, so both are in the name.
    local key
    key=$({ grep -v '^#' "$checkout/.run/packages.txt"; declare -f makeRoot; } | sha256sum | cut -c1-12)
    root=$cache/root-$key
    export root
    [ -e "$root/etc/cloister-root" ] && return 0

    ensureMmdebstrap
    exec 9>"$cache/root.lock"
    flock 9
    if [ ! -e "$root/etc/cloister-root" ]; then
        makeRoot
    fi
    exec 9>&-
}

ensureMmdebstrap() {
    command -v mmdebstrap >/dev/null && return 0
    command -v apt-get >/dev/null || die "needs apt-get (Debian 12 or 13) to install mmdebstrap"
    say "Installing mmdebstrap on this machine …"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mmdebstrap; } \
        >"$cache/apt.log" 2>&1 || die "apt-get could not install mmdebstrap (log: $cache/apt.log)"
}

# The host's apt may reach Debian through a proxy, or not check dates: its own Acquire settings
# say so, and the root is to be made the same way.
hostAptOptions() {
    apt-config dump 2>/dev/null | grep -E '^Acquire::(http|https|ftp|Retries|Check|Check-Valid-Until|Check-Date|By-Hash|ForceIPv)' |
        grep -v '""' || true
}

makeRoot() {
    local new=$root.new list option options=()
    list=$(grep -v '^#' "$checkout/.run/packages.txt" | paste -sd,)
    while IFS= read -r option; do
        [ -n "$option" ] && options+=("--aptopt=${option%;}")
    done < <(hostAptOptions)

    say "Making the Debian 13 root (about two minutes, once) …"
    rm -rf --one-file-system "$new"
    TMPDIR=$cache mmdebstrap --variant=minbase --include="$list" "${options[@]}" \
        --customize-hook='chroot "$1" groupadd -g 970 cloister-admin' \
        --customize-hook='chroot "$1" useradd -r -u 970 -g cloister-admin -M -d /var/lib/cloister -s /usr/sbin/nologin cloister' \
        --customize-hook='chroot "$1" useradd -u 2001 -U -M -d /home/clinician1 -s /bin/bash clinician1' \
        --customize-hook='chroot "$1" useradd -u 2002 -U -M -d /home/clinician2 -s /bin/bash clinician2' \
        --customize-hook='chroot "$1" chmod 755 /root' \
        trixie "$new" 2>&1 | showProgress || die "mmdebstrap failed (log: $cache/root.log)"
    touch "$new/etc/cloister-root"
    mv "$new" "$root"
    say "The root is ready: $root"
    removeOldRoots
}

# The steps, so that a long one does not look like a hang; every word goes to a log.
showProgress() {
    local line
    : >"$cache/root.log"
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$cache/root.log"
        case $line in
            *--customize-hook* | *automatically* | *success*) ;;
            I:*) say "  ${line#I: }" ;;
        esac
    done
    tail -n 3 "$cache/root.log" | grep -q 'success' || return 1
}

removeOldRoots() {
    local old
    for old in "$cache"/root-*; do
        [ -d "$old" ] && [ "$old" != "$root" ] || continue
        # Whoever is inside has it mounted in a namespace of its own, which only its own list shows.
        grep -qsF "/${old##*/} " /proc/[0-9]*/mountinfo && continue
        [ -n "$(find "$old/etc/cloister-root" -mtime +2 2>/dev/null)" ] || continue
        rm -rf --one-file-system "$old"
    done
}
