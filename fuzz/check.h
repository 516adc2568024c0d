// What a target promises about every input; a broken promise is a finding, as a crash is.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#define FUZZ_CHECK(condition)                                                              \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                  \
        }                                                                                  \
    } while (false)

namespace lastgood::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

// Header lines ("name: value"), an empty line, and a body: how seeds and findings can be read.
struct Message {
    std::map<std::string, std::string, std::less<>> headers;
    std::string body;

    explicit Message(std::string_view text) {
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            const std::string_view line = text.substr(0, end);
            text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
            if (line.empty()) break;
            const std::size_t colon = line.find(": ");
            if (colon == std::string_view::npos) continue;
            headers[std::string(line.substr(0, colon))] = line.substr(colon + 2);
        }
        body = text;
    }
    [[nodiscard]] std::string_view header(std::string_view name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string_view{} : std::string_view(found->second);
    }
};

}  // namespace lastgood::fuzz
