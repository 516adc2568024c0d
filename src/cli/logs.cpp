#include <algorithm>

#include "cli/answers.h"
#include "cli/exit_code.h"
#include "cli/log_sources.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"
#include "lastgood/logs/reader.h"

namespace lastgood::cli {
namespace {

Tone tone_of_line(const logs::LogLine& line) {
    if (line.first == "error" || line.second == "err") return Tone::bad;
    if (line.first == "warn") return Tone::warn;
    return Tone::plain;
}

std::string shown(const logs::LogLine& line, std::size_t name_width, const Context& context) {
    if (context.json) return logs::line_json(line) + "\n";
    std::string name = line.source + std::string(name_width - line.source.size(), ' ');
    std::string origin = line.first;
    if (!line.second.empty()) origin += (origin.empty() ? "" : " ") + line.second;
    const Style& style = context.style;
    return style.paint(Tone::dim, format_rfc3339(line.time)) + " " +
           style.paint(Tone::strong, name) + " " +
           (origin.empty() ? "" : style.paint(tone_of_line(line), printable(origin, 64)) + " ") +
           (line.whole ? "| " : "> ") + printable(line.text, 16 * 1024) + "\n";
}

Expected<logs::LogQuery> query_of(const LogsArgs& args) {
    logs::LogQuery query;
    query.lines_max = static_cast<std::size_t>(args.count);
    query.grep = args.grep;
    if (!args.since.empty()) {
        query.since = logs::parse_since(args.since, wall_now());
        if (!query.since) {
            return Error{"--since " + printable(args.since, 64) + " is no time",
                         "give how long ago, as 10m or 2h, or a time as 2026-05-01T12:00:00Z"};
        }
    }
    if (!args.level.empty()) {
        query.level = logs::parse_level(args.level);
        if (!query.level) {
            return Error{"--level " + printable(args.level, 64) + " is no level",
                         "use error, warn, info, http or debug"};
        }
    }
    return query;
}

std::size_t longest_name(const std::vector<logs::LogSource>& sources) {
    std::size_t longest = 0;
    for (const auto& source : sources) longest = std::max(longest, source.name.size());
    return longest;
}

}  // namespace

int logs(const Context& context, const LogsArgs& args) {
    const auto places = find_places(context);
    if (!places) return refuse(places.error(), kUsage);
    const auto query = query_of(args);
    if (!query) return refuse(query.error(), kUsage);
    const auto sources = log_sources(*places, args.apps);
    if (!sources) return refuse(sources.error(), kUsage);
    const std::size_t name_width = longest_name(*sources);
    // Followed until Ctrl-C, or until nobody reads.
    const auto answered = logs::answer(
        {*sources, *query, args.apps, args.follow},
        [&](const logs::LogLine& line) { return print(shown(line, name_width, context)); });
    return answered ? kDone : refuse(answered.error(), kUsage);
}

}  // namespace lastgood::cli
