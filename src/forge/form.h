// Form-encoded webhook bodies (application/x-www-form-urlencoded).
#pragma once

#include <string>
#include <string_view>

#include "lastgood/base/error.h"

namespace lastgood::forge {

bool is_form(std::string_view content_type);

// The JSON of a body by its content type: the body itself, or the form's one field `payload`. No
// content type at all is taken for JSON.
Expected<std::string> json_of(std::string_view content_type, std::string_view body);

}  // namespace lastgood::forge
