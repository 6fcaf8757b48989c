# SPDX-License-Identifier: Apache-2.0
# ./run fuzz: the long versions of the mutation tests (support::rounds), under the sanitizers.
build asan
export CLOISTER_MODELS=$cache/models
enterLast=1
enter -- ctest --test-dir "$checkout/build/asan" -C Fuzz -R '^fuzz/' --output-on-failure --no-tests=error
