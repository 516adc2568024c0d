#include "daemon/operator_desk.h"

#include <algorithm>
#include <map>

#include "daemon/log_reader.h"
#include "daemon/metrics.h"
#include "daemon/notifications.h"
#include "daemon/step_log.h"
#include "daemon/story.h"
#include "lastgood/base/strings.h"

namespace lastgood::daemon {
namespace {

using control::Outcome;
constexpr std::size_t kPrefixDigitsMin = 4;

Outcome outcome_of(const core::Answer& answer) {
    return {answer.accepted ? Outcome::Kind::done : Outcome::Kind::refused,
            answer.reason,
            answer.deployment,
            {}};
}

}  // namespace

AppService* OperatorDesk::find(const std::string& app) {
    for (const auto& service : apps_) {
        if (service->app().name.str() == app) return service.get();
    }
    return nullptr;
}

std::vector<control::AppStatus> OperatorDesk::apps() {
    std::vector<control::AppStatus> out;
    for (const auto& service : apps_) out.push_back(service->status());
    for (const auto& app : site_.config.apps) {
        const auto kept_out = site_.kept_out.find(app.name.str());
        if (kept_out == site_.kept_out.end()) continue;
        control::AppStatus& row = out.emplace_back();
        row.name = app.name.str();
        row.branch = app.followed.name();
        row.state = "failed";
        row.trouble = kept_out->second;
    }
    return out;
}

// Also where it can't be run.
Outcome OperatorDesk::unknown_app(const std::string& app) const {
    if (const auto kept_out = site_.kept_out.find(app); kept_out != site_.kept_out.end()) {
        return {Outcome::Kind::refused, "it is not run: " + kept_out->second, {}, {}};
    }
    std::vector<std::string> names;
    for (const auto& one : site_.config.apps) names.push_back(one.name.str());
    return {Outcome::Kind::unknown_app,
            "there is no app " + printable(app, 100) + " in the config" + did_you_mean(app, names),
            {},
            {}};
}

std::optional<CommitId> OperatorDesk::resolve(AppService& app, const std::string& text,
                                              Outcome& outcome) {
    if (auto full = CommitId::parse(text)) return full;
    outcome.kind = Outcome::Kind::invalid;
    const std::string digits = to_lower(text);
    const bool hex = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hex || digits.size() < kPrefixDigitsMin) {
        outcome.reason = "`" + printable(text, 100) + "` is no commit id";
        return std::nullopt;
    }
    auto found = site_.journal.commits_beginning(app.app().name, digits);
    if (!found) {
        outcome.reason = found.error().text();
    } else if (found->size() == 1) {
        return CommitId::parse(found->front());
    } else {
        outcome.reason = (found->empty() ? "no commit of its history begins with "
                                         : "more than one commit of its history begins with ") +
                         digits + "; give the full id";
    }
    return std::nullopt;
}

Outcome OperatorDesk::ask(const std::string& app, const core::Event& event) {
    AppService* service = find(app);
    if (service == nullptr) return unknown_app(app);
    Outcome outcome = outcome_of(service->engine().handle(event));
    if (site_.fleet.changed) site_.fleet.changed(service->app().name);
    if (!service->engine().healthy()) {
        site_.journal_refused();
        // What is refused by a rule changes nothing that would have to be stored.
        if (outcome.kind != Outcome::Kind::done) return outcome;
        outcome.kind = Outcome::Kind::unavailable;
        outcome.reason = "this could not be recorded yet: " + service->engine().trouble() +
                         "; it is kept, and done when it can be (at once where users need it)";
    }
    return outcome;
}

Outcome OperatorDesk::deploy(const std::string& app, const std::string& commit, bool force,
                             const std::string& by) {
    AppService* service = find(app);
    if (service == nullptr) return unknown_app(app);
    core::Request request;
    request.trigger = core::Trigger::cli;
    request.force = force;
    request.by = by;
    Outcome outcome;
    if (!commit.empty()) {
        request.commit = resolve(*service, commit, outcome);
        if (!request.commit) return outcome;
    }
    const std::string id = request.commit ? request.commit->hex() : std::string();
    outcome = ask(app, core::RequestArrived{std::move(request)});
    outcome.commit = id;
    return outcome;
}

Outcome OperatorDesk::rollback(const std::string& app, const std::string& to,
                               const std::string& by) {
    AppService* service = find(app);
    if (service == nullptr) return unknown_app(app);
    Outcome outcome;
    std::optional<CommitId> target;
    if (!to.empty()) {
        target = resolve(*service, to, outcome);
        if (!target) return outcome;
    }
    return ask(app, core::RollbackAsked{target, by});
}

Outcome OperatorDesk::pause(const std::string& app) {
    return ask(app, core::PauseAsked{});
}
Outcome OperatorDesk::resume(const std::string& app) {
    return ask(app, core::ResumeAsked{});
}
Outcome OperatorDesk::start(const std::string& app) {
    return ask(app, core::StartAsked{});
}
Outcome OperatorDesk::stop(const std::string& app) {
    return ask(app, core::StopAsked{});
}
Outcome OperatorDesk::restart(const std::string& app) {
    return ask(app, core::RestartAsked{});
}

Outcome OperatorDesk::reexec() {
    site_.reexec();
    return {};
}

Outcome OperatorDesk::redeliver(const std::string& delivery_id) {
    auto rows = site_.journal.find_delivery(delivery_id);
    if (!rows) return {Outcome::Kind::unavailable, rows.error().text(), {}, {}};
    if (rows->empty()) {
        return {
            Outcome::Kind::invalid,
            "no delivery has the id " + printable(delivery_id, 200) + "; see lastgood deliveries",
            {},
            {}};
    }
    // One delivery to the hook of all apps may be for several of them.
    Outcome outcome;
    bool done = false;
    for (const auto& row : *rows) {
        const auto commit = CommitId::parse(row.commit);
        if (!commit) {
            if (done) continue;
            outcome = {
                Outcome::Kind::refused, "that delivery asks for nothing: " + row.reason, {}, {}};
            continue;
        }
        if (site_.fleet.has && site_.fleet.has(row.app)) {
            if (!done)
                outcome.reason = "the fleet deploys " + row.app + "; use lastgood fleet deploy";
            if (!done) outcome.kind = Outcome::Kind::refused;
            continue;
        }
        core::Request request;
        request.trigger = core::Trigger::webhook;
        request.commit = commit;
        request.delivery = row.id;
        Outcome of_app = ask(row.app, core::RequestArrived{std::move(request)});
        of_app.commit = row.commit;
        if (!done) outcome = of_app;
        done = done || of_app.kind == Outcome::Kind::done;
    }
    return outcome;
}

Outcome OperatorDesk::release_quarantine(const std::string& app, const std::string& commit) {
    AppService* service = find(app);
    if (service == nullptr) return unknown_app(app);
    Outcome outcome;
    const auto id = resolve(*service, commit, outcome);
    if (!id) return outcome;
    return ask(app, core::QuarantineReleaseAsked{*id});
}

Expected<std::vector<store::DeploymentRow>> OperatorDesk::history(
    const std::optional<std::string>& app, int count) {
    return site_.journal.deployments(app, count);
}

Expected<std::optional<store::DeploymentRow>> OperatorDesk::deployment(DeploymentId id) {
    return site_.journal.deployment(id);
}

Expected<std::optional<control::Story>> OperatorDesk::story(DeploymentId id) {
    return story_of(site_, id);
}

Expected<std::vector<store::DeliveryRow>> OperatorDesk::deliveries(
    const std::optional<std::string>& app, int count) {
    return site_.journal.deliveries(app, count);
}

Expected<std::vector<store::SampleRow>> OperatorDesk::samples(const std::string& app) {
    const AppService* service = find(app);
    if (service == nullptr) return std::vector<store::SampleRow>{};
    return site_.journal.samples(service->app().name);
}

Expected<std::vector<store::QuarantineRow>> OperatorDesk::quarantine(
    const std::optional<std::string>& app) {
    return site_.journal.quarantine(app);
}

Expected<std::vector<control::Crash>> OperatorDesk::crashes(const std::optional<std::string>& app) {
    std::vector<control::Crash> all;
    for (const auto& service : apps_) {
        if (app && service->app().name.str() != *app) continue;
        all.insert(all.end(), service->crashes().begin(), service->crashes().end());
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.at > b.at; });
    return all;
}

Expected<control::StepOutput> OperatorDesk::step_output(const store::DeploymentRow& row,
                                                        std::uint64_t from) {
    const auto app = AppName::parse(row.app);
    if (!app) return control::StepOutput{};
    return read_step_log(AppPaths(site_.config.state_dir, *app).step_log(row.id), from);
}

Expected<control::LogFeed> OperatorDesk::read_logs(const std::optional<std::string>& app,
                                                   const logs::LogQuery& query, bool follow) {
    logs::LogQuestion question{{}, query, {}, follow};
    std::vector<std::string> names;
    std::map<std::string, std::vector<logs::LogSource>> own;
    for (const auto& service : apps_) {
        const std::string& name = service->app().name.str();
        if (app && name != *app) continue;
        names.push_back(name);
        own[name] = logs::own_files(site_.config.state_dir, service->app());
    }
    if (app) question.about = names;
    question.sources = logs::sources_of(site_.config.state_dir, names, own);
    return start_log_reader(site_, question);
}

bool OperatorDesk::healthy(std::string& why_not) {
    for (const auto& service : apps_) {
        if (service->engine().healthy()) continue;
        why_not = service->engine().trouble();
        return false;
    }
    why_not = site_.journal_trouble;
    return why_not.empty();
}

Expected<control::Notifications> OperatorDesk::notifications(
    const std::optional<std::string>& app) {
    return notifications_of(site_, app);
}

void OperatorDesk::fleet(std::function<void(Expected<std::string> json)> done) {
    if (site_.fleet.look) return site_.fleet.look(std::move(done));
    site_.loop.defer([done = std::move(done)] { done(Error{"the daemon is not ready yet", {}}); });
}

std::string OperatorDesk::metrics() {
    return metrics_text(site_, apps_, apps());
}

}  // namespace lastgood::daemon
