#include "forge/json_fields.h"
#include "forge/providers.h"
#include "lastgood/forge/forge.h"

namespace lastgood::forge {

Expected<std::string> parse_status_question(std::string_view body) {
    const auto fields = JsonFields::read(body, {"delivery"});
    if (!fields) return fields.error();
    const auto id = fields->text("delivery");
    if (!id) return id.error();
    if (!*id || (*id)->empty()) return Error{"the field `delivery` is missing", ""};
    return delivery_id(**id, body);
}

}  // namespace lastgood::forge
