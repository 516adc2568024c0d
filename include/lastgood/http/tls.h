// A certificate with its key, ready to serve connections.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lastgood/base/error.h"
#include "lastgood/base/time.h"

namespace lastgood::http {

// Immutable; shared by the connections that it began, so that a renewal disturbs none of them.
// TLS 1.2 and 1.3, no renegotiation, no session state kept here.
class TlsContext {
  public:
    // PEM texts: the certificate with its chain, and its key without a passphrase. No file is
    // touched. An Error says which of the two is wrong and how.
    static Expected<std::shared_ptr<const TlsContext>> make(std::string_view certificate_pem,
                                                            std::string_view key_pem);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    // Of the certificate: "CN=example.org, until 2027-01-31".
    [[nodiscard]] std::string summary() const;
    [[nodiscard]] WallTime expires() const;
    // OpenSSL's SSL_CTX, for the front.
    [[nodiscard]] void* native() const { return context_; }

  private:
    explicit TlsContext(void* context) : context_(context) {}
    void* context_;
};

struct TlsPair {
    std::string certificate_pem;
    std::string key_pem;
    std::string summary;  // of the certificate
    WallTime expires{};
};
// Both files, tried: whoever gets them can make a context of them.
Expected<TlsPair> read_tls_pair(const std::string& certificate_path, const std::string& key_path);

}  // namespace lastgood::http
