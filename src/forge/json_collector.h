// The part of the parser's events that stands at wanted paths.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "forge/json_fields.h"

namespace lastgood::forge {

// The wanted paths as a tree.
struct WantedNode {
    std::map<std::string, std::unique_ptr<WantedNode>, std::less<>> members;
    std::unique_ptr<WantedNode> element;

    static WantedNode of(const JsonFields::Paths& paths);
};

// The parser keeps no recursion of its own, so depth costs it nothing; the cap is for what is kept
// here.
class JsonCollector final : public nlohmann::json_sax<nlohmann::json> {
  public:
    JsonCollector(const WantedNode& wanted, std::map<std::string, JsonField>& fields)
        : wanted_(wanted), fields_(fields) {}

    bool null() override { return take({JsonField::Kind::null, {}, {}, {}}); }
    bool boolean(bool value) override { return take({JsonField::Kind::boolean, value, {}, {}}); }
    bool number_integer(number_integer_t) override { return number(); }
    bool number_unsigned(number_unsigned_t) override { return number(); }
    bool number_float(number_float_t, const string_t&) override { return number(); }
    bool string(string_t& value) override;
    bool binary(binary_t&) override { return number(); }  // no such thing in JSON
    bool start_object(std::size_t) override { return enter(false); }
    bool key(string_t& name) override;
    bool end_object() override { return leave(); }
    bool start_array(std::size_t) override { return enter(true); }
    bool end_array() override { return leave(); }
    bool parse_error(std::size_t position, const std::string& token,
                     const nlohmann::json::exception& failure) override;

    [[nodiscard]] const std::string& fault() const { return fault_; }

  private:
    // Where the next value stands; no node: nobody wants it.
    struct Place {
        const WantedNode* node = nullptr;
        std::string path;
    };
    struct Level {
        Place place;
        bool is_list = false;
        std::size_t count = 0;
    };

    Place next_place();
    bool number() { return take({JsonField::Kind::number, {}, {}, {}}); }
    bool take(JsonField field);
    bool enter(bool list);
    bool leave();
    bool fail(const std::string& why);

    const WantedNode& wanted_;
    std::map<std::string, JsonField>& fields_;
    std::vector<Level> levels_;
    Place named_;  // of the key read last
    std::string fault_;
};

}  // namespace lastgood::forge
