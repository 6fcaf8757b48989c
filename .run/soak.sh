# SPDX-License-Identifier: Apache-2.0
# ./run soak: the long versions of the tests that kill processes (1,000 kills each).
build "$(currentPreset)"
export CLOISTER_MODELS=$cache/models
enterLast=1
enter -- ctest --test-dir "$checkout/build/$(currentPreset)" -C Soak -R '_soak$' --output-on-failure --no-tests=error
