// Bodies of commands on the control socket, and who connected.
#include "control/command_body.h"

#include "fuzz/check.h"
#include "lastgood/base/limits.h"
#include "lastgood/control/role.h"

namespace lastgood::fuzz {
namespace {

bool is_hex(const std::string& text) {
    return text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void run(std::string_view text) {
    const auto body = control::parse_command_body(text, {"commit", "to", "force", "id"});
    if (body) {
        for (const std::string& commit : {body->commit, body->to}) {
            FUZZ_CHECK(is_hex(commit) && commit.size() <= 64);
        }
        // It is written to the log and the journal.
        FUZZ_CHECK(body->by.find_first_of("\n\r\x1b") == std::string::npos);
    } else {
        FUZZ_CHECK(!body.error().what.empty());
    }
    const control::RoleGroups groups{.read = {100}, .deploy = {200}, .admin = {300}};
    const auto caller = control::parse_caller(text);
    if (!caller.known) FUZZ_CHECK(role_of(caller, groups, 1) == control::Role::none);
}

}  // namespace
}  // namespace lastgood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lastgood::fuzz::run(lastgood::fuzz::text_of(data, size));
    return 0;
}
