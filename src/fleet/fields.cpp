#include "fleet/fields.h"

#include <algorithm>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::fleet {
namespace {

[[noreturn]] void bad(const char* name, const char* why) {
    throw BadField{std::string(name) + " " + why};
}

}  // namespace

const Json& an_object(const Json& json) {
    if (!json.is_object()) throw BadField{"it is no object"};
    return json;
}

bool has(const Json& json, const char* name) {
    const auto found = json.find(name);
    return found != json.end() && !found->is_null();
}

std::string text_of(const Json& json, const char* name) {
    if (!has(json, name)) return {};
    const Json& value = json.at(name);
    if (!value.is_string()) bad(name, "is no text");
    auto text = value.get<std::string>();
    if (text.size() > limits::kFleetValueBytesMax) bad(name, "is too long");
    return text;
}

std::string name_of(const Json& json, const char* name) {
    auto text = text_of(json, name);
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-' || c == ':';
    });
    if (text.empty() || !plain || text.size() > limits::kDeliveryIdBytesMax) bad(name, "is no id");
    return text;
}

std::int64_t number_of(const Json& json, const char* name) {
    if (!has(json, name)) return 0;
    const Json& value = json.at(name);
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) {
        bad(name, "is too large");
    }
    if (!value.is_number_integer()) bad(name, "is no whole number");
    return value.get<std::int64_t>();
}

bool flag_of(const Json& json, const char* name) {
    if (!has(json, name)) return false;
    if (!json.at(name).is_boolean()) bad(name, "is neither true nor false");
    return json.at(name).get<bool>();
}

CommitId commit_of(const Json& json, const char* name) {
    auto commit = CommitId::parse(text_of(json, name));
    if (!commit) bad(name, "is no commit");
    return *std::move(commit);
}

std::optional<CommitId> maybe_commit(const Json& json, const char* name) {
    if (!has(json, name)) return std::nullopt;
    return commit_of(json, name);
}

WallTime time_of(const Json& json, const char* name) {
    const auto time = parse_rfc3339(text_of(json, name));
    if (!time) bad(name, "is no time");
    return *time;
}

std::optional<WallTime> maybe_time(const Json& json, const char* name) {
    if (!has(json, name)) return std::nullopt;
    return time_of(json, name);
}

core::HostName host_of(const std::string& text) {
    auto host = core::HostName::parse(text);
    if (!host || host->str() != text) throw BadField{"a host's name is none"};
    return *std::move(host);
}

AppName app_of(const Json& json, const char* name) {
    auto app = AppName::parse(text_of(json, name));
    if (!app) bad(name, "is no app's name");
    return *std::move(app);
}

core::Trigger trigger_of(const Json& json, const char* name) {
    return word_of<core::Trigger>(json, name, core::parse_trigger);
}

const Json& list_of(const Json& json, const char* name) {
    static const Json kNone = Json::array();
    if (!has(json, name)) return kNone;
    if (!json.at(name).is_array()) bad(name, "is no list");
    return json.at(name);
}

const Json& map_of(const Json& json, const char* name) {
    static const Json kNone = Json::object();
    if (!has(json, name)) return kNone;
    if (!json.at(name).is_object()) bad(name, "is no object");
    return json.at(name);
}

std::vector<CommitId> commits_of(const Json& json, const char* name) {
    std::vector<CommitId> commits;
    for (const Json& one : list_of(json, name)) {
        auto commit = CommitId::parse(one.is_string() ? one.get<std::string>() : "");
        if (!commit) bad(name, "holds what is no commit");
        commits.push_back(*std::move(commit));
    }
    return commits;
}

void put_text(Json& json, const char* name, const std::string& text) {
    if (text.empty()) return;
    std::string whole = to_utf8(text);
    if (whole.size() > limits::kReasonBytesMax) {
        // Not in the middle of a character.
        std::size_t end = limits::kReasonBytesMax;
        while (end > 0 && (static_cast<unsigned char>(whole[end]) & 0xc0U) == 0x80U) --end;
        whole.resize(end);
    }
    json[name] = std::move(whole);
}

void put_number(Json& json, const char* name, std::int64_t number) {
    if (number != 0) json[name] = number;
}

void put_flag(Json& json, const char* name, bool flag) {
    if (flag) json[name] = true;
}

void put_commit(Json& json, const char* name, const std::optional<CommitId>& commit) {
    if (commit) json[name] = commit->hex();
}

void put_commits(Json& json, const char* name, const std::vector<CommitId>& commits) {
    if (commits.empty()) return;
    Json list = Json::array();
    for (const CommitId& commit : commits) list.push_back(commit.hex());
    json[name] = std::move(list);
}

void put_time(Json& json, const char* name, WallTime time) {
    json[name] = format_rfc3339(time);
}

}  // namespace lastgood::fleet
