// Makes messages of news, one for each target that wants them, and puts them into the outbox.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lastgood/config/config.h"
#include "lastgood/core/news.h"
#include "lastgood/notify/message.h"
#include "lastgood/store/journal.h"

namespace lastgood::daemon {

class NewsDesk {
  public:
    // `on_written`: something new may wait, when the transaction has ended well. `on_lost`: a
    // target had too many waiting.
    NewsDesk(const config::Config& config, store::Journal& journal,
             std::function<void()> on_written,
             std::function<void(const std::string& app, const std::string& target)> on_lost);

    // Those that somebody wants to hear.
    [[nodiscard]] std::vector<core::News> wanted(const AppName& app,
                                                 std::vector<core::News> news) const;
    // In the caller's transaction, where there is one. `state`: of the app, after it; null: not
    // known.
    Expected<void> write(const AppName& app, const core::AppState* state,
                         const std::vector<core::News>& news, WallTime now);

  private:
    Expected<notify::Message> message_of(const AppName& app, const core::AppState* state,
                                         const core::News& news, WallTime now);
    Expected<void> add(const notify::Message& message, const std::string& target);

    const config::Config& config_;
    store::Journal& journal_;
    const std::string host_;
    std::function<void()> on_written_;
    std::function<void(const std::string&, const std::string&)> on_lost_;
};

}  // namespace lastgood::daemon
