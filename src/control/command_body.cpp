#include "control/command_body.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/control/role.h"

namespace lastgood::control {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDeliveryIdBytesMax = 256;

bool is_commit_prefix(std::string_view text) {
    return text.size() >= 4 && text.size() <= 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Error wrong(const std::string& field, const std::string& should_be) {
    return Error{"\"" + field + "\" must be " + should_be, {}};
}

Expected<void> take_commit(const std::string& field, const Json& value, std::string& into) {
    if (value.is_null()) return {};
    if (!value.is_string()) return wrong(field, "a commit id in hex");
    into = to_lower(value.get<std::string>());
    if (!into.empty() && !is_commit_prefix(into)) {
        return wrong(field, "a commit id, or the first 4 or more digits of one");
    }
    return {};
}

Expected<void> take(const std::string& field, const Json& value, CommandBody& into) {
    if (field == "commit") return take_commit(field, value, into.commit);
    if (field == "to") return take_commit(field, value, into.to);
    if (field == "force") {
        if (!value.is_boolean()) return wrong(field, "true or false");
        into.force = value.get<bool>();
    } else if (field == "id") {
        if (!value.is_string()) return wrong(field, "the id of a delivery");
        into.id = value.get<std::string>();
        if (into.id.empty() || into.id.size() > kDeliveryIdBytesMax) {
            return wrong(field, "the id of a delivery");
        }
    } else {
        if (!value.is_string()) return wrong(field, "a name");
        into.by = printable(value.get<std::string>(), limits::kOperatorBytesMax);
    }
    return {};
}

std::optional<std::string> user_name(uid_t uid) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0) return std::nullopt;
    if (found == nullptr) return std::nullopt;
    return printable(found->pw_name, limits::kOperatorBytesMax);
}

}  // namespace

Expected<CommandBody> parse_command_body(std::string_view body,
                                         const std::vector<std::string>& allowed) {
    CommandBody parsed;
    if (trim(body).empty()) return parsed;
    // Nothing in a command nests: deeper bodies are refused while they are read.
    bool too_deep = false;
    const Json whole = Json::parse(
        body,
        [&too_deep](int depth, Json::parse_event_t, const Json&) {
            too_deep = too_deep || depth > 4;
            return !too_deep;
        },
        false);
    if (too_deep || !whole.is_object()) return Error{"the body must be a JSON object", {}};
    for (const auto& [field, value] : whole.items()) {
        const bool known =
            field == "by" || std::find(allowed.begin(), allowed.end(), field) != allowed.end();
        if (!known) return Error{"unknown field \"" + printable(field, 64) + "\"", {}};
        if (auto taken = take(field, value, parsed); !taken) return taken.error();
    }
    return parsed;
}

std::string operator_name(std::string_view peer, const std::string& claimed) {
    const Caller caller = parse_caller(peer);
    if (!caller.known) return claimed.empty() ? "someone" : claimed;
    if (caller.uid == 0 && !claimed.empty()) return claimed;
    return user_name(caller.uid).value_or("uid " + std::to_string(caller.uid));
}

}  // namespace lastgood::control
