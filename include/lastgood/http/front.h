// The HTTP server in front of everything: gathers each request whole and bounded, and only then
// gives it to the handler.
//
// What is refused here never reaches a handler: chunked bodies (411, with a length too 400),
// content encodings (415), bodies without a length (411, unless none is needed), too large ones
// (413, told by the header alone), too many or too long headers (431), repeated headers that matter
// (400), bare line feeds and control bytes (400), slow senders (408; the time is for the whole, so
// dripping doesn't help). `Range` is dropped. Answers of refused requests close the connection.
//
// Bounded in memory: connections in all and of one peer, bytes of bodies held at once. At a bound
// of connections the one (of that peer) that has been idle or dripping for longest makes room. TCP,
// with or without TLS, and unix sockets alike. No timer runs while nobody is connected.
#pragma once

#include <functional>
#include <memory>

#include "lastgood/base/error.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/http/doorkeeper.h"
#include "lastgood/http/message.h"
#include "lastgood/http/tls.h"

namespace lastgood::http {

struct FrontLimits {
    std::size_t header_bytes = limits::kHeaderBytesMax;
    std::size_t header_count = limits::kHeaderCountMax;
    std::uint64_t body_bytes = limits::kBodyBytesMaxDefault;
    Millis header_time = limits::kHeaderTimeMax;
    Millis body_time = limits::kBodyTimeMax;
    Millis response_time = limits::kResponseTimeMax;
    Millis idle_time = limits::kIdleTimeMax;        // between requests of one connection
    Millis queue_time = limits::kJournalAnswerMax;  // for a worker; then 503
    Millis linger_time = limits::kLingerTimeMax;
    std::size_t connections = limits::kConnectionsMax;
    std::size_t connections_per_peer = limits::kConnectionsPerPeerMax;
    std::uint64_t bodies_in_flight_bytes = limits::kBodiesInFlightBytesMax;
    // Requests with a body up to this size are handled on the loop's thread also with workers: it
    // costs less than the way to one and back.
    std::size_t inline_body_bytes = 0;
    // Else a POST without Content-Length has no body, as HTTP says.
    bool length_needed = true;
};

class Front {
  public:
    // The loop's thread makes, uses and destroys a Front. `workers` 0: the handler runs on the
    // loop's thread and must not block; else (for bodies beyond inline_body_bytes) on that many
    // threads of its own, and must be safe to call from all of them. The listening socket is closed
    // with the Front.
    static Expected<std::unique_ptr<Front>> open(sys::EventLoop& loop, sys::Fd listening_socket,
                                                 FrontLimits limits, Handler handler,
                                                 unsigned workers);
    // Waits for handlers that run on workers. Not from inside a handler.
    ~Front();

    // Accepts no more, answers 503 to what is half gathered, lets handlers end and their answers
    // go out; `on_empty` comes once, deferred, when no connection is left.
    void drain(std::function<void()> on_empty);

    // For requests whose header is read from now on.
    void set_body_bytes_max(std::uint64_t bytes);
    // For connections from now on; empty: plain HTTP.
    void set_tls(std::shared_ptr<const TlsContext> tls);
    // Outlives the Front. Without one everybody may come in, by any number of connections.
    void set_doorkeeper(Doorkeeper* doorkeeper);
    [[nodiscard]] std::size_t connections() const;

  private:
    class Impl;
    explicit Front(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace lastgood::http
