#include "control/log_query.h"

#include "control/replies.h"
#include "lastgood/base/limits.h"
#include "lastgood/logs/question.h"

namespace lastgood::control {

Expected<logs::LogQuery> read_log_query(const http::Request& request, WallTime now) {
    logs::LogQuery query;
    if (const auto text = request.param("n"); !text.empty()) {
        const auto count = parse_number(text, 1, limits::kRowsMax);
        if (!count) {
            return Error{"n must be a number from 1 to " + std::to_string(limits::kRowsMax), {}};
        }
        query.lines_max = static_cast<std::size_t>(*count);
    }
    query.grep = request.param("grep");
    if (query.grep.size() > limits::kLogPatternBytesMax) {
        return Error{
            "grep is longer than " + std::to_string(limits::kLogPatternBytesMax) + " bytes", {}};
    }
    if (const auto text = request.param("level"); !text.empty()) {
        query.level = logs::parse_level(text);
        if (!query.level) return Error{"level must be error, warn, info, http or debug", {}};
    }
    if (const auto text = request.param("since"); !text.empty()) {
        query.since = logs::parse_since(text, now);
        if (!query.since) {
            return Error{"since must be how long ago, as 10m, or a time as 2026-05-01T12:00:00Z",
                         {}};
        }
    }
    return query;
}

}  // namespace lastgood::control
