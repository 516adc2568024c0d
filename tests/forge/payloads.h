// The recorded payloads and vectors under tests/data, and requests made of them.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "lastgood/forge/forge.h"

namespace lastgood::forge {

inline std::filesystem::path payload_folder() {
    return std::filesystem::path(LASTGOOD_TEST_DATA) / "payloads";
}

inline std::string payload(const std::string& name) {
    std::ifstream file(payload_folder() / name, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    if (content.str().empty()) throw std::runtime_error("no payload " + name);
    return content.str();
}

inline std::vector<std::string> payloads_that_begin(const std::string& prefix) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(payload_folder())) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix)) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

inline std::vector<nlohmann::json> vectors(const std::string& scheme) {
    std::vector<nlohmann::json> found;
    for (const auto& vector : nlohmann::json::parse(payload("VECTORS.json"))) {
        if (vector.at("scheme") == scheme) found.push_back(vector);
    }
    return found;
}

inline std::string body_of(const nlohmann::json& vector) {
    return vector.contains("file") ? payload(vector.at("file"))
                                   : vector.at("body").get<std::string>();
}

struct Request {
    std::map<std::string, std::string> headers;
    std::string body;

    [[nodiscard]] Headers lookup() const {
        return [this](std::string_view name) -> std::string_view {
            const auto found = headers.find(std::string(name));
            return found == headers.end() ? std::string_view{} : found->second;
        };
    }
    [[nodiscard]] bool verifies(core::Provider provider, const std::vector<std::string>& secrets,
                                WallTime now = {}) const {
        return verify(provider, secrets, lookup(), body, now) == Verdict::verified;
    }
    [[nodiscard]] Expected<Delivery> parsed(core::Provider provider) const {
        return parse(provider, lookup(), body);
    }
};

inline std::string form_encoded(const std::string& text) {
    std::string out;
    char hex[4];
    for (const unsigned char c : text) {
        std::snprintf(hex, sizeof hex, "%%%02X", c);
        out += c == ' ' ? "+" : std::isalnum(c) != 0 ? std::string(1, static_cast<char>(c)) : hex;
    }
    return out;
}

inline WallTime at_second(std::int64_t seconds) {
    return WallTime{std::chrono::seconds(seconds)};
}

}  // namespace lastgood::forge
