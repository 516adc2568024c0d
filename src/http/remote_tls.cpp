// TLS of a RemoteConnection: the system's store or a given file, the name always verified.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <array>

#include "http/remote_connection.h"
#include "lastgood/base/strings.h"

namespace lastgood::http {
namespace {

using Kind = RemoteFailure::Kind;

bool is_address(const std::string& host) {
    std::array<unsigned char, 16> bytes{};
    return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

std::string newest_reason() {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
    return reason != nullptr ? reason : "it ended the connection";
}

RemoteFailure certificate_failure(const std::string& host, long verdict,
                                  const std::string& ca_file) {
    const std::string its = "the certificate of " + host + " ";
    const std::string why = X509_verify_cert_error_string(verdict);
    switch (verdict) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return {Kind::certificate, {its + "has expired", "renew it on that server"}};
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return {Kind::certificate,
                    {its + "is not valid yet", "check the clock of this machine"}};
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return {Kind::certificate,
                    {its + "is for another name (" + why + ")",
                     "use the name that it was made for, or make one for " + host}};
        default:
            return {Kind::certificate,
                    {its + "is not trusted (" + why + ")",
                     ca_file.empty()
                         ? "if its authority is your own, name its file by --ca or SSL_CERT_FILE; "
                           "if not, install the package ca-certificates"
                         : "check that " + ca_file + " holds the authority that signed it"}};
    }
}

}  // namespace

std::optional<RemoteFailure> RemoteConnection::prepare_tls() {
    ERR_clear_error();
    context_.reset(SSL_CTX_new(TLS_client_method()));
    LG_ASSERT(context_ != nullptr);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    const bool loaded =
        options_.ca_file.empty()
            ? SSL_CTX_set_default_verify_paths(context_.get()) == 1
            : SSL_CTX_load_verify_locations(context_.get(), options_.ca_file.c_str(), nullptr) == 1;
    if (!loaded) {
        const std::string file =
            options_.ca_file.empty() ? "the system's certificates" : options_.ca_file;
        return RemoteFailure{Kind::certificate,
                             {"can't read " + file + " (" + newest_reason() + ")",
                              "it must be a readable file with certificates in PEM form"}};
    }
    if (auto failed = load_client_certificate()) return failed;
    tls_.reset(SSL_new(context_.get()));
    LG_ASSERT(tls_ != nullptr);
    X509_VERIFY_PARAM* rules = SSL_get0_param(tls_.get());
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool address = is_address(url_.host);
    const bool named = address ? X509_VERIFY_PARAM_set1_ip_asc(rules, url_.host.c_str()) == 1
                               : X509_VERIFY_PARAM_set1_host(rules, url_.host.c_str(), 0) == 1;
    LG_ASSERT(named);
    if (!address) SSL_set_tlsext_host_name(tls_.get(), url_.host.c_str());
    const bool attached = SSL_set_fd(tls_.get(), fd_) == 1;
    LG_ASSERT(attached);
    return std::nullopt;
}

std::optional<RemoteFailure> RemoteConnection::load_client_certificate() {
    if (options_.client_cert_file.empty()) return std::nullopt;
    const auto fault = [](const std::string& file, const std::string& mend) {
        return RemoteFailure{Kind::tls, {"can't use " + file + " (" + newest_reason() + ")", mend}};
    };
    if (SSL_CTX_use_certificate_chain_file(context_.get(), options_.client_cert_file.c_str()) != 1)
        return fault(options_.client_cert_file, "it must be a readable certificate in PEM form");
    if (SSL_CTX_use_PrivateKey_file(context_.get(), options_.client_key_file.c_str(),
                                    SSL_FILETYPE_PEM) != 1) {
        return fault(options_.client_key_file,
                     "it must be a readable key in PEM form, without a passphrase, and that of " +
                         options_.client_cert_file);
    }
    return std::nullopt;
}

std::optional<RemoteFailure> RemoteConnection::start_tls() {
    if (auto failed = prepare_tls()) return failed;
    while (true) {
        const int result = SSL_connect(tls_.get());
        if (result == 1) return std::nullopt;
        const int why = SSL_get_error(tls_.get(), result);
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return tls_failure();
        if (!wait_or_fail(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) return failure_;
    }
}

RemoteFailure RemoteConnection::tls_failure() const {
    const long verdict = SSL_get_verify_result(tls_.get());
    if (verdict != X509_V_OK) return certificate_failure(url_.host, verdict, options_.ca_file);
    return {Kind::tls,
            {"no TLS with " + url_.authority() + " (" + newest_reason() + ")",
             "check that this port speaks https, with TLS 1.2 or newer"}};
}

// What came of a read or write: its count, 0 at the end, -1 with the failure; -2: once more.
ssize_t RemoteConnection::after_tls(int result) {
    if (result > 0) return result;
    const int why = SSL_get_error(tls_.get(), result);
    if (why == SSL_ERROR_ZERO_RETURN) return 0;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        return wait_or_fail(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT) ? -2 : -1;
    }
    failure_ = {Kind::broken,
                {"the connection to " + url_.authority() + " broke (" + newest_reason() + ")",
                 "try again"}};
    return -1;
}

ssize_t RemoteConnection::read_tls(char* buffer, std::size_t size) {
    while (true) {
        ERR_clear_error();
        const ssize_t got = after_tls(SSL_read(tls_.get(), buffer, static_cast<int>(size)));
        if (got != -2) return got;
    }
}

ssize_t RemoteConnection::write_tls(const char* bytes, std::size_t size) {
    while (true) {
        ERR_clear_error();
        const ssize_t wrote = after_tls(SSL_write(tls_.get(), bytes, static_cast<int>(size)));
        if (wrote > 0) sent_ = true;
        if (wrote != -2) return wrote;
    }
}

}  // namespace lastgood::http
