// Whatever headers a stranger sends: no provider lets them in without the secret.
#include "fuzz/check.h"
#include "lastgood/forge/forge.h"

namespace lastgood::fuzz {
namespace {

using forge::Verdict;

void run(std::string_view text) {
    const Message message(text);
    const forge::Headers headers = [&message](std::string_view name) {
        return message.header(name);
    };
    const WallTime now{std::chrono::seconds(1744578123)};
    // Nobody knows this one; the others are what a careless config might hold.
    const std::vector<std::vector<std::string>> all_secrets = {
        {}, {""}, {"whsec_"}, {"whsec_!"}, {"whsec_c2VjcmV0LW9mLW5vYm9keS1hdC1hbGwtMTIzNDU2Nzg="}};
    for (const auto provider : core::all_providers()) {
        for (const auto& secrets : all_secrets) {
            // The bare secret in a header is gitlab-token's whole proof.
            if (provider == core::Provider::gitlab_token && !secrets.empty() &&
                message.header("x-gitlab-token") == secrets.front()) {
                continue;
            }
            FUZZ_CHECK(forge::verify(provider, secrets, headers, message.body, now) ==
                       Verdict::refused);
        }
    }
}

}  // namespace
}  // namespace lastgood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lastgood::fuzz::run(lastgood::fuzz::text_of(data, size));
    return 0;
}
