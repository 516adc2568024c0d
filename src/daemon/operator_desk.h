// What operators ask for through the control API, answered from the apps and the journal.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "daemon/app_service.h"
#include "daemon/site.h"
#include "lastgood/control/target.h"

namespace lastgood::daemon {

class OperatorDesk : public control::Target {
  public:
    using Apps = std::vector<std::unique_ptr<AppService>>;

    // Both outlive the desk.
    OperatorDesk(Site& site, const Apps& apps) : site_(site), apps_(apps) {}

    std::vector<control::AppStatus> apps() override;
    control::Outcome deploy(const std::string& app, const std::string& commit, bool force,
                            const std::string& by) override;
    control::Outcome rollback(const std::string& app, const std::string& to,
                              const std::string& by) override;
    control::Outcome pause(const std::string& app) override;
    control::Outcome resume(const std::string& app) override;
    control::Outcome start(const std::string& app) override;
    control::Outcome stop(const std::string& app) override;
    control::Outcome restart(const std::string& app) override;
    control::Outcome reexec() override;
    control::Outcome redeliver(const std::string& delivery_id) override;
    control::Outcome release_quarantine(const std::string& app, const std::string& commit) override;

    Expected<std::vector<store::DeploymentRow>> history(const std::optional<std::string>& app,
                                                        int count) override;
    Expected<std::optional<store::DeploymentRow>> deployment(DeploymentId id) override;
    Expected<std::optional<control::Story>> story(DeploymentId id) override;
    Expected<std::vector<store::DeliveryRow>> deliveries(const std::optional<std::string>& app,
                                                         int count) override;
    Expected<std::vector<store::SampleRow>> samples(const std::string& app) override;
    Expected<std::vector<store::QuarantineRow>> quarantine(
        const std::optional<std::string>& app) override;
    Expected<control::Notifications> notifications(const std::optional<std::string>& app) override;
    Expected<std::vector<control::Crash>> crashes(const std::optional<std::string>& app) override;
    Expected<control::StepOutput> step_output(const store::DeploymentRow& row,
                                              std::uint64_t from) override;
    Expected<control::LogFeed> read_logs(const std::optional<std::string>& app,
                                         const logs::LogQuery& query, bool follow) override;
    void fleet(std::function<void(Expected<std::string> json)> done) override;
    std::string metrics() override;
    bool healthy(std::string& why_not) override;

  private:
    AppService* find(const std::string& app);
    // Ends in an Outcome of kind `invalid` where the text names no one commit.
    std::optional<CommitId> resolve(AppService& app, const std::string& text,
                                    control::Outcome& outcome);
    control::Outcome ask(const std::string& app, const core::Event& event);
    [[nodiscard]] control::Outcome unknown_app(const std::string& app) const;

    Site& site_;
    const Apps& apps_;
};

}  // namespace lastgood::daemon
