// Messages between daemon and receiver: what is read is within its bounds, and is read the same
// again after it was written.
#include "receiver/channel.h"
#include "fuzz/check.h"
#include "lastgood/base/limits.h"

namespace lastgood::fuzz {
namespace {

void check(const receiver::DeliveryAsk& ask) {
    const auto& delivery = ask.incoming.delivery;
    FUZZ_CHECK(delivery.updates.size() <= limits::kRefsPerDeliveryMax);
    FUZZ_CHECK(delivery.repository_urls.size() <= limits::kRepositoryUrlsMax);
}

// No byte of a message that was read from the receiver may become another line of the log.
void check(const receiver::LogLine& line) {
    FUZZ_CHECK(line.text.find_first_of("\n\r\x1b") == std::string::npos);
}

void run(std::string_view text) {
    if (const auto up = receiver::decode_to_daemon(text)) {
        if (const auto* ask = std::get_if<receiver::DeliveryAsk>(&*up)) check(*ask);
        if (const auto* line = std::get_if<receiver::LogLine>(&*up)) check(*line);
        const std::string written = encode(*up);
        const auto again = receiver::decode_to_daemon(written);
        FUZZ_CHECK(again && again->index() == up->index());
        FUZZ_CHECK(encode(*again) == written);
    } else {
        FUZZ_CHECK(!up.error().what.empty());
    }
    if (const auto down = receiver::decode_to_receiver(text)) {
        const std::string written = encode(*down);
        const auto again = receiver::decode_to_receiver(written);
        FUZZ_CHECK(again && again->index() == down->index());
        FUZZ_CHECK(encode(*again) == written);
    }
}

}  // namespace
}  // namespace lastgood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lastgood::fuzz::run(lastgood::fuzz::text_of(data, size));
    return 0;
}
