// SPDX-License-Identifier: Apache-2.0
// In the place of cloister-engine: says Ready with the thread counts of its arguments. Without any
// it says that it has measured 3 and 4, or, where the model file begins with "b", that it could
// not.
#include "inference/wire/channel.h"

#include <string>
#include <string_view>
#include <unistd.h>

int main(int argc, char** argv)
{
    const auto number = [&](std::string_view name) {
        for (int i = 1; i < argc; ++i)
            if (const std::string_view word = argv[i]; word.starts_with(name))
                return std::stoi(std::string(word.substr(name.size())));
        return 0;
    };
    char first = 0;
    if (::pread(number("answer="), &first, 1, 0) != 1)
        return 1;
    wire::Channel channel(number("socket="));
    const int given = number("decode-threads=");
    wire::Ready ready;
    ready.decodeThreads = static_cast<std::uint32_t>(given != 0 ? given : 3);
    ready.prefillThreads = static_cast<std::uint32_t>(given != 0 ? number("prefill-threads=") : 4);
    ready.threadsMeasured = given == 0 && first != 'b';
    if (!channel.send(ready))
        return 1;
    while (channel.receiveToEngine()) {
    }
    return 0;
}
