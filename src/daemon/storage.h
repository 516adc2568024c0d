// The engines' storage on the journal: adds the wall clock and numbers deployments.
#pragma once

#include "lastgood/deploy/engine.h"
#include "lastgood/store/journal.h"

namespace lastgood::daemon {

class JournalStorage : public deploy::Storage {
  public:
    JournalStorage(store::Journal& journal, std::int64_t next_id)
        : journal_(journal), next_id_(next_id) {}

    Expected<void> save(const AppName& app, const core::AppState& state,
                        const std::vector<core::Record>& records) override {
        return journal_.save(app, state, records, wall_now());
    }
    Expected<void> save_at_once(const AppName& app, const core::AppState& state) override {
        return journal_.save_at_once(app, state);
    }
    std::int64_t next_deployment_id() override { return next_id_; }
    void set_next_deployment_id(std::int64_t next) override { next_id_ = next; }

  private:
    store::Journal& journal_;
    std::int64_t next_id_;
};

}  // namespace lastgood::daemon
