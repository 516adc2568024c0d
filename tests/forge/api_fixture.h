// Answers of a forge's API, for tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "lastgood/forge/api.h"

namespace lastgood::forge::test {

inline ApiAnswer answer(int status, const std::string& body,
                        const std::map<std::string, std::string>& headers = {}) {
    return {status,
            [headers](std::string_view name) -> std::string_view {
                static thread_local std::string kept;
                const auto found = headers.find(std::string(name));
                kept = found == headers.end() ? "" : found->second;
                return kept;
            },
            body};
}

inline ApiPlace place(core::Provider provider, const std::string& repo,
                      const std::string& api = {}) {
    const auto found = find_place(provider, repo, api);
    EXPECT_TRUE(found.ok()) << repo << ": " << (found.ok() ? "" : found.error().text());
    return found.ok() ? *found : ApiPlace{};
}

inline std::string header_of(const ApiRequest& request, const std::string& name) {
    for (const auto& [known, value] : request.headers) {
        if (known == name) return value;
    }
    return {};
}

inline nlohmann::json body_of(const ApiRequest& request) {
    return nlohmann::json::parse(request.body);
}

}  // namespace lastgood::forge::test
