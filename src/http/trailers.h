// Takes the trailers out of a chunked answer (pure): lines behind the last chunk, which cpp-httplib
// takes for a broken body. Programs behind grpc's gateway send them with every error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace lastgood::http {

class Trailers {
  public:
    // Of one answer, in any pieces, from its status line on. What is left of `bytes` stands at
    // their begin; its count. Nothing that was let through is waited for.
    std::size_t strip(char* bytes, std::size_t count);
    // They were more than kRemoteHeadBytesMax.
    [[nodiscard]] bool too_large() const;

  private:
    enum class At { head, whole, size, extension, data, data_end, last_line, trailer, over };

    void take(char c);
    void head_line();

    At at_ = At::head;
    std::string line_;  // of the head, its begin
    bool chunked_ = false;
    std::uint64_t left_ = 0;  // of a chunk
    std::size_t dropped_ = 0;
};

}  // namespace lastgood::http
