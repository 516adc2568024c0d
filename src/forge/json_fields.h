// A few fields of a JSON object, however deep they stand, without building the rest.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/ids.h"

namespace lastgood::forge {

struct JsonField {
    enum class Kind { null, boolean, number, string, object, list };
    Kind kind = Kind::null;
    bool truth = false;
    std::string text;
    std::size_t elements = 0;  // of a list; those beyond kJsonElementsMax are not looked at
};

class JsonFields {
  public:
    // Paths to read: names joined by dots, `[]` for each element of a list:
    // "push.changes[].new.name".
    using Paths = std::vector<std::string_view>;

    // Everything beside the wanted paths is checked for being JSON and thrown away. Nesting beyond
    // kJsonDepthMax, invalid UTF-8, a field named twice on the way to a wanted one: an error.
    static Expected<JsonFields> read(std::string_view json, const Paths& wanted);

    // The path of one field from here on, with the number of an element where there is a list:
    // "push.changes[3].new.name".

    // There, and not null.
    [[nodiscard]] bool has(const std::string& path) const;
    // Missing or null: nothing. Another type: an error that names the field.
    [[nodiscard]] Expected<std::optional<std::string>> text(const std::string& path) const;
    [[nodiscard]] Expected<bool> truth(const std::string& path) const;  // else false
    // How many elements there are to look at, in a field that must be a list.
    [[nodiscard]] Expected<std::size_t> elements(const std::string& path) const;

    // A field that must be a full ref name.
    [[nodiscard]] Expected<std::string> ref(const std::string& path) const;
    // A field that must be a ref's name without `prefix` ("refs/heads/"); with it, then.
    [[nodiscard]] Expected<std::string> ref_below(std::string_view prefix,
                                                  const std::string& path) const;
    // A field that must be a full object id; nothing for the id of all zeros.
    [[nodiscard]] Expected<std::optional<CommitId>> object_id(const std::string& path) const;

    // The texts at these paths, which may hold one `[]`; each once, as far as they are usable as
    // addresses (kRepositoryUrlsMax, kRefBytesMax, printable). What isn't is left out.
    [[nodiscard]] std::vector<std::string> addresses(const Paths& paths) const;

  private:
    [[nodiscard]] const JsonField* find(const std::string& path) const;
    [[nodiscard]] Expected<std::string> needed_text(const std::string& path) const;
    std::map<std::string, JsonField> fields_;
};

// "LIST[3]": the path of an element.
std::string element_path(std::string_view list, std::size_t index);

}  // namespace lastgood::forge
