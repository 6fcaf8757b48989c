# SPDX-License-Identifier: Apache-2.0
# Enters the root. Sourced by ./run on the host; run by itself (as "enter.sh --inside …") it is the
# part that already stands in the private mount namespace.
#
#   enter [--bind DIR]… [--bind-file FILE]… [--here] [--read-only] [--user NAME] [--offline] -- COMMAND ARGS…
#
# The checkout, /tmp, the cache and ../shared (read-only) are there at their own absolute paths, as is
# what is named. Root runs programs where it is called (--here: with the working folder, every folder
# as the host has it); otherwise folders above that are closed to the users of the root (0700) make
# way, so that these reach what is bound. --read-only: what is not bound cannot be written. Standard
# input and output and the exit status are the command's own.

enter() {
    local binds=() user=root net=() offline= here= sealed= files=()
    while [ "$1" != -- ]; do
        case $1 in
            --bind) binds+=("$2"); shift 2 ;;
            --bind-file) files+=("$2"); shift 2 ;;
            --here) here=1; binds+=("$PWD"); shift ;;
            --read-only) sealed=1; shift ;;
            --user) user=$2; shift 2 ;;
            --offline) offline=--net; shift ;;
            *) die "enter: unknown option $1" ;;
        esac
    done
    shift
    [ -n "$offline" ] && net=(--net)
    local wanted
    wanted=$(printf '%s\n' /tmp "$cache" "$checkout" "${binds[@]}" | sort -u)
    wanted=$wanted root=$root checkout=$checkout cache=$cache user=$user offline=$offline here=$here sealed=$sealed \
        files=$(printf '%s\n' "${files[@]}") \
        exec_or_run unshare --mount "${net[@]}" --propagation private -- \
        bash "$checkout/.run/enter.sh" --inside "$@"
}

# `exec` keeps signals and the exit status with the program itself when nothing follows it.
exec_or_run() {
    if [ -n "${enterLast:-}" ]; then exec "$@"; else "$@"; fi
}

# Folders that the root has of its own: the host's would hide them.
ofTheRoot() {
    case $1/ in
        / | // | /usr/* | /bin/* | /sbin/* | /lib/* | /lib64/* | /etc/* | /dev/* | /proc/* | /sys/* | /boot/* | /run/ | /var/ | /var/lib/) return 0 ;;
    esac
    return 1
}

# A folder that others may not pass gives way to an empty one in which the next is bound.
openTheWay() {
    local above=$1
    [ -n "$above" ] || return 0
    openTheWay "${above%/*}"
    [ -d "$root$above" ] || return 0
    case $(stat -c %A "$root$above") in
        *[xt]) ;;
        *) mount -t tmpfs -o mode=755,size=1m way "$root$above" ;;
    esac
}

# A folder without any is only where something was bound at another time, on folders or empty files.
holdsFiles() {
    [ -n "$(find "$1" -xdev ! -type d ! \( -type f -empty \) -print -quit 2>/dev/null)" ]
}

bindFolder() {
    local folder=$1
    [ -d "$folder" ] || return 0
    if ofTheRoot "$folder" && holdsFiles "$root$folder"; then return 0; fi
    [ -n "$here" ] || openTheWay "${folder%/*}"
    [ -d "$root$folder" ] || mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
}

bindFile() {
    [ -e "$1" ] || return 0
    [ "$1" -ef "$root$2" ] && return 0 # its folder is bound already
    [ -e "$root$2" ] || { mkdir -p "$(dirname "$root$2")"; : >"$root$2"; }
    mount --bind "$1" "$root$2"
    mount -o remount,bind,ro "$root$2"
}

makeDevices() {
    mount -t tmpfs -o mode=755,size=64k dev "$root/dev"
    local name
    for name in null zero full random urandom tty; do
        : >"$root/dev/$name"
        mount --bind "/dev/$name" "$root/dev/$name"
    done
    mkdir -p "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts" 2>/dev/null || true
    ln -sf pts/ptmx "$root/dev/ptmx"
    mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
    ln -sf /proc/self/fd "$root/dev/fd"
    ln -sf /proc/self/fd/0 "$root/dev/stdin"
    ln -sf /proc/self/fd/1 "$root/dev/stdout"
    ln -sf /proc/self/fd/2 "$root/dev/stderr"
}

mountAll() {
    # The root becomes a mount of its own, so that it can be the namespace's only one: inside a mere
    # chroot the kernel lets nobody make user namespaces, which some tests do.
    mount --bind "$root" "$root"
    makeDevices
    mount --rbind /proc "$root/proc"
    mount --rbind /sys "$root/sys" 2>/dev/null || true
    mount -t tmpfs -o mode=755 run "$root/run"
    mount -t tmpfs -o mode=755 home "$root/home"
    mount -t tmpfs -o mode=1777 vartmp "$root/var/tmp"
    [ -z "$sealed" ] || mount -t tmpfs -o mode=700 roothome "$root/root"
    mkdir -p "$root/run/lock" "$root/run/user"
    install -d -m 700 -o 2001 -g 2001 "$root/home/clinician1"
    install -d -m 700 -o 2002 -g 2002 "$root/home/clinician2"

    # Shortest first: a folder inside another one is mounted over it, not hidden by it.
    local folder
    while IFS= read -r folder; do
        [ -n "$folder" ] && bindFolder "$folder"
    done < <(printf '%s\n' "$wanted" | awk '{ print length($0), $0 }' | sort -n | cut -d' ' -f2-)
    local file
    while IFS= read -r file; do
        [ -n "$file" ] || continue
        [ -n "$here" ] || openTheWay "${file%/*}"
        bindFile "$file" "$file"
    done <<<"$files"
    if [ -d "$checkout/../shared" ]; then
        local shared
        shared=$(cd "$checkout/../shared" && pwd -P)
        mkdir -p "$root$shared"
        mount --bind "$shared" "$root$shared"
        mount -o remount,bind,ro "$root$shared"
    fi

    bindFile /etc/resolv.conf /etc/resolv.conf
    bindFile /etc/hosts /etc/hosts
    bindFile /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
    bindFile /etc/pip.conf /etc/pip.conf
    bindFile /etc/xdg/pip/pip.conf /etc/xdg/pip/pip.conf
    bindFile "${HOME:-/root}/.pip/pip.conf" /root/.pip/pip.conf
    bindFile "${HOME:-/root}/.config/pip/pip.conf" /root/.config/pip/pip.conf
    local bundle
    for bundle in "${SSL_CERT_FILE:-}" "${REQUESTS_CA_BUNDLE:-}" "${CURL_CA_BUNDLE:-}" "${PIP_CERT:-}"; do
        [ -n "$bundle" ] && [ -f "$bundle" ] && bindFile "$bundle" "$bundle"
    done
    [ -n "${SSL_CERT_DIR:-}" ] && [ -d "$SSL_CERT_DIR" ] && [ ! -e "$root$SSL_CERT_DIR" ] && bindFolder "$SSL_CERT_DIR"
    [ -n "${PIP_FIND_LINKS:-}" ] && [ -d "$PIP_FIND_LINKS" ] && bindFolder "$PIP_FIND_LINKS"
    [ -n "${PIP_CONFIG_FILE:-}" ] && bindFile "$PIP_CONFIG_FILE" "$PIP_CONFIG_FILE"
    # What a program writes where nothing of the host is must fail: nobody would find it again.
    [ -z "$sealed" ] || mount -o remount,bind,ro "$root"
}

# Only what the root can use goes in: proxies, certificates, pip's settings, the display, ours.
keptEnvironment() {
    env | grep -E '^(https?_proxy|ftp_proxy|no_proxy|all_proxy|HTTPS?_PROXY|NO_PROXY|ALL_PROXY|PIP_[A-Z_]*|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|DISPLAY|CI|TERM|COLUMNS|LANG|CLOISTER_[A-Z_]*|CMAKE_BUILD_PARALLEL_LEVEL|NINJAFLAGS|CTEST_PARALLEL_LEVEL)=' || true
}

inside() {
    mountAll
    local setting settings=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        LC_ALL=C.UTF-8 checkout="$checkout" cache="$cache"
        CCACHE_DIR="$cache/ccache" CCACHE_BASEDIR="$checkout" CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=time_macros,include_file_mtime,include_file_ctime,pch_defines)
    while IFS= read -r setting; do settings+=("$setting"); done < <(keptEnvironment)
    local as=()
    [ "$user" = root ] || as=(setpriv "--reuid=$user" "--regid=$(chroot "$root" id -g "$user")" --init-groups --)
    local folder=$PWD
    cd "$root"
    pivot_root . .
    umount -l .
    # The folder that it was called in is there as well, so go back to it.
    exec /usr/bin/env -i "${settings[@]}" \
        /bin/sh -c 'cd "$1" 2>/dev/null || cd /; shift; exec "$@"' sh "$folder" "${as[@]}" "$@"
}

if [ "${1:-}" = --inside ]; then
    set -eu
    shift
    inside "$@"
fi
