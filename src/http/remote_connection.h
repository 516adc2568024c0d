// A TCP connection to another machine, with TLS where asked, under one deadline for everything.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "lastgood/base/sys/fd.h"
#include "lastgood/http/remote_client.h"

struct ssl_st;
struct ssl_ctx_st;

namespace lastgood::http {

// What a wait ended with.
enum class Waited { ready, silence, deadline, cancelled };

class RemoteConnection {
  public:
    RemoteConnection(const Url& url, const RemoteOptions& options);
    ~RemoteConnection();
    RemoteConnection(const RemoteConnection&) = delete;
    RemoteConnection& operator=(const RemoteConnection&) = delete;

    // Name, TCP, the proxy's tunnel, TLS. Nothing: it stands.
    std::optional<RemoteFailure> open(const std::optional<Proxy>& proxy);

    // Like recv() and send() of blocking sockets: 0 at the end, -1 after a failure, which
    // `failure()` then tells.
    ssize_t read(char* buffer, std::size_t size);
    ssize_t write(const char* bytes, std::size_t size);
    [[nodiscard]] const std::optional<RemoteFailure>& failure() const { return failure_; }
    // Something was written since the connection stood.
    [[nodiscard]] bool has_sent() const { return sent_; }
    // The other side has not ended it, as far as is known here.
    [[nodiscard]] bool alive() const;
    // Another request begins: the deadline is `whole_time` from now.
    void renew();

    // Hands the descriptor over: whoever takes it closes it, and this stays usable until then.
    int release() { return fd_owner_.release(); }

  private:
    std::optional<RemoteFailure> connect_to(const Url& place);
    std::optional<RemoteFailure> open_tunnel(const Proxy& proxy);
    std::optional<RemoteFailure> start_tls();
    std::optional<RemoteFailure> prepare_tls();
    std::optional<RemoteFailure> load_client_certificate();
    [[nodiscard]] RemoteFailure tls_failure() const;
    Waited wait(short events, Millis at_most);
    bool wait_or_fail(short events);
    ssize_t read_tls(char* buffer, std::size_t size);
    ssize_t write_tls(const char* bytes, std::size_t size);
    ssize_t after_tls(int result);

    const Url url_;
    const RemoteOptions& options_;
    Instant deadline_;
    bool sent_ = false;
    sys::Fd fd_owner_;
    int fd_ = -1;
    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
    std::optional<RemoteFailure> failure_;
};

}  // namespace lastgood::http
