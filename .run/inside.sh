# SPDX-License-Identifier: Apache-2.0
# Shared by what runs inside the root: where the programs are, who runs them, how the service is
# started and its demo data made. Sourced.

. "$checkout/.run/make.sh"
bin=$(newestProgram cloisterd)
[ -n "$bin" ] || { echo "run: nothing is built (./run build)" >&2; exit 1; }
bin=${bin%/*}

as() {
    local user=$1
    shift
    setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups -- "$@"
}

# ownState NAME: makes a state folder for the service, $state. At the end of the shell it goes, and what
# startService started.
ownState() {
    state=$(mktemp -d "/tmp/cloister-$1.XXXXXX")
    chown cloister:cloister-admin "$state"
    chmod 0711 "$state"
    trap endOwnState EXIT
}
endOwnState() {
    [ -n "${servicePid:-}" ] && kill -TERM "$servicePid" 2>/dev/null && wait "$servicePid" 2>/dev/null
    rm -rf --one-file-system "$state"
}

# startService STATE MODEL [OPTION…]: starts cloisterd as cloister; sets $servicePid; returns when it listens.
startService() {
    local state=$1 model=$2 line
    shift 2
    local arguments=(--state "$state" --socket "$state/cloister.sock" --synthetic "$@")
    if [ -n "$model" ]; then
        as cloister test -r "$model" ||
            { echo "run: the service's user may not read the model file (chmod o+r it)" >&2; return 1; }
        arguments+=(--model "$model")
    fi
    coproc SERVICE { exec setpriv --reuid=cloister --regid=cloister-admin --init-groups -- "$bin/cloisterd" "${arguments[@]}"; }
    servicePid=$SERVICE_PID
    if ! IFS= read -r -t 60 line <&"${SERVICE[0]}"; then
        echo "run: cloisterd did not start" >&2
        return 1
    fi
}

passphrase() { # four groups of five letters and digits, without those that look alike
    local text
    text=$(LC_ALL=C tr -dc 'abcdefghjkmnpqrstuvwxyz23456789' </dev/urandom | head -c 20)
    printf '%s-%s-%s-%s\n' "${text:0:5}" "${text:5:5}" "${text:10:5}" "${text:15:5}"
}

admin() { "$bin/cloister-admin" --socket "$socket" "$@"; }

# makeDemo STATE: the ceremony, two clinicians, three synthetic patients. Prints who may sign in with
# what. Passphrases go through a pipe, never through arguments.
makeDemo() {
    local socket=$1/cloister.sock it lena mira okafor reyes shares code user
    it=$(passphrase) lena=$(passphrase) mira=$(passphrase) okafor=$(passphrase) reyes=$(passphrase)
    shares=$(printf '%s\n' "$it" "$lena" "$mira" |
        admin init --admin it.weber --steward steward.lindqvist --compliance compliance.mori --passphrase-fd 0)
    for user in dr.okafor:"$okafor" dr.reyes:"$reyes"; do
        code=$(printf '%s\n' "$it" | admin --as it.weber --passphrase-fd 0 user add "${user%%:*}" clinician)
        printf '%s\n%s\n' "${code##* }" "${user#*:}" | admin enrol "${user%%:*}" --passphrase-fd 0 >/dev/null
    done
    admin import "$checkout"/installer/demo/*.json >&2
    # The steward's signing in brings the RecordsKey into memory, and so the imports are merged.
    printf '%s\n' "$lena" | admin --as steward.lindqvist --passphrase-fd 0 admit dr.okafor >/dev/null
    printf '%s\n' "$lena" | admin --as steward.lindqvist --passphrase-fd 0 admit dr.reyes >/dev/null
    cat <<TEXT
Synthetic data. These passphrases were made for this state folder and are kept nowhere else:
  user               passphrase                role
  dr.okafor          $okafor   clinician
  dr.reyes           $reyes   clinician
  steward.lindqvist  $lena   steward (admits others to the records)
  compliance.mori    $mira   compliance
  it.weber           $it   admin
Recovery shares (any two of the three bring back a lost passphrase's vault and the records):
$(printf '%s\n' "$shares" | sed 's/^/  /')
TEXT
    demoUser=dr.okafor demoPassphrase=$okafor
}
