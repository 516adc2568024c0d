// The one file that knows yaml-cpp. Its events are taken rather than its own tree, so that anchors
// used a thousand times over are counted while they are resolved.
#include "config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

struct Refused {
    Mark mark;
    std::string message;
};

Mark mark_of(const YAML::Mark& mark) {
    return mark.is_null() ? Mark{} : Mark{mark.line + 1, mark.column + 1};
}

std::size_t count_nodes(const YamlNode& node) {
    std::size_t count = 1;
    for (const YamlNode& item : node.items) count += count_nodes(item);
    for (const YamlEntry& entry : node.entries) count += 1 + count_nodes(entry.value);
    return count;
}

class TreeBuilder final : public YAML::EventHandler {
  public:
    YamlNode root;
    std::vector<YamlFault> faults;

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        YamlNode node;
        node.mark = mark_of(mark);
        count(1, node.mark);
        finish(std::move(node), anchor);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        YamlNode node;
        node.kind = YamlNode::Kind::scalar;
        node.mark = mark_of(mark);
        node.text = value;
        refuse_tag(tag, node.mark);
        if (value.find('\0') != std::string::npos) {
            throw Refused{node.mark, "a NUL byte can't be part of a value"};
        }
        count(1, node.mark);
        finish(std::move(node), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = anchors_.find(anchor);
        if (known == anchors_.end()) {
            throw Refused{mark_of(mark), "an alias can't stand inside of what it names"};
        }
        count(known->second.nodes, mark_of(mark));
        finish(known->second.node, 0);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(YamlNode::Kind::list, mark_of(mark), tag, anchor);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(YamlNode::Kind::map, mark_of(mark), tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

  private:
    struct Open {
        YamlNode node;
        YAML::anchor_t anchor = 0;
        std::optional<YamlEntry> entry;  // its key is read, its value is awaited
    };
    struct Anchored {
        YamlNode node;
        std::size_t nodes = 0;
    };

    static void refuse_tag(const std::string& tag, Mark mark) {
        if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str") return;
        throw Refused{mark, "YAML tags are not used here: " + printable(tag, 100)};
    }
    void count(std::size_t nodes, Mark mark) {
        nodes_ += nodes;
        if (nodes_ > limits::kConfigNodesMax) {
            throw Refused{mark,
                          "the file has too many values (with each use of an anchor counted)"};
        }
    }
    void open(YamlNode::Kind kind, Mark mark, const std::string& tag, YAML::anchor_t anchor) {
        refuse_tag(tag, mark);
        count(1, mark);
        if (open_.size() >= limits::kConfigDepthMax) throw Refused{mark, "nested too deeply"};
        Open opened;
        opened.node.kind = kind;
        opened.node.mark = mark;
        opened.anchor = anchor;
        open_.push_back(std::move(opened));
    }
    void close() {
        Open closed = std::move(open_.back());
        open_.pop_back();
        finish(std::move(closed.node), closed.anchor);
    }
    void finish(YamlNode node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            const std::size_t nodes = count_nodes(node);
            count(nodes, node.mark);
            anchors_[anchor] = {node, nodes};
        }
        if (open_.empty()) {
            root = std::move(node);
            return;
        }
        Open& parent = open_.back();
        if (parent.node.kind == YamlNode::Kind::list) {
            parent.node.items.push_back(std::move(node));
        } else if (!parent.entry) {
            parent.entry = begin_entry(parent.node, node);
        } else {
            parent.entry->value = std::move(node);
            parent.node.entries.push_back(*std::exchange(parent.entry, std::nullopt));
        }
    }
    YamlEntry begin_entry(const YamlNode& map, const YamlNode& key) {
        if (key.kind != YamlNode::Kind::scalar) throw Refused{key.mark, "a key must be a word"};
        if (key.text == "<<") throw Refused{key.mark, "merge keys (<<) are not supported"};
        for (const YamlEntry& earlier : map.entries) {
            if (earlier.key != key.text) continue;
            faults.push_back({key.mark, "the key `" + printable(key.text, 100) +
                                            "` is given twice, first on line " +
                                            std::to_string(earlier.mark.line)});
            break;
        }
        return {key.mark, key.text, {}};
    }

    std::vector<Open> open_;
    std::map<YAML::anchor_t, Anchored> anchors_;
    std::size_t nodes_ = 0;
};

// The place of the first byte that is no UTF-8, which the library would silently replace.
std::optional<Mark> first_invalid_byte(std::string_view text) {
    const std::string mended = to_utf8(text);
    if (mended == text) return std::nullopt;
    Mark mark;
    for (std::size_t i = 0; i < text.size() && mended[i] == text[i]; ++i) {
        if (text[i] == '\n') {
            ++mark.line;
            mark.column = 1;
        } else {
            ++mark.column;
        }
    }
    return mark;
}

// With an end of the document: the library takes the end of the file for the end of a quoted text.
std::string closed(std::string_view text) {
    return std::string(text) + (text.ends_with('\n') ? "...\n" : "\n...\n");
}

// Whether a tab is what the line begins with: for YAML that is no indentation, and whatever the
// library says of it is about something else.
bool begins_with_tab(std::string_view text, int line) {
    const auto lines = split(text, '\n');
    if (line < 1 || static_cast<std::size_t>(line) > lines.size()) return false;
    const std::string_view found = lines[static_cast<std::size_t>(line) - 1];
    const auto blank = found.substr(0, found.find_first_not_of(" \t"));
    return blank.find('\t') != std::string_view::npos;
}

// What the library means, for whoever only knows what they wrote.
std::string explained(const std::string& message) {
    if (message == YAML::ErrorMsg::DOC_IN_SCALAR || message == YAML::ErrorMsg::EOF_IN_SCALAR) {
        return "YAML: a quoted text is not closed";
    }
    // Not constexpr: the library's texts are const pointers, which g++ 13 takes for no constants.
    static const std::array<std::pair<std::string_view, std::string_view>, 7> kMeant = {
        {{YAML::ErrorMsg::MAP_VALUE,
          "; if it belongs to the value, quote the whole value; else look at the indentation, and "
          "for a colon that is missing in the line before"},
         {YAML::ErrorMsg::END_OF_MAP_FLOW, "; look for a } or a comma that is missing"},
         {YAML::ErrorMsg::END_OF_SEQ_FLOW, "; look for a ] or a comma that is missing"},
         {YAML::ErrorMsg::END_OF_MAP, "; begin the line as far in as the keys that it belongs to"},
         {YAML::ErrorMsg::END_OF_SEQ, "; begin the line as far in as what it belongs to"},
         {YAML::ErrorMsg::UNKNOWN_TOKEN, "; quote a value that begins with such a character"},
         {YAML::ErrorMsg::UNKNOWN_ANCHOR, "; quote a value that begins with *"}}};
    std::string text = "YAML: " + printable(message, 300);
    for (const auto& [begin, more] : kMeant) {
        if (message.starts_with(begin)) return text.append(more);
    }
    return text;
}

YamlDocument refused(Mark mark, std::string message) {
    YamlDocument document;
    document.faults.push_back({mark, std::move(message)});
    return document;
}

}  // namespace

YamlDocument read_yaml(std::string_view text) {
    if (text.size() > limits::kConfigBytesMax) {
        return refused({}, "the file is larger than " + format_size(limits::kConfigBytesMax));
    }
    if (const auto mark = first_invalid_byte(text)) return refused(*mark, "this is no valid UTF-8");
    TreeBuilder tree;
    try {
        std::istringstream stream(closed(text));
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(tree)) {
            return refused({}, std::string(kEmptyFile));
        }
        TreeBuilder second;
        if (parser.HandleNextDocument(second)) {
            return refused(second.root.mark, "only one YAML document may be in the file");
        }
    } catch (const Refused& refusal) {
        return refused(refusal.mark, refusal.message);
    } catch (const YAML::Exception& failure) {
        const Mark mark = mark_of(failure.mark);
        if (begins_with_tab(text, mark.line)) {
            return refused({mark.line, 1}, "YAML: a tab can't indent a line; write blanks");
        }
        return refused(mark, explained(failure.msg));
    } catch (const std::exception& failure) {
        return refused({}, std::string("YAML: ") + failure.what());
    }
    return {std::move(tree.root), std::move(tree.faults)};
}

}  // namespace lastgood::config
