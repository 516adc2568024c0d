#include "lastgood/logs/reader.h"

#include <algorithm>
#include <deque>
#include <regex>
#include <thread>

#include "logs/source_file.h"

namespace lastgood::logs {
namespace {

constexpr Millis kLookEvery{200};

class Filter {
  public:
    Filter(const LogQuery& query, std::optional<std::regex> pattern)
        : since_(query.since), level_(query.level), pattern_(std::move(pattern)) {}

    [[nodiscard]] bool fits(const LogLine& line) const {
        if (since_ && line.time < *since_) return false;
        const auto level = parse_level(line.first).value_or(config::LogLevel::info);
        if (level_ && level > *level_) return false;  // the worst comes first
        return !pattern_ || matches(line.text);
    }

  private:
    // The standard library's matcher recurses per character: long lines go in overlapping pieces.
    [[nodiscard]] bool matches(std::string_view text) const {
        constexpr std::size_t kPiece = 4096;
        constexpr std::size_t kOverlap = 1024;
        for (std::size_t at = 0;; at += kPiece - kOverlap) {
            const auto piece = text.substr(at, kPiece);
            const bool last = at + piece.size() == text.size();
            auto flags = std::regex_constants::match_default;
            if (at > 0) flags |= std::regex_constants::match_not_bol;
            if (!last) flags |= std::regex_constants::match_not_eol;
            if (std::regex_search(piece.begin(), piece.end(), *pattern_, flags)) return true;
            if (last) return false;
        }
    }

    std::optional<WallTime> since_;
    std::optional<config::LogLevel> level_;
    std::optional<std::regex> pattern_;
};

class FileReader : public Reader {
  public:
    FileReader(const std::vector<LogSource>& sources, const LogQuery& query, Filter filter)
        : query_(query), filter_(std::move(filter)) {
        for (const auto& source : sources) files_.emplace_back(source);
    }

    std::vector<LogLine> last() override {
        std::vector<LogLine> all;
        for (SourceFile& file : files_) {
            auto lines = last_of(file);
            all.insert(all.end(), std::make_move_iterator(lines.begin()),
                       std::make_move_iterator(lines.end()));
        }
        sort(all);
        if (all.size() > query_.lines_max) {
            all.erase(all.begin(), all.end() - static_cast<long>(query_.lines_max));
        }
        return all;
    }

    void follow(const std::function<bool(const LogLine&)>& on_line,
                const std::function<bool()>& go_on) override {
        while (go_on()) {
            std::vector<LogLine> fresh;
            for (SourceFile& file : files_) {
                file.read_new([&](LogLine line) {
                    if (filter_.fits(line)) fresh.push_back(std::move(line));
                });
            }
            sort(fresh);
            for (const LogLine& line : fresh) {
                if (!on_line(line)) return;
            }
            if (fresh.empty()) std::this_thread::sleep_for(kLookEvery);
        }
    }

  private:
    static void sort(std::vector<LogLine>& lines) {
        std::stable_sort(lines.begin(), lines.end(),
                         [](const LogLine& a, const LogLine& b) { return a.time < b.time; });
    }

    std::deque<LogLine> last_of(SourceFile& file) {
        std::deque<LogLine> kept = gather([&](const auto& take) { file.read_new(take); });
        for (const std::string& path : file.pieces()) {
            if (kept.size() >= query_.lines_max || reached_since_) break;
            auto older = gather([&](const auto& take) { file.read_piece(path, take); });
            while (!older.empty() && kept.size() < query_.lines_max) {
                kept.push_front(std::move(older.back()));
                older.pop_back();
            }
        }
        return kept;
    }

    // The last lines that fit, of what `read` gives.
    template <typename Read>
    std::deque<LogLine> gather(Read read) {
        std::deque<LogLine> kept;
        bool first = true;
        reached_since_ = false;
        read([&](LogLine line) {
            // A piece that begins before `since` is the last one to look at.
            if (first && query_.since && line.time < *query_.since) reached_since_ = true;
            first = false;
            if (!filter_.fits(line)) return;
            kept.push_back(std::move(line));
            if (kept.size() > query_.lines_max) kept.pop_front();
        });
        return kept;
    }

    LogQuery query_;
    Filter filter_;
    std::vector<SourceFile> files_;
    bool reached_since_ = false;
};

}  // namespace

Expected<std::unique_ptr<Reader>> Reader::open(const std::vector<LogSource>& sources,
                                               const LogQuery& query) {
    std::optional<std::regex> pattern;
    if (!query.grep.empty()) {
        try {
            pattern.emplace(query.grep, std::regex::ECMAScript | std::regex::optimize);
        } catch (const std::regex_error&) {
            return Error{"\"" + query.grep + "\" is no regular expression",
                         "put a backslash before characters that are meant as they are"};
        }
    }
    return std::unique_ptr<Reader>(
        std::make_unique<FileReader>(sources, query, Filter(query, std::move(pattern))));
}

}  // namespace lastgood::logs
