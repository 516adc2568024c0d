// A request of one forge, whose signature is right: it verifies, and what is read of it obeys the
// limits and passes the receiver's channel unchanged.
#include <algorithm>

#include "forge/form.h"
#include "forge/mac.h"
#include "forge/standard_webhooks.h"
#include "fuzz/check.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/forge/forge.h"
#include "receiver/channel.h"

namespace lastgood::fuzz {
namespace {

using core::Provider;
using forge::Verdict;

constexpr Provider kProvider = Provider::LASTGOOD_FUZZ_PROVIDER;
constexpr std::int64_t kNow = 1744578123;
const std::string kSecret = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
const std::string kOther = "whsec_b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q=";

std::string hex_signature(std::string_view text) {
    return hex_encode(forge::hmac_sha256(kSecret, text));
}

// False: no sender of this forge's could sign such a request.
bool sign(Message& message) {
    auto& headers = message.headers;
    switch (kProvider) {
        case Provider::github:
            headers["x-hub-signature-256"] = "sha256=" + hex_signature(message.body);
            return true;
        case Provider::bitbucket:
            headers["x-hub-signature"] = "sha256=" + hex_signature(message.body);
            return true;
        case Provider::gitlab_token:
            headers["x-gitlab-token"] = kSecret;
            return true;
        case Provider::gitea:
        case Provider::forgejo:
        case Provider::gogs: {
            const std::string_view type = message.header("content-type");
            auto json = Expected<std::string>(message.body);
            if (forge::is_form(type)) json = forge::json_of(type, message.body);
            if (!json) return false;
            headers["x-" + std::string(core::to_string(kProvider)) + "-signature"] =
                hex_signature(*json);
            return true;
        }
        case Provider::gitlab:
        case Provider::standard:
            break;
    }
    const std::string moment = std::to_string(kNow);
    headers["webhook-timestamp"] = moment;
    headers["webhook-signature"] = forge::standard_webhooks_signature(
        kSecret, message.header("webhook-id"), moment, message.body);
    return !message.header("webhook-id").empty();
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool has_controls(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

void check_delivery(const forge::Delivery& delivery, const Message& message) {
    FUZZ_CHECK(delivery.provider == core::to_string(kProvider));
    FUZZ_CHECK(delivery.bytes == message.body.size());
    FUZZ_CHECK(!delivery.id.empty() && delivery.id.size() <= limits::kDeliveryIdBytesMax);
    FUZZ_CHECK(is_printable(delivery.id));
    FUZZ_CHECK(!delivery.event.empty() && delivery.event.size() <= limits::kEventNameBytesMax);
    FUZZ_CHECK(is_printable(delivery.event));
    FUZZ_CHECK((delivery.kind == forge::EventKind::push) == !delivery.updates.empty());
    FUZZ_CHECK(delivery.updates.size() <= limits::kJsonElementsMax);
    for (const auto& update : delivery.updates) {
        FUZZ_CHECK(update.ref.starts_with("refs/") && update.ref.size() > 5);
        FUZZ_CHECK(update.ref.size() <= limits::kRefBytesMax && !has_controls(update.ref));
    }
    FUZZ_CHECK(delivery.repository_urls.size() <= limits::kRepositoryUrlsMax);
    for (const auto& url : delivery.repository_urls) {
        FUZZ_CHECK(!url.empty() && url.size() <= limits::kRefBytesMax && !has_controls(url));
    }
}

// As the receiver hands it on.
void check_channel(forge::Delivery delivery) {
    auto& updates = delivery.updates;
    if (updates.size() > limits::kRefsPerDeliveryMax) updates.resize(limits::kRefsPerDeliveryMax);
    const receiver::ToDaemon sent =
        receiver::DeliveryAsk{1, {AppName::parse("a"), delivery, "2001:db8::1", 7}};
    const std::string text = encode(sent);
    FUZZ_CHECK(text.size() <= limits::kChannelMessageBytesMax);
    const auto got = receiver::decode_to_daemon(text);
    FUZZ_CHECK(got);
    FUZZ_CHECK(encode(*got) == text);
    const auto& same = std::get<receiver::DeliveryAsk>(*got).incoming.delivery;
    FUZZ_CHECK(same.id == delivery.id && same.event == delivery.event);
    FUZZ_CHECK(same.updates.size() == updates.size());
    for (std::size_t i = 0; i < updates.size(); ++i) {
        FUZZ_CHECK(same.updates[i].ref == updates[i].ref);
        FUZZ_CHECK(same.updates[i].after == updates[i].after);
    }
}

void run(std::string_view text) {
    Message message(text);
    const bool can_sign = sign(message);
    const forge::Headers headers = [&message](std::string_view name) {
        return message.header(name);
    };
    const WallTime now{std::chrono::seconds(kNow)};
    const auto verdict = forge::verify(kProvider, {kOther, kSecret}, headers, message.body, now);
    FUZZ_CHECK((verdict == Verdict::verified) == can_sign);
    FUZZ_CHECK(forge::verify(kProvider, {kOther}, headers, message.body, now) == Verdict::refused);
    if (!can_sign) return;
    auto delivery = forge::parse(kProvider, headers, message.body);
    if (!delivery) {
        FUZZ_CHECK(!delivery.error().what.empty());
        return;
    }
    check_delivery(*delivery, message);
    check_channel(*std::move(delivery));
}

}  // namespace
}  // namespace lastgood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lastgood::fuzz::run(lastgood::fuzz::text_of(data, size));
    return 0;
}
