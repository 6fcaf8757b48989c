// SPDX-License-Identifier: Apache-2.0
// tiny-model OUT.gguf: writes the tiny model for tests that start real programs.
#include "tests/support/tiny_model.h"

#include <cstdio>
#include <fstream>

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::fputs("usage: tiny-model OUT.gguf\n", stderr);
        return 2;
    }
    std::ofstream file(argv[1], std::ios::binary);
    file << support::tinyModel();
    file.close();
    if (!file) {
        std::fputs("tiny-model: the file can't be written\n", stderr);
        return 1;
    }
    return 0;
}
