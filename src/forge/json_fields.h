// A few top-level fields of a JSON object, without building the rest.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "lastgood/base/error.h"
#include "lastgood/base/ids.h"

namespace lastgood::forge {

struct JsonField {
    enum class Kind { null, boolean, string, something_else };
    Kind kind = Kind::null;
    bool truth = false;
    std::string text;
};

class JsonFields {
  public:
    // Reads the wanted fields; everything else is checked for being JSON and thrown away. Nesting
    // beyond kJsonDepthMax, invalid UTF-8, a wanted field named twice: an error.
    static Expected<JsonFields> read(std::string_view json, const std::set<std::string>& wanted);

    // Missing or null: nothing. Another type: an error that names the field.
    [[nodiscard]] Expected<std::optional<std::string>> text(const std::string& name) const;
    [[nodiscard]] Expected<bool> truth(const std::string& name) const;  // missing: false

    // A field that must be a full ref name.
    [[nodiscard]] Expected<std::string> ref(const std::string& name) const;
    // A field that must be a full object id; nothing for the id of all zeros.
    [[nodiscard]] Expected<std::optional<CommitId>> object_id(const std::string& name) const;

  private:
    [[nodiscard]] Expected<std::string> needed_text(const std::string& name) const;
    std::map<std::string, JsonField> fields_;
};

}  // namespace lastgood::forge
