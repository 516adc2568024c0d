// Prometheus' text format 0.0.4, written family by family.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastgood::daemon {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

class MetricsPage {
  public:
    // `name` without the "lastgood_" that all have; `type`: "gauge" or "counter".
    void family(std::string_view name, std::string_view type, std::string_view help);
    // Of the family that was begun last.
    template <std::integral Number>
    void sample(const Labels& labels, Number value) {
        write(labels, std::to_string(value));
    }
    void sample(const Labels& labels, double value);

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    void write(const Labels& labels, const std::string& value);

    std::string name_;
    std::string text_;
};

}  // namespace lastgood::daemon
