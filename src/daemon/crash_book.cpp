#include "daemon/crash_book.h"

#include <nlohmann/json.hpp>

#include "lastgood/base/limits.h"

namespace lastgood::daemon {
namespace {

using nlohmann::json;

constexpr const char* kNote = "crashes";

}  // namespace

CrashBook::CrashBook(store::Journal& journal, const AppName& app) : journal_(journal), app_(app) {
    if (const auto text = journal.note(app, kNote)) crashes_ = decode_crashes(*text, app);
}

Expected<void> CrashBook::add(control::Crash crash) {
    crashes_.insert(crashes_.begin(), std::move(crash));
    if (crashes_.size() > limits::kCrashesKept) crashes_.resize(limits::kCrashesKept);
    return journal_.set_note(app_, kNote, encode_crashes(crashes_));
}

std::string encode_crashes(const std::vector<control::Crash>& crashes) {
    json rows = json::array();
    for (const auto& crash : crashes) {
        rows.push_back({{"at", format_rfc3339(crash.at)},
                        {"commit", crash.commit},
                        {"slot", crash.slot},
                        {"status", crash.status}});
    }
    return rows.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<control::Crash> decode_crashes(std::string_view text, const AppName& app) {
    std::vector<control::Crash> crashes;
    try {
        for (const auto& row : json::parse(text)) {
            const auto at = parse_rfc3339(row.at("at").get<std::string>());
            if (!at) continue;
            crashes.push_back({app.str(), row.at("commit").get<std::string>(),
                               row.at("slot").get<std::string>(),
                               row.at("status").get<std::string>(), *at});
        }
    } catch (const json::exception&) {
        return {};
    }
    return crashes;
}

}  // namespace lastgood::daemon
