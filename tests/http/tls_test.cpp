// The front behind TLS, asked by a client of OpenSSL's own.
#include "lastgood/http/tls.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "http/running_front.h"

namespace lastgood::http::test {
namespace {

struct Pair {
    std::string certificate;
    std::string key;
};

std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
}

Pair make_pair_for(const char* name) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_sign(certificate, key, EVP_sha256());
    BIO* cert_out = BIO_new(BIO_s_mem());
    BIO* key_out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(cert_out, certificate);
    PEM_write_bio_PrivateKey(key_out, key, nullptr, nullptr, 0, nullptr, nullptr);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return {text_of(cert_out), text_of(key_out)};
}

std::shared_ptr<const TlsContext> context_of(const Pair& pair) {
    auto context = TlsContext::make(pair.certificate, pair.key);
    EXPECT_TRUE(context.ok()) << context.error().text();
    return *context;
}

class TlsClient {
  public:
    explicit TlsClient(std::uint16_t port)
        : raw_(port), context_(SSL_CTX_new(TLS_client_method())) {
        ssl_ = SSL_new(context_);
        SSL_set_fd(ssl_, raw_.fd());
        connected_ = SSL_connect(ssl_) == 1;
    }
    ~TlsClient() {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] RawClient& raw() { return raw_; }

    // All at once: as few records as they take.
    void send(const std::string& bytes) {
        EXPECT_EQ(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())),
                  static_cast<int>(bytes.size()));
    }
    // Everything up to and with `text`.
    std::string read_until(const std::string& text) {
        while (in_.find(text) == std::string::npos) {
            char buffer[4096];
            const int got = SSL_read(ssl_, buffer, sizeof buffer);
            if (got <= 0) break;
            in_.append(buffer, static_cast<std::size_t>(got));
        }
        return in_;
    }

  private:
    RawClient raw_;
    SSL_CTX* context_;
    SSL* ssl_;
    bool connected_ = false;
    std::string in_;
};

class TlsFront : public testing::Test {
  protected:
    RunningFront& front(FrontLimits limits = {}, unsigned workers = 0) {
        running_ = std::make_unique<RunningFront>(
            limits, echo, workers, sys::Fd(),
            [](Front& front) { front.set_tls(context_of(make_pair_for("front"))); });
        return *running_;
    }

  private:
    std::unique_ptr<RunningFront> running_;
};

TEST_F(TlsFront, AnswersOverTls) {
    TlsClient client(front().port());
    ASSERT_TRUE(client.connected());
    client.send(post("/a", "one"));
    EXPECT_NE(client.read_until("POST /a one").find("HTTP/1.1 200"), std::string::npos);
}

TEST_F(TlsFront, ManyRequestsInOneRecordAreAllAnswered) {
    TlsClient client(front().port());
    std::string many;
    for (int i = 0; i < 50; ++i) many += post("/n", "request " + std::to_string(i) + ";");
    client.send(many);
    EXPECT_NE(client.read_until("request 49;").find("request 48;"), std::string::npos);
}

TEST_F(TlsFront, ABodyOfManyRecordsAndTheNextRequestBehindIt) {
    TlsClient client(front({}, 2).port());
    const std::string large(300'001, 'x');
    client.send(post("/large", large) + post("/next", "after it"));
    EXPECT_NE(client.read_until("POST /next after it").find(large), std::string::npos);
}

TEST_F(TlsFront, ASilentOrPlainPeerIsNotWaitedForLongerThanForAHeader) {
    FrontLimits limits;
    limits.header_time = Millis(100);
    RunningFront& running = front(limits);
    RawClient silent(running.port());
    EXPECT_TRUE(silent.ended());
    RawClient plain(running.port());
    plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(plain.ended());
    TlsClient other(running.port());
    EXPECT_TRUE(other.connected());
}

TEST(TlsContext, SaysWhatIsWrongWithAPair) {
    const Pair one = make_pair_for("one");
    const Pair two = make_pair_for("two");
    const auto why = [](const std::string& certificate, const std::string& key) {
        auto context = TlsContext::make(certificate, key);
        return context ? std::string() : context.error().what;
    };
    EXPECT_EQ(why(one.certificate, one.key), "");
    EXPECT_EQ(why(one.certificate + two.certificate, one.key), "") << "a chain";
    EXPECT_NE(why(one.certificate, two.key).find("isn't that of the certificate"),
              std::string::npos);
    EXPECT_NE(why("", one.key).find("certificate can't be read"), std::string::npos);
    EXPECT_NE(why(one.key, one.key).find("certificate can't be read"), std::string::npos);
    EXPECT_NE(why(one.certificate, "").find("key can't be read"), std::string::npos);
    EXPECT_NE(why(one.certificate, "rubbish").find("key can't be read"), std::string::npos);
}

TEST(TlsContext, SummarisesItsCertificate) {
    EXPECT_TRUE(context_of(make_pair_for("hooks.example"))
                    ->summary()
                    .starts_with("CN=hooks.example, until 20"));
}

}  // namespace
}  // namespace lastgood::http::test
