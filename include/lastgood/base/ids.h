// Names and numbers that have a meaning, as types of their own, so that they can't be mixed up.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lastgood {

// A full object id of git in lower-case hex: 40 digits (SHA-1) or 64 (SHA-256). Never abbreviated.
class CommitId {
  public:
    // Nothing when the text is no full id. Upper-case digits are accepted and lowered. The id of
    // all zeros, which forges send for "no commit", is refused.
    static std::optional<CommitId> parse(std::string_view text);

    [[nodiscard]] const std::string& hex() const { return hex_; }
    [[nodiscard]] std::string short_hex() const { return hex_.substr(0, 7); }
    auto operator<=>(const CommitId&) const = default;

  private:
    explicit CommitId(std::string hex) : hex_(std::move(hex)) {}
    std::string hex_;
};

// True for the id of all zeros, 40 or 64 digits.
bool is_zero_object_id(std::string_view text);

// An app's name: 1 to 63 of [a-z0-9_.-], beginning with a letter or digit. It names directories and
// is part of URLs, so nothing else gets in.
class AppName {
  public:
    static std::optional<AppName> parse(std::string_view text);
    [[nodiscard]] const std::string& str() const { return name_; }
    auto operator<=>(const AppName&) const = default;

  private:
    explicit AppName(std::string name) : name_(std::move(name)) {}
    std::string name_;
};

// The number of a deployment, unique in one state directory; 0 means none.
struct DeploymentId {
    std::int64_t value = 0;
    auto operator<=>(const DeploymentId&) const = default;
    explicit operator bool() const { return value != 0; }
};

// The number of one run of an app's process, unique for an app; tells late news of an earlier
// process from news of this one. 0 means none.
struct RunId {
    std::uint64_t value = 0;
    auto operator<=>(const RunId&) const = default;
    explicit operator bool() const { return value != 0; }
};

// One of the two places where a release of an app can run.
enum class Slot : std::uint8_t { blue, green };

constexpr Slot other(Slot slot) {
    return slot == Slot::blue ? Slot::green : Slot::blue;
}
constexpr std::size_t index(Slot slot) {
    return slot == Slot::blue ? 0 : 1;
}
constexpr Slot kSlots[] = {Slot::blue, Slot::green};
constexpr std::string_view to_string(Slot slot) {
    return slot == Slot::blue ? "blue" : "green";
}

}  // namespace lastgood
