// The engines' storage on the journal: adds the wall clock, numbers deployments, and puts what is
// to be told of a step into the outbox, in the step's own transaction.
#pragma once

#include "daemon/news_desk.h"
#include "lastgood/deploy/engine.h"
#include "lastgood/store/journal.h"

namespace lastgood::daemon {

class JournalStorage : public deploy::Storage {
  public:
    JournalStorage(store::Journal& journal, std::int64_t next_id, NewsDesk& news)
        : journal_(journal), next_id_(next_id), news_(news) {}

    Expected<void> save(const AppName& app, const core::AppState& state,
                        const std::vector<core::Record>& records) override;
    Expected<void> save_at_once(const AppName& app, const core::AppState& state) override {
        return journal_.save_at_once(app, state);
    }
    std::int64_t next_deployment_id() override { return next_id_; }
    void set_next_deployment_id(std::int64_t next) override { next_id_ = next; }

  private:
    store::Journal& journal_;
    std::int64_t next_id_;
    NewsDesk& news_;
};

}  // namespace lastgood::daemon
