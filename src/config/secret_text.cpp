#include "config/secret_text.h"

#include <algorithm>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

Expected<std::string> content_of(const Section& section, const std::string& name,
                                 const std::string& key, bool open) {
    const Environment& environment = section.reading().environment;
    if (key == name + "_file") {
        std::string path;
        section.file(key, path);
        if (path.empty()) return std::string();  // that was told
        return environment.read_secret_file(path);
    }
    const auto text = section.text(key);
    if (!text) return std::string();
    if (key == name) {
        if (open || environment.file_is_private) return *text;
        return Error{"is a secret, and may stand in a config that only its owner can read",
                     "chmod 600 " + section.reading().file + ", or use " + name + "_file"};
    }
    auto value = environment.variable(*text);
    if (value) return *std::move(value);
    return Error{"the environment variable " + printable(*text, 100) + " is not set", ""};
}

}  // namespace

std::optional<SecretText> read_secret_text(const Section& section, const std::string& name,
                                           bool open) {
    std::string key;
    for (const std::string& one : {name + "_file", name + "_env", name}) {
        if (!section.has(one)) continue;
        if (!key.empty()) {
            section.fault(one, section.mark_of(one),
                          key + " is there already; keep one of the two");
            continue;
        }
        key = one;
    }
    if (key.empty() || section.value(key) == nullptr) return std::nullopt;
    const Mark mark = section.value(key)->mark;
    auto content = content_of(section, name, key, open);
    if (!content) {
        section.fault(key, mark, content.error().text());
        return std::nullopt;
    }
    const std::string text(trim(without_byte_order_mark(*content)));
    if (!text.empty()) {
        const std::string& stand_in = section.reading().environment.stand_in;
        return SecretText{key, mark, text == stand_in ? std::string() : text};
    }
    if (key == name + "_file" && !content->empty()) section.fault(key, mark, "the file is empty");
    return std::nullopt;
}

std::string read_token(const Section& section) {
    const auto found = read_secret_text(section, "token", false);
    if (!found) return {};
    const bool plain = std::all_of(found->text.begin(), found->text.end(),
                                   [](char c) { return c > 0x20 && c < 0x7f; });
    if (plain && found->text.size() <= limits::kTokenBytesMax) return found->text;
    section.fault(found->key, found->mark,
                  "holds no token; it must be the token alone, on one line");
    return {};
}

}  // namespace lastgood::config
