#include "config/section.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

using namespace std::chrono_literals;

const char* name_of(YamlNode::Kind kind) {
    switch (kind) {
        case YamlNode::Kind::null:
            return "nothing";
        case YamlNode::Kind::scalar:
            return "a single value";
        case YamlNode::Kind::list:
            return "a list";
        case YamlNode::Kind::map:
            return "a map of keys";
    }
    return "";
}

// "; write 512MB" for what other programs call 512M, 512 MB or 512MiB; empty: nothing is that near.
std::string size_meant(std::string_view text) {
    std::string meant;
    for (const char c : to_lower(text)) {
        if (c == ' ' || c == 'i') continue;
        meant += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    if (!meant.ends_with('B')) meant += 'B';
    return parse_size(meant) ? "; write " + meant : "";
}

constexpr std::string_view kDigits = "0123456789";

// 90s for 1m30s.
std::string in_one_unit(std::string_view text) {
    Millis sum{0};
    while (!text.empty()) {
        const auto digits = std::min(text.find_first_not_of(kDigits), text.size());
        const auto end = std::min(text.find_first_of(kDigits, digits), text.size());
        const auto part = parse_duration(text.substr(0, end));
        if (!part) return "";
        sum += *part;
        text.remove_prefix(end);
    }
    if (sum % 1s != Millis{0}) return std::to_string(sum.count()) + "ms";
    return std::to_string(sum / 1s) + "s";
}

// "; write 15m" for 15min; empty: nothing is that near.
std::string duration_meant(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kUnits = {
        {{"millis", "ms"}, {"min", "m"}, {"sec", "s"}, {"hour", "h"}, {"day", "d"}}};
    const auto digits = std::min(text.find_first_not_of(kDigits), text.size());
    std::string unit = to_lower(trim(text.substr(digits)));
    for (const auto& [begin, written] : kUnits) {
        if (unit.starts_with(begin)) unit = written;
    }
    const std::string meant = std::string(text.substr(0, digits)) + unit;
    if (parse_duration(meant)) return "; write " + meant;
    const std::string other = in_one_unit(text);
    return parse_duration(other) ? "; write " + other : "";
}

}  // namespace

bool contains(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string in_quotes(std::string_view shown) {
    return "\"" + printable(shown, 100) + "\"";
}

Section::Section(Reading& reading, SectionKind kind, std::string place, const YamlNode& node)
    : reading_(reading), place_(std::move(place)), node_(node) {
    if (node_.kind == YamlNode::Kind::map) {
        check_keys(kind);
    } else if (!node_.faulty) {
        reading_.fault(node_.mark, (place_.empty() ? "the file" : place_) +
                                       ": expected a map of keys, not " + name_of(node_.kind));
    }
}

void Section::check_keys(SectionKind kind) const {
    const SectionKeys& keys = keys_of(kind);
    for (const YamlEntry& found : node_.entries) {
        const std::string shown = printable(place_of(found.key), 200);
        if (contains(keys.later, found.key)) {
            reading_.fault(found.mark, shown + ": " + kNotYet);
        } else if (!contains(keys.known, found.key)) {
            const auto near = nearest(found.key, keys.known);
            reading_.fault(found.mark, shown + ": unknown key; " +
                                           (near ? "did you mean " + *near + "?"
                                                 : "known here: " + join(keys.known, ", ")));
        } else if (found.value.kind == YamlNode::Kind::null) {
            reading_.fault(found.mark, shown + ": has no value; give one or remove the key");
        }
    }
}

const YamlEntry* Section::entry(std::string_view key) const {
    const auto found = std::find_if(node_.entries.begin(), node_.entries.end(),
                                    [key](const YamlEntry& e) { return e.key == key; });
    return found == node_.entries.end() ? nullptr : &*found;
}

Mark Section::mark_of(std::string_view key) const {
    const auto* found = entry(key);
    return found == nullptr ? node_.mark : found->mark;
}

const YamlNode* Section::value(std::string_view key) const {
    const auto* found = entry(key);
    const bool readable =
        found != nullptr && found->value.kind != YamlNode::Kind::null && !found->value.faulty;
    return readable ? &found->value : nullptr;
}

std::optional<Section> Section::section(std::string_view key, SectionKind kind) const {
    const auto* node = value(key);
    if (node == nullptr) return std::nullopt;
    return std::optional<Section>{std::in_place, reading_, kind, place_of(key), *node};
}

std::string Section::place_of(std::string_view key) const {
    return place_.empty() ? std::string(key) : place_ + "." + std::string(key);
}

void Section::fault(std::string_view key, Mark mark, const std::string& message) const {
    reading_.fault(mark, place_of(key) + ": " + message);
}

void Section::fault_choice(std::string_view key, const std::string& word,
                           const std::vector<std::string>& names) const {
    fault(key, value(key)->mark,
          "expected one of " + join(names, ", ") + ", not " + in_quotes(word) +
              did_you_mean(word, names));
}

std::optional<std::string> Section::text(std::string_view key) const {
    const auto* node = value(key);
    if (node == nullptr) return std::nullopt;
    if (node->kind != YamlNode::Kind::scalar) {
        fault(key, node->mark, std::string("expected a single value, not ") + name_of(node->kind));
        return std::nullopt;
    }
    if (trim(node->text).empty()) {
        fault(key, node->mark, "is empty; give a value or remove the key");
        return std::nullopt;
    }
    return node->text;
}

void Section::text(std::string_view key, std::string& into) const {
    if (auto found = text(key)) into = *std::move(found);
}

void Section::path(std::string_view key, std::string& into) const {
    const auto found = text(key);
    if (!found) return;
    if (found->front() == '~') {
        fault(key, value(key)->mark, "~ has no meaning here; write the folder out");
    } else {
        into = reading_.absolute(*found);
    }
}

void Section::file(std::string_view key, std::string& into) const {
    path(key, into);
    if (value(key) == nullptr || into.empty()) return;
    const Mark mark = value(key)->mark;
    reading_.files.push_back({into, place_of(key), mark.line, mark.column});
}

void Section::flag(std::string_view key, bool& into) const {
    choice<bool>(key, into,
                 {{"true", true},
                  {"false", false},
                  {"yes", true},
                  {"no", false},
                  {"on", true},
                  {"off", false}});
}

void Section::number(std::string_view key, int& into, int min, int max) const {
    const auto found = text(key);
    if (!found) return;
    int number = 0;
    const char* end = found->data() + found->size();
    const auto [stop, error] = std::from_chars(found->data(), end, number);
    if (error == std::errc{} && stop == end && number >= min && number <= max) {
        into = number;
        return;
    }
    fault(key, value(key)->mark,
          "expected a whole number from " + std::to_string(min) + " to " + std::to_string(max) +
              ", not " + in_quotes(*found));
}

void Section::duration(std::string_view key, Millis& into, Millis min) const {
    const auto found = text(key);
    if (!found) return;
    const auto parsed = parse_duration(*found);
    if (!parsed) {
        fault(key, value(key)->mark,
              "expected a duration like 500ms, 30s, 10m or 2h, not " + in_quotes(*found) +
                  duration_meant(*found));
    } else if (*parsed < min) {
        fault(key, value(key)->mark, "must be at least " + format_duration(min));
    } else {
        into = *parsed;
    }
}

void Section::size(std::string_view key, std::uint64_t& into, std::uint64_t min,
                   std::uint64_t max) const {
    const auto found = text(key);
    if (!found) return;
    const auto parsed = parse_size(*found);
    if (!parsed) {
        fault(key, value(key)->mark,
              "expected a size like 512KB, 10MB or 1GB, not " + in_quotes(*found) +
                  size_meant(*found));
    } else if (*parsed < min || *parsed > max) {
        fault(key, value(key)->mark,
              "must be from " + format_size(min) + " to " + format_size(max));
    } else {
        into = *parsed;
    }
}

}  // namespace lastgood::config
