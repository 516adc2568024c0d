#include "git/tree_name.h"

#include <cstdint>
#include <string>

#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

// Code points that HFS+ leaves out when it compares names, as three bytes of UTF-8.
bool is_ignorable(std::string_view bytes) {
    if (bytes.size() < 3) return false;
    const auto byte = [&bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const unsigned code = (byte(0) & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
    if ((byte(0) & 0xF0U) != 0xE0 || (byte(1) & 0xC0U) != 0x80 || (byte(2) & 0xC0U) != 0x80) {
        return false;
    }
    return (code >= 0x200C && code <= 0x200F) || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x206A && code <= 0x206F) || code == 0xFEFF;
}

std::string without_ignorable(std::string_view name) {
    std::string kept;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (is_ignorable(name.substr(i))) {
            i += 2;
        } else {
            kept += name[i];
        }
    }
    return kept;
}

// NTFS drops trailing blanks and dots, takes what follows a colon for a stream, and knows .git by
// its short name.
bool is_dotgit(std::string_view name) {
    std::string plain = to_lower(without_ignorable(name));
    plain = plain.substr(0, plain.find(':'));
    const auto end = plain.find_last_not_of(" .");
    plain = end == std::string::npos ? "" : plain.substr(0, end + 1);
    return plain == ".git" || plain == "git~1";
}

}  // namespace

std::string_view hostile_name(std::string_view name) {
    if (name.empty()) return "an entry without a name";
    if (name == "." || name == "..") return "an entry that is no name but a way";
    if (name.find('/') != std::string_view::npos) return "a slash in the name of an entry";
    if (name.find('\0') != std::string_view::npos) return "a NUL in the name of an entry";
    for (const auto& part : split(name, '\\')) {
        if (part == "..") return "a name that leaves the directory where \\ separates";
        if (is_dotgit(part)) return "a name that some file system takes for .git";
    }
    return {};
}

}  // namespace lastgood::git
