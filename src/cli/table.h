// Rows in aligned columns, for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/style.h"
#include "cli/width.h"

namespace lastgood::cli {

struct Column {
    std::string title;
    bool right = false;  // numbers
    bool gives = false;  // is cut when the terminal is too narrow
};

struct Cell {
    Cell(std::string text_) : text(std::move(text_)) {}  // NOLINT
    Cell(const char* text_) : text(text_) {}             // NOLINT
    Cell(std::string text_, Tone tone_) : text(std::move(text_)), tone(tone_) {}
    std::string text;  // printable already
    Tone tone = Tone::plain;
};

class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    void add(std::vector<Cell> row);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    // Lines with their newlines, the titles first.
    [[nodiscard]] std::string render(const Style& style) const;

  private:
    [[nodiscard]] std::vector<std::size_t> widths(const Style& style) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace lastgood::cli
