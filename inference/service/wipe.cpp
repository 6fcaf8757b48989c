// SPDX-License-Identifier: Apache-2.0
#include "inference/service/wipe.h"

#include <openssl/crypto.h>

namespace service {

void wipe(std::string& secret)
{
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

} // namespace service
