// A config file of any bytes: a config or faults with their place, never both and never neither.
#include "fuzz/check.h"
#include "lastgood/config/load.h"

namespace lastgood::fuzz {
namespace {

config::Environment environment() {
    config::Environment environment;
    environment.variable = [](const std::string& name) -> std::optional<std::string> {
        if (name == "SECRET") return "0123456789abcdef0123456789abcdef";
        return std::nullopt;
    };
    environment.read_secret_file = [](const std::string& path) -> Expected<std::string> {
        FUZZ_CHECK(path.starts_with('/'));
        if (path == "/secret") return std::string("0123456789abcdef0123456789abcdef\n");
        if (path == "/token") {
            return std::string("whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=\n");
        }
        return Error{path + ": No such file or directory", ""};
    };
    environment.file_is_private = true;
    environment.current_folder = "/home/me";
    return environment;
}

void check(const config::Config& config) {
    FUZZ_CHECK(config.webhook.secrets.size() <= limits::kSecretsMax);
    FUZZ_CHECK(config.state_dir.starts_with('/') && config.runtime_dir.starts_with('/'));
    for (const auto& app : config.apps) {
        FUZZ_CHECK(!app.repo.empty() && !app.followed.branch.empty() && !app.run.argv.empty());
        FUZZ_CHECK(!config.webhook.has_receiver() || !app.webhook.secrets.empty());
    }
}

void run(std::string_view text) {
    const auto loaded = config::parse("/etc/lastgood/lastgood.yaml", text, environment());
    FUZZ_CHECK(loaded.config.has_value() == loaded.faults.empty());
    for (const auto& fault : loaded.faults) {
        FUZZ_CHECK(fault.line >= 1 && fault.column >= 1 && !fault.message.empty());
        FUZZ_CHECK(fault.text().find_first_of("\n\r\x1b\x7f") == std::string::npos);
    }
    if (loaded.config) check(*loaded.config);
}

}  // namespace
}  // namespace lastgood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lastgood::fuzz::run(lastgood::fuzz::text_of(data, size));
    return 0;
}
