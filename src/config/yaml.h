// A YAML document as a plain tree with the place of each node. The library stays behind this.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lastgood::config {

struct Mark {
    int line = 1;
    int column = 1;
    auto operator<=>(const Mark&) const = default;
};

struct YamlEntry;

struct YamlNode {
    enum class Kind { null, scalar, list, map };
    Kind kind = Kind::null;
    Mark mark;
    std::string text;                // of a scalar
    std::vector<YamlNode> items;     // of a list
    std::vector<YamlEntry> entries;  // of a map, in the order of the file
    bool faulty = false;             // its fault has been told: whoever reads it says no more
};

struct YamlEntry {
    Mark mark;
    std::string key;
    YamlNode value;
};

struct YamlFault {
    Mark mark;
    std::string message;
};

struct YamlDocument {
    YamlNode root;
    std::vector<YamlFault> faults;  // syntax (the first only), or every duplicate key
};

// Of a file without a document: nothing in it, or comments alone.
inline constexpr std::string_view kEmptyFile = "the file is empty";

// Bounded: kConfigBytesMax, kConfigNodesMax (anchors resolved), kConfigDepthMax.
YamlDocument read_yaml(std::string_view text);

}  // namespace lastgood::config
