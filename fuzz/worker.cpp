// What daemon and git worker say to each other: the worker has read a stranger's repository.
#include "fuzz/check.h"
#include "git/progress.h"
#include "git/protocol.h"

namespace lastgood::fuzz {
namespace {

template <typename T>
void answer(std::string_view line) {
    const auto result = git::decode_answer<T>(line);
    FUZZ_CHECK(result.value.has_value() || !result.error.error.what.empty());
}

void run(std::string_view line) {
    answer<std::optional<CommitId>>(line);
    answer<git::FetchResult>(line);
    answer<git::Released>(line);
    answer<bool>(line);
    answer<std::uint64_t>(line);
    answer<std::vector<std::string>>(line);
    answer<std::vector<Finding>>(line);
    if (const auto progress = git::decode_progress(line)) {
        FUZZ_CHECK(git::decode_progress(git::encode_progress(*progress)).has_value());
    }
    // What git said, as the worker takes it.
    if (git::parse_git_progress(line)) FUZZ_CHECK(git::is_git_chatter(line));
    const auto request = git::decode_request(line);
    if (!request) return;
    const std::string written = git::encode(*request);
    FUZZ_CHECK(written.find('\n') == std::string::npos);
    const auto again = git::decode_request(written);
    FUZZ_CHECK(again && git::encode(*again) == written);
}

}  // namespace
}  // namespace lastgood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lastgood::fuzz::run(lastgood::fuzz::text_of(data, size));
    return 0;
}
