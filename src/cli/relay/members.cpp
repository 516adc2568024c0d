#include "cli/relay/members.h"

#include "lastgood/base/limits.h"

namespace lastgood::cli {
namespace {

class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool take(char wanted) {
        skip_space();
        if (at_ == text_.size() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    bool at_end() {
        skip_space();
        return at_ == text_.size();
    }
    // Without its quotes.
    std::optional<std::string_view> string() {
        if (!take('"')) return std::nullopt;
        const std::size_t begin = at_;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '\\') {
                ++at_;
            } else if (text_[at_] == '"') {
                return text_.substr(begin, at_++ - begin);
            }
        }
        return std::nullopt;
    }
    // As far as the comma or the bracket that ends it.
    std::optional<std::string_view> value() {
        skip_space();
        const std::size_t begin = at_;
        std::size_t end = at_;
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                if (!string()) return std::nullopt;
                end = at_;
                continue;
            }
            const bool closes = c == '}' || c == ']';
            if (depth == 0 && (c == ',' || closes)) break;
            if (c == '{' || c == '[') ++depth;
            if (closes) --depth;
            ++at_;
            if (!is_space(c)) end = at_;
        }
        if (end == begin) return std::nullopt;
        return text_.substr(begin, end - begin);
    }

  private:
    static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<JsonMember>> json_members(std::string_view text) {
    Scanner scanner(text);
    std::vector<JsonMember> members;
    if (!scanner.take('{')) return std::nullopt;
    if (scanner.take('}')) return scanner.at_end() ? std::optional(members) : std::nullopt;
    do {
        const auto key = scanner.string();
        if (!key || !scanner.take(':')) return std::nullopt;
        const auto value = scanner.value();
        if (!value || members.size() == limits::kRelayMembersMax) return std::nullopt;
        members.push_back({*key, *value});
    } while (scanner.take(','));
    if (!scanner.take('}') || !scanner.at_end()) return std::nullopt;
    return members;
}

}  // namespace lastgood::cli
