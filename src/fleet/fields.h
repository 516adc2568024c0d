// Members of JSON objects as values of the core, both ways (pure). Reading throws BadField, which
// the codecs turn into an Error.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/ids.h"
#include "lastgood/base/time.h"
#include "lastgood/core/fleet_view.h"

namespace lastgood::fleet {

using Json = nlohmann::json;

struct BadField {
    std::string what;  // "commit is no commit"
};

// ---- reading; a member that isn't there is the default, or nothing
const Json& an_object(const Json& json);
bool has(const Json& json, const char* name);
std::string text_of(const Json& json, const char* name);
std::string name_of(const Json& json, const char* name);  // never empty, plain and short
std::int64_t number_of(const Json& json, const char* name);
bool flag_of(const Json& json, const char* name);
CommitId commit_of(const Json& json, const char* name);
std::optional<CommitId> maybe_commit(const Json& json, const char* name);
WallTime time_of(const Json& json, const char* name);
std::optional<WallTime> maybe_time(const Json& json, const char* name);
core::HostName host_of(const std::string& text);
AppName app_of(const Json& json, const char* name);
core::Trigger trigger_of(const Json& json, const char* name);
const Json& list_of(const Json& json, const char* name);  // empty where there is none
const Json& map_of(const Json& json, const char* name);
std::vector<CommitId> commits_of(const Json& json, const char* name);

template <typename T>
T word_of(const Json& json, const char* name, std::optional<T> (*parse)(std::string_view)) {
    const auto word = parse(text_of(json, name));
    if (!word) throw BadField{std::string(name) + " is no word that this version knows"};
    return *word;
}

// ---- writing; leaves out what has its default
void put_text(Json& json, const char* name, const std::string& text);  // as UTF-8, cut
void put_number(Json& json, const char* name, std::int64_t number);
void put_flag(Json& json, const char* name, bool flag);
void put_commit(Json& json, const char* name, const std::optional<CommitId>& commit);
void put_commits(Json& json, const char* name, const std::vector<CommitId>& commits);
void put_time(Json& json, const char* name, WallTime time);

// `read` gets the parsed object. `what` names it in the Error: "the wish".
template <typename T, typename Read>
Expected<T> read_object(std::string_view text, const char* what, const Read& read) {
    try {
        const Json json = Json::parse(text);
        return read(an_object(json));
    } catch (const BadField& bad) {
        return Error{std::string(what) + " can't be read: " + bad.what, ""};
    } catch (const Json::exception&) {
        return Error{std::string(what) + " can't be read: it is no JSON", ""};
    }
}

}  // namespace lastgood::fleet
