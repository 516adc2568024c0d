#include "forge/json_fields.h"

#include <algorithm>

#include "forge/json_collector.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

using Kind = JsonField::Kind;

Error wrong(const std::string& path, const std::string& why) {
    return {"the payload's field `" + path + "` " + why, ""};
}

bool has_controls(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

std::string element_path(std::string_view list, std::size_t index) {
    return std::string(list) + "[" + std::to_string(index) + "]";
}

Expected<JsonFields> JsonFields::read(std::string_view json, const Paths& wanted) {
    JsonFields found;
    const WantedNode tree = WantedNode::of(wanted);
    JsonCollector collector(tree, found.fields_);
    try {
        if (nlohmann::json::sax_parse(json.begin(), json.end(), &collector)) return found;
    } catch (const std::exception& failure) {
        return Error{std::string("the payload can't be read: ") + failure.what(), ""};
    }
    return Error{collector.fault(), ""};
}

const JsonField* JsonFields::find(const std::string& path) const {
    const auto field = fields_.find(path);
    return field == fields_.end() ? nullptr : &field->second;
}

bool JsonFields::has(const std::string& path) const {
    const JsonField* field = find(path);
    return field != nullptr && field->kind != Kind::null;
}

Expected<std::optional<std::string>> JsonFields::text(const std::string& path) const {
    if (!has(path)) return std::optional<std::string>{};
    const JsonField* field = find(path);
    if (field->kind != Kind::string) return wrong(path, "is no string");
    return std::optional<std::string>{field->text};
}

Expected<bool> JsonFields::truth(const std::string& path) const {
    if (!has(path)) return false;
    const JsonField* field = find(path);
    if (field->kind != Kind::boolean) return wrong(path, "is neither true nor false");
    return field->truth;
}

Expected<std::size_t> JsonFields::elements(const std::string& path) const {
    if (!has(path)) return wrong(path, "is missing");
    const JsonField* field = find(path);
    if (field->kind != Kind::list) return wrong(path, "is no list");
    return field->elements;
}

Expected<std::string> JsonFields::needed_text(const std::string& path) const {
    auto found = text(path);
    if (!found) return found.error();
    if (!*found) return wrong(path, "is missing");
    return **found;
}

Expected<std::string> JsonFields::ref(const std::string& path) const {
    auto found = needed_text(path);
    if (!found) return found;
    if (!found->starts_with("refs/")) {
        return wrong(path, "is no full ref name: " + printable(*found, 200));
    }
    return ref_below("", path);
}

Expected<std::string> JsonFields::ref_below(std::string_view prefix,
                                            const std::string& path) const {
    auto name = needed_text(path);
    if (!name) return name;
    const std::string whole = std::string(prefix) + *name;
    if (has_controls(whole)) return wrong(path, "has control characters");
    if (whole.size() > limits::kRefBytesMax) return wrong(path, "is too long");
    if (name->empty() || whole == "refs/") return wrong(path, "names no ref");
    return whole;
}

Expected<std::optional<CommitId>> JsonFields::object_id(const std::string& path) const {
    auto found = needed_text(path);
    if (!found) return found.error();
    auto id = CommitId::parse(*found);
    if (!id && !is_zero_object_id(*found)) {
        return wrong(path, "is no full object id: " + printable(*found, 200));
    }
    return id;
}

std::vector<std::string> JsonFields::addresses(const Paths& paths) const {
    std::vector<std::string> found;
    const auto add = [&](const std::string& path) {
        const JsonField* field = find(path);
        if (field == nullptr || field->kind != Kind::string || field->text.empty()) return;
        if (field->text.size() > limits::kRefBytesMax || has_controls(field->text)) return;
        if (found.size() >= limits::kRepositoryUrlsMax) return;
        if (std::find(found.begin(), found.end(), field->text) == found.end()) {
            found.push_back(field->text);
        }
    };
    for (const std::string_view path : paths) {
        const auto list = path.find("[]");
        if (list == std::string_view::npos) {
            add(std::string(path));
            continue;
        }
        const std::string name(path.substr(0, list));
        const JsonField* field = find(name);
        for (std::size_t i = 0; field != nullptr && i < field->elements; ++i) {
            add(element_path(name, i) + std::string(path.substr(list + 2)));
        }
    }
    return found;
}

}  // namespace lastgood::forge
