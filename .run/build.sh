# ./run build [PRESET]: configures and builds one preset.
build "${1:-dev}"
