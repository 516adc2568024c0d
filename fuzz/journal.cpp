// What the journal's rows hold as text: a damaged one is refused, and what is read is read the same
// again after it was written.
#include "fuzz/check.h"
#include "lastgood/git/session.h"
#include "lastgood/store/state_codec.h"

namespace lastgood::fuzz {
namespace {

void run(const std::string& text) {
    if (const auto state = store::decode_state(text)) {
        const std::string written = store::encode_state(*state);
        const auto again = store::decode_state(written);
        FUZZ_CHECK(again && store::encode_state(*again) == written);
    } else {
        FUZZ_CHECK(!state.error().what.empty());
    }
    if (const auto settings = git::decode_settings(text)) {
        const auto again = git::decode_settings(git::encode_settings(*settings));
        FUZZ_CHECK(again.ok());
    }
}

}  // namespace
}  // namespace lastgood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lastgood::fuzz::run(std::string(lastgood::fuzz::text_of(data, size)));
    return 0;
}
