#include "cli/table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "lastgood/base/assert.h"

namespace lastgood::cli {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kCutColumnMin = 12;

}  // namespace

void Table::add(std::vector<Cell> row) {
    LG_ASSERT(row.size() == columns_.size());
    rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths(const Style& style) const {
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = display_width(columns_[i].title);
        for (const auto& row : rows_) width = std::max(width, display_width(row[i].text));
        result.push_back(width);
    }
    if (style.columns == 0) return result;
    const std::size_t gaps = kGap.size() * (columns_.size() - 1);
    std::size_t total = std::accumulate(result.begin(), result.end(), gaps);
    // The widest of those that give goes first.
    while (total > style.columns) {
        std::size_t widest = columns_.size();
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (!columns_[i].gives || result[i] <= kCutColumnMin) continue;
            if (widest == columns_.size() || result[i] > result[widest]) widest = i;
        }
        if (widest == columns_.size()) break;
        --result[widest];
        --total;
    }
    return result;
}

std::string Table::render(const Style& style) const {
    const std::vector<std::size_t> width = widths(style);
    std::string text;
    const auto line = [&](const auto& cell_of) {
        std::string row;
        std::size_t pending = 0;  // blanks that are written only when something follows
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const Cell cell = cell_of(i);
            const std::string shown = cut_to(cell.text, width[i]);
            const std::size_t blanks = width[i] - display_width(shown);
            if (i > 0) pending += kGap.size();
            if (columns_[i].right) pending += blanks;
            if (!shown.empty()) row.append(std::exchange(pending, 0), ' ');
            row += style.paint(cell.tone, shown);
            if (!columns_[i].right) pending += blanks;
        }
        text += row + "\n";
    };
    line([this](std::size_t i) { return Cell(columns_[i].title, Tone::dim); });
    for (const auto& row : rows_) {
        line([&row](std::size_t i) { return row[i]; });
    }
    return text;
}

}  // namespace lastgood::cli
