#include "control/pages.h"

#include <algorithm>

#include "control/replies.h"
#include "lastgood/base/strings.h"

namespace lastgood::control {
namespace {

bool has_word(std::string_view list, std::string_view word) {
    const auto words = split(list, ',');
    return std::any_of(words.begin(), words.end(), [word](const std::string& one) {
        return trim(std::string_view(one).substr(0, one.find(';'))) == word;
    });
}

}  // namespace

const Page* find_page(std::string_view path) {
    const Page* const end = kPages + kPagesCount;
    const Page* const found =
        std::find_if(kPages, end, [path](const Page& page) { return page.path == path; });
    return found == end ? nullptr : found;
}

http::Response page_response(const Page& page, const http::Request& request) {
    if (request.method != "GET" && request.method != "HEAD") return only("GET");
    http::Response response;
    response.content_type = page.type;
    // Asked for each time, and sent only when another version of the program runs.
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.headers.emplace_back("ETag", page.etag);
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (has_word(request.header("if-none-match"), page.etag)) {
        response.status = 304;
        return response;
    }
    const bool gzip = has_word(request.header("accept-encoding"), "gzip");
    if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = gzip ? page.gzipped : page.plain;
    return response;
}

}  // namespace lastgood::control
