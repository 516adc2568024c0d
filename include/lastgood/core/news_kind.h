// What is told of an app to people and programs elsewhere.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace lastgood::core {

enum class NewsKind {
    started,        // a commit was chosen, and is being built
    good,           // it ended its probation, or users are back on it
    failed,         // before users got it
    rolled_back,    // users had it, and are taken back to another one
    superseded,     // another one took its place
    cancelled,      // it was not deployed after all
    quarantined,    // also told as failed or rolled_back
    crashed,        // what serves users crashes in a loop, and there is nothing better
    recovered,      // that, or fetch_failing, is over
    fetch_failing,  // the repository can't be reached for a while
    edits_rescued,  // someone had edited a release; the edits are kept
};

inline constexpr std::array kNewsKinds = {
    NewsKind::started,    NewsKind::good,          NewsKind::failed,        NewsKind::rolled_back,
    NewsKind::superseded, NewsKind::cancelled,     NewsKind::quarantined,   NewsKind::crashed,
    NewsKind::recovered,  NewsKind::fetch_failing, NewsKind::edits_rescued,
};

std::string_view to_string(NewsKind kind);
std::optional<NewsKind> parse_news_kind(std::string_view text);

// Where nothing is said about it: what ends a deployment, and what needs a person.
bool is_told_by_default(NewsKind kind);

}  // namespace lastgood::core
