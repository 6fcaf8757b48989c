// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/api/json_fields.h"
#include "inference/api/types.h"

namespace api {

void fields(auto& f, Of<Source> auto& v)
{
    f("document", v.document);
    f("resourceType", v.resourceType);
    f("resourceId", v.resourceId);
    f("path", v.path);
    f("begin", v.begin);
    f("end", v.end);
}

} // namespace api
