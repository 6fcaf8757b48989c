// SPDX-License-Identifier: Apache-2.0
// leaving-core: reads a word from standard input into memory and aborts, not hardened as our
// programs are: the core that it leaves is what tst_canary must find.

#include <cstdlib>
#include <iostream>
#include <string>

int main()
{
    std::string word;
    std::getline(std::cin, word);
    std::cout << word.size() << std::endl;
    std::abort();
}
