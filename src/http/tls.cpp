#include "lastgood/http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cstdint>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::http {
namespace {

struct Freeing {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, Freeing>;

std::string openssl_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "" : std::string(": ") + reason;
}

Owned<BIO> reading(std::string_view text) {
    return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key with a passphrase would make OpenSSL ask on the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

Expected<void> use_certificate(SSL_CTX* context, std::string_view pem) {
    const auto bio = reading(pem);
    const Owned<X509> own(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr));
    if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) {
        return Error{"the TLS certificate can't be read" + openssl_reason(),
                     "tls.cert must be a PEM file that begins with the server's certificate"};
    }
    while (true) {
        Owned<X509> issuer(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
        if (!issuer) break;
        if (SSL_CTX_add0_chain_cert(context, issuer.get()) != 1) {
            return Error{"the TLS certificate's chain can't be used" + openssl_reason(), {}};
        }
        static_cast<void>(issuer.release());
    }
    ERR_clear_error();  // the end of the file is one
    return {};
}

Expected<void> use_key(SSL_CTX* context, std::string_view pem) {
    const auto bio = reading(pem);
    const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (!key) {
        return Error{"the TLS key can't be read" + openssl_reason(),
                     "tls.key must be a PEM file without a passphrase"};
    }
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return Error{"the TLS key isn't that of the certificate" + openssl_reason(),
                     "set tls.cert and tls.key to one pair"};
    }
    return {};
}

}  // namespace

Expected<std::shared_ptr<const TlsContext>> TlsContext::make(std::string_view certificate_pem,
                                                             std::string_view key_pem) {
    ERR_clear_error();
    Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
    if (!context) return Error{"could not make a TLS context" + openssl_reason(), {}};
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    // Idle connections give their buffers back; writes are of whatever the socket takes.
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (auto used = use_certificate(context.get(), certificate_pem); !used) return used.error();
    if (auto used = use_key(context.get(), key_pem); !used) return used.error();
    return std::shared_ptr<const TlsContext>(new TlsContext(context.release()));
}

TlsContext::~TlsContext() {
    SSL_CTX_free(static_cast<SSL_CTX*>(context_));
}

std::string TlsContext::summary() const {
    const X509* certificate = SSL_CTX_get0_certificate(static_cast<SSL_CTX*>(context_));
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    tm until{};
    ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &until);
    char date[16] = "";
    strftime(date, sizeof date, "%Y-%m-%d", &until);
    return std::string("CN=") + printable(name, sizeof name) + ", until " + date;
}

WallTime TlsContext::expires() const {
    const X509* certificate = SSL_CTX_get0_certificate(static_cast<SSL_CTX*>(context_));
    tm until{};
    ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &until);
    return WallTime(std::chrono::seconds(timegm(&until)));
}

Expected<TlsPair> read_tls_pair(const std::string& certificate_path, const std::string& key_path) {
    auto certificate = sys::read_file(certificate_path, limits::kTlsFileBytesMax);
    if (!certificate) return certificate.error();
    auto key = sys::read_file(key_path, limits::kTlsFileBytesMax);
    if (!key) return key.error();
    auto context = TlsContext::make(*certificate, *key);
    if (!context) return context.error();
    return TlsPair{std::move(*certificate), std::move(*key), (*context)->summary(),
                   (*context)->expires()};
}

}  // namespace lastgood::http
