// One map of the config: its keys are checked when it is opened, its values are read by kind.
//
// Each read leaves the given default as it is when the key is missing or faulty; faults go to the
// Reading, so that all of them are told at once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/reading.h"
#include "lastgood/config/keys.h"

namespace lastgood::config {

template <typename T>
using Choices = std::vector<std::pair<std::string_view, T>>;

class Section {
  public:
    // `place`: "apps.backend.ready", for messages; empty for the top. The node must outlive it.
    Section(Reading& reading, SectionKind kind, std::string place, const YamlNode& node);

    [[nodiscard]] Reading& reading() const { return reading_; }
    [[nodiscard]] Mark mark() const { return node_.mark; }
    [[nodiscard]] bool has(std::string_view key) const { return entry(key) != nullptr; }
    // Where the key stands; the section itself when it is missing.
    [[nodiscard]] Mark mark_of(std::string_view key) const;
    // The value when there is one worth reading: not missing, not empty, no fault told of it.
    [[nodiscard]] const YamlNode* value(std::string_view key) const;
    [[nodiscard]] std::optional<Section> section(std::string_view key, SectionKind kind) const;

    // A fault of this key's value; the message goes after "PLACE.KEY: ".
    void fault(std::string_view key, Mark mark, const std::string& message) const;

    // The text of a scalar, never empty.
    [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
    void text(std::string_view key, std::string& into) const;
    void path(std::string_view key, std::string& into) const;  // made absolute
    void file(std::string_view key, std::string& into) const;  // a path that the daemon reads
    void flag(std::string_view key, bool& into) const;
    void number(std::string_view key, int& into, int min, int max) const;
    void duration(std::string_view key, Millis& into, Millis min) const;
    void size(std::string_view key, std::uint64_t& into, std::uint64_t min,
              std::uint64_t max) const;

    template <typename T>
    void choice(std::string_view key, T& into, const Choices<T>& choices) const {
        const auto word = text(key);
        if (!word) return;
        std::vector<std::string> names;
        for (const auto& [name, meaning] : choices) {
            if (*word == name) {
                into = meaning;
                return;
            }
            names.emplace_back(name);
        }
        fault_choice(key, *word, names);
    }

    // A text by a rule of values.h; nothing when it is missing or a fault was told.
    template <typename T>
    [[nodiscard]] std::optional<T> by(std::string_view key,
                                      Expected<T> (*rule)(std::string_view)) const {
        const auto found = text(key);
        if (!found) return std::nullopt;
        auto read = rule(*found);
        if (read) return *std::move(read);
        fault(key, value(key)->mark, read.error().text());
        return std::nullopt;
    }

  private:
    [[nodiscard]] const YamlEntry* entry(std::string_view key) const;
    void check_keys(SectionKind kind) const;
    void fault_choice(std::string_view key, const std::string& word,
                      const std::vector<std::string>& names) const;
    [[nodiscard]] std::string place_of(std::string_view key) const;

    Reading& reading_;
    std::string place_;
    const YamlNode& node_;
};

// `shown` as a fault shows a value: printable, in quotes, short.
std::string in_quotes(std::string_view shown);

bool contains(const std::vector<std::string>& words, std::string_view word);

constexpr const char* kNotYet = "not yet in this version";

}  // namespace lastgood::config
