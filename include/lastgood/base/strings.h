// Small text helpers that the standard library of C++20 lacks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastgood {

std::string_view trim(std::string_view text);
// Of a file: without the mark that some editors write before UTF-8.
std::string_view without_byte_order_mark(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string to_lower(std::string_view text);

// The candidate nearest to `word` by edit distance, if near enough to be what was meant.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);
// "; did you mean CANDIDATE?" behind what tells that there is no such word; empty: none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// Text from outside made safe for a terminal or a log line: control bytes, DEL and bytes that are
// no valid UTF-8 become \xNN, newlines \n; cut to `bytes_max` with an ellipsis.
std::string printable(std::string_view text, std::size_t bytes_max = 4096);

// Text as valid UTF-8: bytes that are none become U+FFFD. For JSON made of foreign text.
std::string to_utf8(std::string_view text);

std::string hex_encode(std::string_view bytes);
std::optional<std::string> hex_decode(std::string_view hex);
// %XX of a URL as bytes; what is no such escape stays as it is.
std::string percent_decoded(std::string_view text);
std::string base64_encode(std::string_view bytes);
// Standard alphabet with or without padding; nothing when malformed.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace lastgood
