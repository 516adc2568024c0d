// The dashboard's files, embedded when it was built (src/dashboard, cmake/Pages.cmake). There is no
// secret in them: whoever reaches the address may have them.
#pragma once

#include <cstddef>
#include <string_view>

#include "lastgood/http/message.h"

namespace lastgood::control {

struct Page {
    std::string_view path;  // "/", "/app.js"
    std::string_view type;  // of its content
    std::string_view etag;  // with its quotes
    std::string_view plain;
    std::string_view gzipped;
};

extern const Page kPages[];
extern const std::size_t kPagesCount;

// Null: there is no such file.
const Page* find_page(std::string_view path);

http::Response page_response(const Page& page, const http::Request& request);

}  // namespace lastgood::control
