# SPDX-License-Identifier: Apache-2.0
# ./run format [--check]: clang-format over every source of ours.
mode=-i
[ "${1:-}" = --check ] && mode="--dry-run -Werror"
enterLast=1
enter -- bash -c 'cd "$checkout" && git -c safe.directory="*" ls-files "*.cpp" "*.h" | xargs clang-format '"$mode"
