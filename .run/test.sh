# SPDX-License-Identifier: Apache-2.0
# ./run test [--full] [-R REGEX]: builds, then runs every test as built and again under
# AddressSanitizer and UBSan; ends with CTest's summary. --full also fetches the 1.5B model.
full= filter=()
while [ $# -gt 0 ]; do
    case $1 in
        --full) full=large; shift ;;
        -R) filter=(-R "$2"); shift 2 ;;
        *) die "test takes --full and -R REGEX, not '$1'" ;;
    esac
done

preset=dev
[ -n "${CI:-}" ] && preset=ci
enter -- python3 "$checkout/.run/models.py" "$cache/models" small $full >&2
export CLOISTER_MODELS=$cache/models
[ -n "$full" ] && export CLOISTER_FULL=1 # the tests fail, then, where they'd skip an absent model

build "$preset"
build asan

# What a sandbox rules out under the sanitizers, by name: seccomp kills the sanitizer's own threads
# and calls, and strace and ptrace cannot be had twice in one process.
notUnderAsan=$(grep -v '^#' "$checkout/tests/not-under-asan.txt" | paste -sd'|')

status=0
runTests() {
    enter -- ctest --test-dir "$checkout/build/$1" -j2 --output-on-failure "${@:2}" || status=1
}
runTests "$preset" --no-tests=error "${filter[@]}"
[ $status = 0 ] || say "The tests above failed as built; the sanitizers' run follows."
runTests asan --no-tests=ignore "${filter[@]}" -E "^(${notUnderAsan:-nothing})\$"
exit $status
