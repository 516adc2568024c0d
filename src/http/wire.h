// How a connection's bytes come and go: as they are, or through TLS. Never waits.
#pragma once

#include <cstdint>
#include <memory>

#include "lastgood/base/sys/fd.h"
#include "lastgood/http/tls.h"

namespace lastgood::http {

// What was got: bytes, nothing for now, or the end (also an error's).
enum class Got { bytes, nothing, end };

class Wire {
  public:
    virtual ~Wire() = default;
    virtual Got read(char* buffer, std::size_t size, std::size_t& count) = 0;
    virtual Got write(const char* bytes, std::size_t size, std::size_t& count) = 0;
    // After `nothing`: what the socket must be ready for (EPOLLIN, EPOLLOUT) to go on.
    [[nodiscard]] virtual std::uint32_t awaits() const = 0;
    // Bytes that were taken from the socket and not read yet: no event will tell of them.
    [[nodiscard]] virtual bool has_pending() const = 0;
    // Tells the other side that nothing more comes. False: it is gone.
    virtual bool end_writing() = 0;
};

// `fd` is the connection's, non-blocking, and outlives the wire. `tls` empty: plain.
std::unique_ptr<Wire> make_wire(int fd, std::shared_ptr<const TlsContext> tls);

}  // namespace lastgood::http
