#include "forge/form.h"

#include <optional>

#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

std::optional<std::string> form_decoded(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const auto byte = hex_decode(text.substr(i + 1, 2));
        if (!byte || byte->size() != 1) return std::nullopt;
        decoded += *byte;
        i += 2;
    }
    return decoded;
}

Expected<std::string> payload_field(std::string_view form) {
    constexpr std::string_view kName = "payload=";
    std::optional<std::string_view> found;
    while (!form.empty()) {
        const auto end = form.find('&');
        const std::string_view field = form.substr(0, end);
        form = end == std::string_view::npos ? std::string_view{} : form.substr(end + 1);
        if (!field.starts_with(kName)) continue;
        if (found) return Error{"the form has the field `payload` twice", ""};
        found = field.substr(kName.size());
    }
    if (!found) return Error{"the form has no field `payload`", ""};
    auto decoded = form_decoded(*found);
    if (!decoded) return Error{"the form's field `payload` is not well encoded", ""};
    return *std::move(decoded);
}

std::string type_of(std::string_view content_type) {
    return to_lower(trim(content_type.substr(0, content_type.find(';'))));
}

}  // namespace

bool is_form(std::string_view content_type) {
    return type_of(content_type) == "application/x-www-form-urlencoded";
}

Expected<std::string> json_of(std::string_view content_type, std::string_view body) {
    if (is_form(content_type)) return payload_field(body);
    const std::string type = type_of(content_type);
    if (type.empty() || type == "application/json") return std::string(body);
    return Error{"the content type " + printable(type, 100) + " is neither JSON nor a form",
                 "set it to application/json"};
}

}  // namespace lastgood::forge
