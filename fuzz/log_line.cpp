// Lines of our logs and of the apps' own, which hold whatever an app writes.
#include "fuzz/check.h"
#include "logs/foreign_line.h"
#include "logs/line_format.h"

namespace lastgood::fuzz {
namespace {

void same_again(const logs::ParsedLine& parsed, config::LogFormat format) {
    std::string written;
    logs::append_line({"2026-05-01T12:00:00.000Z", "blue", "out", parsed.text, parsed.whole},
                      format, written);
    FUZZ_CHECK(written.ends_with('\n'));
    written.pop_back();
    FUZZ_CHECK(written.find('\n') == std::string::npos);
    const auto again = logs::parse_line(written);
    FUZZ_CHECK(again && again->whole == parsed.whole);
    if (format == config::LogFormat::text) FUZZ_CHECK(again->text == parsed.text);
}

void run(std::string_view line) {
    (void)logs::read_foreign(line, WallTime{});
    if (line.find('\n') != std::string_view::npos) return;
    const auto parsed = logs::parse_line(line);
    if (!parsed || parsed->text.find('\n') != std::string::npos) return;
    same_again(*parsed, config::LogFormat::text);
    same_again(*parsed, config::LogFormat::json);
}

}  // namespace
}  // namespace lastgood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lastgood::fuzz::run(lastgood::fuzz::text_of(data, size));
    return 0;
}
