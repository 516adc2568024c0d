#include "http/trailers.h"

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::http {
namespace {

constexpr std::size_t kLineKept = 256;  // "Transfer-Encoding: chunked" is shorter
constexpr std::uint64_t kChunkMax = 1ULL << 50;

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

bool Trailers::too_large() const {
    return dropped_ > limits::kRemoteHeadBytesMax;
}

void Trailers::head_line() {
    const std::string line = to_lower(trim(line_));
    line_.clear();
    if (line.starts_with("transfer-encoding:") && line.find("chunked") != std::string::npos) {
        chunked_ = true;
    }
    if (line.empty()) at_ = chunked_ ? At::size : At::whole;
}

// What comes behind `c`.
void Trailers::take(char c) {
    switch (at_) {
        case At::head:
            if (c == '\n') return head_line();
            if (line_.size() < kLineKept) line_ += c;
            return;
        case At::size:
            if (const int digit = digit_of(c); digit >= 0 && left_ < kChunkMax) {
                left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
            } else if (c == '\n') {
                at_ = left_ == 0 ? At::last_line : At::data;
            } else {
                at_ = At::extension;
            }
            return;
        case At::extension:
            if (c == '\n') at_ = left_ == 0 ? At::last_line : At::data;
            return;
        case At::data:
            if (--left_ == 0) at_ = At::data_end;
            return;
        case At::data_end:
            if (c == '\n') at_ = At::size;
            return;
        case At::last_line:
            if (c == '\n') at_ = At::over;
            return;
        case At::trailer:
            if (c == '\n') at_ = At::last_line;
            return;
        case At::whole:
        case At::over:
            return;
    }
}

std::size_t Trailers::strip(char* bytes, std::size_t count) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (at_ == At::whole) {
            while (i < count) bytes[kept++] = bytes[i++];
            break;
        }
        const char c = bytes[i];
        if (at_ == At::last_line && c != '\r' && c != '\n') at_ = At::trailer;
        const bool drop = at_ == At::trailer;
        take(c);
        if (drop) {
            ++dropped_;
        } else {
            bytes[kept++] = c;
        }
    }
    return kept;
}

}  // namespace lastgood::http
