#include "lastgood/logs/question.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "lastgood/base/strings.h"
#include "logs/line_format.h"

namespace lastgood::logs {
namespace {

using Json = nlohmann::ordered_json;

// The daemon's lines about other apps are left out after reading, so more are read.
constexpr std::size_t kReadAhead = 50;

constexpr unsigned kNobody = 65534;

bool in_a_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool has_word(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const std::size_t after = at + word.size();
        const bool begins = at == 0 || !in_a_word(text[at - 1]);
        if (begins && (after == text.size() || !in_a_word(text[after]))) return true;
    }
    return false;
}

// Names are looked for as whole words.
bool is_wanted(const LogLine& line, const std::vector<std::string>& about) {
    if (about.empty() || line.source != kDaemonSource) return true;
    return std::any_of(about.begin(), about.end(), [&line](const std::string& app) {
        return has_word(line.text, app) || has_word(line.second, app);
    });
}

// None: the daemon's own user.
std::optional<sys::Identity> writer_of(const config::App& app) {
    if (app.account.user.empty()) return std::nullopt;
    auto writer = sys::find_identity(app.account.user, app.account.group);
    if (writer) return std::move(*writer);
    return sys::Identity{kNobody, kNobody, {}, app.account.user, {}, {}};  // it isn't there
}

Json json_of(const LogSource& source) {
    Json json{{"name", source.name}, {"path", source.path}, {"own", source.own}};
    if (!source.writer) return json;
    json["writer"] = {{"name", source.writer->name},
                      {"uid", source.writer->uid},
                      {"gid", source.writer->gid},
                      {"groups", source.writer->groups}};
    return json;
}

LogSource source_of(const Json& json) {
    LogSource source{json.at("name").get<std::string>(), json.at("path").get<std::string>(),
                     json.at("own").get<bool>()};
    const auto writer = json.find("writer");
    if (writer == json.end()) return source;
    source.writer.emplace();
    source.writer->name = writer->at("name").get<std::string>();
    source.writer->uid = writer->at("uid").get<uid_t>();
    source.writer->gid = writer->at("gid").get<gid_t>();
    source.writer->groups = writer->at("groups").get<std::vector<gid_t>>();
    return source;
}

LogQuestion question_of(const Json& json) {
    LogQuestion question;
    for (const auto& source : json.at("sources")) question.sources.push_back(source_of(source));
    question.query.lines_max = json.at("lines").get<std::size_t>();
    question.query.grep = json.at("grep").get<std::string>();
    question.query.since = parse_rfc3339(json.at("since").get<std::string>());
    question.query.level = parse_level(json.at("level").get<std::string>());
    question.about = json.at("about").get<std::vector<std::string>>();
    question.follow = json.at("follow").get<bool>();
    return question;
}

}  // namespace

std::vector<LogSource> sources_of(const std::string& state_dir,
                                  const std::vector<std::string>& apps,
                                  const std::map<std::string, std::vector<LogSource>>& app_logs) {
    std::vector<LogSource> sources;
    for (const std::string& app : apps) {
        sources.push_back({app, state_dir + "/apps/" + app + "/logs/output.log"});
        const auto own = app_logs.find(app);
        if (own == app_logs.end()) continue;
        sources.insert(sources.end(), own->second.begin(), own->second.end());
    }
    sources.push_back({kDaemonSource, state_dir + "/logs/lastgood.log"});
    return sources;
}

std::vector<LogSource> own_files(const std::string& state_dir, const config::App& app) {
    const std::string folder =
        state_dir + "/apps/" + app.name.str() + "/current/" + app.workdir + "/";
    const auto writer = writer_of(app);
    std::vector<LogSource> files;
    for (const auto& file : app.logs) {
        files.push_back(
            {app.name.str(), file.starts_with('/') ? file : folder + file, false, writer});
    }
    return files;
}

std::optional<WallTime> parse_since(std::string_view text, WallTime now) {
    if (const auto time = parse_rfc3339(text)) return time;
    if (const auto ago = parse_duration(text)) return now - *ago;
    return std::nullopt;
}

Expected<void> answer(const LogQuestion& question,
                      const std::function<bool(const LogLine&)>& on_line) {
    LogQuery query = question.query;
    if (!question.about.empty()) query.lines_max *= kReadAhead;
    const auto reader = Reader::open(question.sources, query);
    if (!reader) return reader.error();
    std::vector<LogLine> lines = (*reader)->last();
    std::erase_if(lines, [&](const LogLine& line) { return !is_wanted(line, question.about); });
    const std::size_t count = std::min(lines.size(), question.query.lines_max);
    for (auto line = lines.end() - static_cast<std::ptrdiff_t>(count); line != lines.end();
         ++line) {
        if (!on_line(*line)) return {};
    }
    lines = {};
    if (!question.follow) return {};
    (*reader)->follow(
        [&](const LogLine& line) { return !is_wanted(line, question.about) || on_line(line); },
        [] { return true; });
    return {};
}

std::string line_json(const LogLine& line) {
    const bool of_daemon = line.source == kDaemonSource;
    const bool output = !of_daemon && (line.second == "out" || line.second == "err");
    const Json json{{"time", format_rfc3339(line.time)},
                    {"source", to_utf8(line.source)},
                    {output ? "slot" : "level", to_utf8(line.first)},
                    {of_daemon ? "component" : (output ? "stream" : "file"), to_utf8(line.second)},
                    {"text", to_utf8(line.text)}};
    return json.dump();
}

std::string encode(const LogQuestion& question) {
    Json sources = Json::array();
    for (const auto& source : question.sources) sources.push_back(json_of(source));
    const LogQuery& query = question.query;
    const Json json{{"sources", sources},
                    {"lines", query.lines_max},
                    {"grep", query.grep},
                    {"since", query.since ? format_rfc3339(*query.since) : ""},
                    {"level", query.level ? std::string(level_name(*query.level)) : ""},
                    {"about", question.about},
                    {"follow", question.follow}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Expected<LogQuestion> decode_question(std::string_view text) {
    try {
        return question_of(Json::parse(text));
    } catch (const Json::exception& failure) {
        return Error{std::string("no question about logs: ") + failure.what(), {}};
    }
}

}  // namespace lastgood::logs
