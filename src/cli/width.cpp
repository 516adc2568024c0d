#include "cli/width.h"

#include <clocale>
#include <cwchar>

namespace lastgood::cli {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::string_view kPlain = "\033[0m";

// One character of UTF-8 or one colour.
struct Piece {
    std::size_t bytes = 1;
    std::size_t columns = 1;
    bool color = false;
};

// The C library knows which characters are wide, once it is told that text is UTF-8.
std::size_t columns_of(wchar_t character) {
    static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (utf8 == nullptr) return 1;
    const locale_t before = uselocale(utf8);
    const int columns = wcwidth(character);
    uselocale(before);
    return columns < 0 ? 1 : static_cast<std::size_t>(columns);
}

std::size_t length_of(unsigned char first) {
    if (first >= 0xf0) return 4;
    if (first >= 0xe0) return 3;
    return first >= 0xc0 ? 2 : 1;
}

Piece next_piece(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (text[0] == '\033') {
        const auto end = text.find('m');
        return {end == std::string_view::npos ? text.size() : end + 1, 0, true};
    }
    Piece piece;
    const std::size_t length = length_of(byte(0));
    if (length == 1 || length > text.size()) return piece;
    auto character = static_cast<wchar_t>(byte(0) & (0xffU >> (length + 1)));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return piece;
        character = static_cast<wchar_t>(character << 6U | (byte(i) & 0x3fU));
    }
    return {length, columns_of(character), false};
}

}  // namespace

std::size_t display_width(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const Piece piece = next_piece(text);
        columns += piece.columns;
        text.remove_prefix(piece.bytes);
    }
    return columns;
}

std::string cut_to(std::string_view text, std::size_t width) {
    if (display_width(text) <= width) return std::string(text);
    if (width == 0) return {};
    std::size_t columns = 0;
    std::size_t end = 0;
    bool colored = false;
    while (end < text.size()) {
        const Piece piece = next_piece(text.substr(end));
        if (columns + piece.columns > width - 1) break;
        columns += piece.columns;
        if (piece.color) colored = text.substr(end, piece.bytes) != kPlain;
        end += piece.bytes;
    }
    return std::string(text.substr(0, end)) + std::string(kEllipsis) +
           (colored ? std::string(kPlain) : "");
}

}  // namespace lastgood::cli
