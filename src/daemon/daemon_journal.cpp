// A journal that refuses records, and what is told beside it.
#include "daemon/daemon.h"

namespace lastgood::daemon {

// Beside the record it is about: a message that can't be stored is lost, and its log line isn't.
void Daemon::tell_of(const AppName& app, const core::News& news) {
    const auto wanted = news_.wanted(app, {news});
    if (wanted.empty()) return;
    const auto written = news_.write(app, nullptr, wanted, wall_now());
    if (!written) site_.log.error(app.str(), written.error().text());
}

void Daemon::journal_refused() {
    if (stopping_ || retry_) return;
    for (const auto& app : apps_) {
        if (!app->engine().healthy()) site_.journal_trouble = app->engine().trouble();
    }
    if (site_.journal_trouble.empty()) {
        const auto probed = site_.journal.probe();
        site_.journal_trouble = probed ? "a record could not be written" : probed.error().text();
    }
    site_.log.error("journal", site_.journal_trouble +
                                   "; trying again, deliveries are refused "
                                   "meanwhile. Look at the disk of " +
                                   site_.config.state_dir);
    retry_ = site_.loop.after(limits::kStoreRetry, [this] { retry_journal(); });
}

void Daemon::retry_journal() {
    retry_.reset();
    if (!site_.journal.probe()) {
        retry_ = site_.loop.after(limits::kStoreRetry, [this] { retry_journal(); });
        return;
    }
    bool all = true;
    for (const auto& app : apps_) {
        app->engine().retry();
        all = all && app->engine().healthy();
    }
    if (!all) {
        retry_ = site_.loop.after(limits::kStoreRetry, [this] { retry_journal(); });
        return;
    }
    site_.journal_trouble.clear();
    site_.log.info("journal", "records are written again");
}

}  // namespace lastgood::daemon
