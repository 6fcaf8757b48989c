# SPDX-License-Identifier: Apache-2.0
# ./run build [PRESET]: configures and builds one preset.
build "${1:-dev}"
