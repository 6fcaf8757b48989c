# SPDX-License-Identifier: Apache-2.0
# ./run shell [COMMAND…]: a shell, or one command, as root in the root.
enterLast=1
if [ $# -eq 0 ]; then set -- bash; fi
enter --here -- "$@"
