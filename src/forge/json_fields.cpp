#include "forge/json_fields.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

using Json = nlohmann::json;
using Kind = JsonField::Kind;

// Takes the parser's events. The parser keeps no recursion of its own, so depth costs it nothing;
// the cap is for whoever reads what it says.
class Collector final : public nlohmann::json_sax<Json> {
  public:
    Collector(const std::set<std::string>& wanted, std::map<std::string, JsonField>& fields)
        : wanted_(wanted), fields_(fields) {}

    bool null() override { return take({}); }
    bool boolean(bool value) override { return take({Kind::boolean, value, {}}); }
    bool number_integer(number_integer_t) override { return take({Kind::something_else, {}, {}}); }
    bool number_unsigned(number_unsigned_t) override {
        return take({Kind::something_else, {}, {}});
    }
    bool number_float(number_float_t, const string_t&) override {
        return take({Kind::something_else, {}, {}});
    }
    bool string(string_t& value) override {
        if (depth_ == 1 && awaited_) return take({Kind::string, {}, std::move(value)});
        return take({Kind::string, {}, {}});
    }
    bool binary(binary_t&) override { return take({Kind::something_else, {}, {}}); }
    bool start_object(std::size_t) override { return enter(true); }
    bool end_object() override { return leave(); }
    bool start_array(std::size_t) override { return enter(false); }
    bool end_array() override { return leave(); }

    bool key(string_t& name) override {
        if (depth_ != 1) return true;
        awaited_ = wanted_.contains(name);
        if (awaited_ && fields_.contains(name)) {
            return fail("the payload has the field `" + name + "` twice");
        }
        name_ = name;
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
        return fail("the payload is no valid JSON, at byte " + std::to_string(position));
    }

    [[nodiscard]] const std::string& fault() const { return fault_; }

  private:
    bool fail(const std::string& why) {
        if (fault_.empty()) fault_ = why;
        return false;
    }
    bool take(JsonField field) {
        if (depth_ == 0) return fail("the payload is no JSON object");
        if (depth_ == 1 && awaited_) fields_[name_] = std::move(field);
        return true;
    }
    bool enter(bool object) {
        if (depth_ == 0 && !object) return fail("the payload is no JSON object");
        if (depth_ >= limits::kJsonDepthMax) return fail("the payload is nested too deeply");
        if (depth_ == 1) take({Kind::something_else, {}, {}});
        ++depth_;
        return true;
    }
    bool leave() {
        --depth_;
        return true;
    }

    const std::set<std::string>& wanted_;
    std::map<std::string, JsonField>& fields_;
    std::size_t depth_ = 0;
    bool awaited_ = false;
    std::string name_;
    std::string fault_;
};

Error wrong(const std::string& name, const std::string& why) {
    return {"the payload's field `" + name + "` " + why, ""};
}

}  // namespace

Expected<JsonFields> JsonFields::read(std::string_view json, const std::set<std::string>& wanted) {
    JsonFields found;
    Collector collector(wanted, found.fields_);
    try {
        if (Json::sax_parse(json.begin(), json.end(), &collector)) return found;
    } catch (const std::exception& failure) {
        return Error{std::string("the payload can't be read: ") + failure.what(), ""};
    }
    return Error{collector.fault(), ""};
}

Expected<std::optional<std::string>> JsonFields::text(const std::string& name) const {
    const auto field = fields_.find(name);
    if (field == fields_.end() || field->second.kind == Kind::null) {
        return std::optional<std::string>{};
    }
    if (field->second.kind != Kind::string) return wrong(name, "is no string");
    return std::optional<std::string>{field->second.text};
}

Expected<bool> JsonFields::truth(const std::string& name) const {
    const auto field = fields_.find(name);
    if (field == fields_.end()) return false;
    if (field->second.kind != Kind::boolean) return wrong(name, "is neither true nor false");
    return field->second.truth;
}

Expected<std::string> JsonFields::needed_text(const std::string& name) const {
    auto found = text(name);
    if (!found) return found.error();
    if (!*found) return wrong(name, "is missing");
    return **found;
}

Expected<std::string> JsonFields::ref(const std::string& name) const {
    auto found = needed_text(name);
    if (!found) return found;
    const bool control = std::any_of(found->begin(), found->end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    if (control) return wrong(name, "has control characters");
    if (found->size() > limits::kRefBytesMax) return wrong(name, "is too long");
    if (!found->starts_with("refs/") || found->size() == 5) {
        return wrong(name, "is no full ref name: " + printable(*found, 200));
    }
    return found;
}

Expected<std::optional<CommitId>> JsonFields::object_id(const std::string& name) const {
    auto found = needed_text(name);
    if (!found) return found.error();
    auto id = CommitId::parse(*found);
    if (!id && !is_zero_object_id(*found)) {
        return wrong(name, "is no full object id: " + printable(*found, 200));
    }
    return id;
}

}  // namespace lastgood::forge
