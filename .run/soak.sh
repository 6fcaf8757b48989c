# ./run soak: the long versions of the tests that kill processes (1,000 kills each).
build "$(currentPreset)"
export CLOISTER_SOAK=1 CLOISTER_MODELS=$cache/models
enterLast=1
enter -- ctest --test-dir "$checkout/build/$(currentPreset)" -C Soak -R '^flow/tst_kill' --output-on-failure --timeout 14400 --no-tests=error
