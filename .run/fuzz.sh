# ./run fuzz: the long versions of the mutation tests, under the sanitizers.
build asan
export CLOISTER_FUZZ=1 CLOISTER_MODELS=$cache/models
enterLast=1
enter -- ctest --test-dir "$checkout/build/asan" -R 'mutation|gguf|codec|import' --output-on-failure --timeout 14400 --no-tests=error
