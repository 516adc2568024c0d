#include "daemon/storage.h"

namespace lastgood::daemon {

Expected<void> JournalStorage::save(const AppName& app, const core::AppState& state,
                                    const std::vector<core::Record>& records) {
    const auto news = news_.wanted(app, core::news_of(state, records));
    const WallTime now = wall_now();
    if (news.empty()) return journal_.save(app, state, records, now);
    if (auto begun = journal_.begin_batch(); !begun) return begun;
    auto saved = journal_.save(app, state, records, now);
    if (saved) saved = news_.write(app, &state, news, now);
    if (!saved) {
        journal_.abort_batch();
        return saved;
    }
    return journal_.commit_batch();
}

}  // namespace lastgood::daemon
