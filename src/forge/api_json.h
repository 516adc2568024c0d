// What the readers of all forges' APIs share.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "lastgood/forge/api.h"

namespace lastgood::forge {

using Json = nlohmann::json;

// Nothing when it is no JSON, or nested beyond the limit.
std::optional<Json> parse_json(const std::string& text);

// Missing or of another kind: empty, false, nothing.
std::string text_of(const Json& object, const char* name);
bool truth_of(const Json& object, const char* name);
std::string id_of(const Json& object);  // a number or text that is safe in a path

// The query of the next page's address in a Link header; empty: there is none.
std::string next_query(std::string_view link);

// An array of objects, each read by `read`; an Error where it is none.
template <typename Row, typename Read>
Expected<std::vector<Row>> rows_of(const ApiAnswer& answer, const Read& read) {
    const auto json = parse_json(answer.body);
    if (!json || !json->is_array()) {
        return Error{"the forge's answer is not understood", "check the API's address (--api)"};
    }
    std::vector<Row> rows;
    for (const Json& object : *json) {
        if (object.is_object() && !id_of(object).empty()) rows.push_back(read(object));
    }
    return rows;
}

// The one object of an answer to create or update.
template <typename Read>
Expected<Hook> hook_of(const ApiAnswer& answer, const Read& read) {
    const auto json = parse_json(answer.body);
    if (!json || !json->is_object() || id_of(*json).empty()) {
        return Error{"the forge's answer is not understood", "check the API's address (--api)"};
    }
    return read(*json);
}

std::unique_ptr<Api> make_github_api(const ApiPlace& place, const std::string& token);
std::unique_ptr<Api> make_gitlab_api(const ApiPlace& place, const std::string& token);
std::unique_ptr<Api> make_gitea_api(const ApiPlace& place, const std::string& token);

}  // namespace lastgood::forge
