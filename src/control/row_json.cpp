#include "control/row_json.h"

#include <nlohmann/json.hpp>

#include "lastgood/base/strings.h"
#include "lastgood/base/version.h"
#include "lastgood/control/event.h"
#include "lastgood/control/progress.h"
#include "lastgood/core/help_topic.h"

namespace lastgood::control {
namespace {

// Keys stay in the order in which people read them.
using Json = nlohmann::ordered_json;

Json phases(const store::DeploymentRow& row) {
    Json known = Json::object();
    const auto add = [&known](const char* name, const std::optional<Millis>& time) {
        if (time) known[name] = time->count();
    };
    add("fetching", row.fetching);
    add("building", row.building);
    add("starting", row.starting);
    add("probation", row.probation);
    return known;
}

Json object(const store::DeploymentRow& row) {
    return Json{
        {"id", row.id.value},
        {"app", to_utf8(row.app)},
        {"commit", to_utf8(row.commit)},
        {"subject", to_utf8(row.subject)},
        {"author", to_utf8(row.author)},
        {"trigger", to_utf8(row.trigger)},
        {"by", to_utf8(row.by)},
        {"phase", to_utf8(row.phase)},
        {"outcome", to_utf8(row.outcome)},
        {"reason", to_utf8(row.reason)},
        {"help", core::help_topic({row.outcome, row.phase, row.reason})},
        {"delivery", to_utf8(row.delivery)},
        {"started_at", format_rfc3339(row.started_at)},
        {"finished_at", row.finished_at ? Json(format_rfc3339(*row.finished_at)) : Json(nullptr)},
        {"phases_ms", phases(row)},
    };
}

Json object(const store::DeliveryRow& row) {
    return Json{
        {"id", to_utf8(row.id)},
        {"provider", to_utf8(row.provider)},
        {"event", to_utf8(row.event)},
        {"app", to_utf8(row.app)},
        {"ref", to_utf8(row.ref)},
        {"commit", to_utf8(row.commit)},
        {"decision", to_utf8(row.decision)},
        {"reason", to_utf8(row.reason)},
        {"received_at", format_rfc3339(row.received_at)},
        {"bytes", row.bytes},
    };
}

Json object(const store::QuarantineRow& row) {
    return Json{
        {"app", to_utf8(row.app)},
        {"commit", to_utf8(row.commit)},
        {"reason", to_utf8(row.reason)},
        {"since", format_rfc3339(row.since)},
    };
}

Json object(const Crash& crash) {
    return Json{
        {"app", to_utf8(crash.app)},       {"commit", crash.commit},         {"slot", crash.slot},
        {"status", to_utf8(crash.status)}, {"at", format_rfc3339(crash.at)},
    };
}

Json object(const BesideStatus& beside) {
    return Json{{"commit", beside.commit},
                {"slot", beside.slot},
                {"pid", beside.pid},
                {"memory_bytes", beside.memory_bytes}};
}

// Percent of one CPU.
double cpu_percent(const store::SampleRow& sample) {
    return static_cast<double>(sample.cpu_permille) / 10;
}

Json object(const store::SampleRow& sample) {
    return Json{{"at", format_rfc3339(sample.at)},    {"memory_bytes", sample.memory_bytes},
                {"cpu_percent", cpu_percent(sample)}, {"descriptors", sample.descriptors},
                {"threads", sample.threads},          {"processes", sample.processes}};
}

Json object(const AppStatus& status) {
    const store::SampleRow sample = status.sample.value_or(store::SampleRow{});
    return Json{
        {"name", to_utf8(status.name)},
        {"branch", to_utf8(status.branch)},
        {"state", to_utf8(status.state)},
        {"commit", to_utf8(status.commit)},
        {"subject", to_utf8(status.subject)},
        {"author", to_utf8(status.author)},
        {"since", status.since ? Json(format_rfc3339(*status.since)) : Json(nullptr)},
        {"last_good", to_utf8(status.last_good)},
        {"slot", to_utf8(status.slot)},
        {"pid", status.pid},
        {"uptime_s", status.uptime_s},
        {"restarts", status.restarts},
        {"memory_bytes", status.memory_bytes},
        {"cpu_percent", cpu_percent(sample)},
        {"descriptors", sample.descriptors},
        {"threads", sample.threads},
        {"processes", sample.processes},
        {"mirror_bytes", status.mirror_bytes},
        {"beside", status.beside ? object(*status.beside) : Json(nullptr)},
        {"paused", status.paused},
        {"waits", to_utf8(status.waits)},
        {"trouble", to_utf8(status.trouble)},
        {"deployment", status.deployment ? object(*status.deployment) : Json(nullptr)},
    };
}

Event event(const char* type, const std::string& app, const char* name, Json about) {
    Json whole{{"type", type}, {"app", to_utf8(app)}};
    whole[name] = std::move(about);
    return Event{type, app, whole.dump(), {}};
}

}  // namespace

std::string to_json(const AppStatus& status) {
    return object(status).dump();
}
std::string to_json(const store::SampleRow& row) {
    return object(row).dump();
}
std::string to_json(const store::DeploymentRow& row) {
    return object(row).dump();
}
std::string to_json(const store::DeliveryRow& row) {
    return object(row).dump();
}
std::string to_json(const store::QuarantineRow& row) {
    return object(row).dump();
}

std::string to_json(const Story& story) {
    Json moments = Json::array();
    for (const Moment& moment : story.moments) {
        moments.push_back({{"at", format_rfc3339(moment.at)},
                           {"kind", to_utf8(moment.kind)},
                           {"text", to_utf8(moment.text)}});
    }
    Json output = Json::array();
    for (const std::string& line : story.output) output.push_back(to_utf8(line));
    const auto or_null = [](const auto& row) { return row ? object(*row) : Json(nullptr); };
    return Json{{"deployment", object(story.deployment)},
                {"delivery", or_null(story.delivery)},
                {"moments", std::move(moments)},
                {"output", std::move(output)},
                {"log", to_utf8(story.log)},
                {"next", or_null(story.next)},
                {"quarantine", or_null(story.quarantine)}}
        .dump();
}

std::string to_json(const Crash& crash) {
    return object(crash).dump();
}

std::string to_json(const StepOutput& piece) {
    return Json{{"text", to_utf8(piece.text)}, {"next", piece.next}, {"size", piece.size}}.dump();
}

std::string to_json(const Outcome& outcome) {
    Json whole{
        {"status", "done"},
        {"reason", to_utf8(outcome.reason)},
        {"commit", to_utf8(outcome.commit)},
        {"deployment", outcome.deployment ? Json(outcome.deployment.value) : Json(nullptr)},
    };
    return whole.dump();
}

std::string version_json() {
    // Of this program's image: another one after a restart, and after it was replaced in place.
    static const std::string started_at = format_rfc3339(wall_now());
    return Json{{"version", program_version()}, {"started_at", started_at}}.dump();
}

std::string error_json(const std::string& text, bool refused) {
    Json whole{{"error", to_utf8(text)}};
    if (refused) whole["refused"] = true;
    const auto help = core::help_topic_of_refusal(text);
    if (!help.empty()) whole["help"] = help;
    return whole.dump();
}

Event deployment_event(const store::DeploymentRow& row) {
    Event made = event("deployment", row.app, "deployment", object(row));
    made.deployment = row.id;
    return made;
}

Event delivery_event(const store::DeliveryRow& row) {
    return event("delivery", row.app, "delivery", object(row));
}

Event app_event(const AppStatus& status) {
    return event("app", status.name, "status", object(status));
}

Event progress_event(const Progress& progress) {
    Json about{{"doing", progress.doing}, {"elapsed_ms", progress.elapsed.count()}};
    if (progress.objects_total > 0) {
        about["objects"] = progress.objects;
        about["objects_total"] = progress.objects_total;
    }
    if (progress.files > 0) about["files"] = progress.files;
    if (progress.bytes > 0) about["bytes"] = progress.bytes;
    if (progress.step > 0) {
        about["step"] = progress.step;
        about["steps"] = progress.steps;
        about["command"] = to_utf8(progress.command);
        about["line"] = to_utf8(progress.line);
    }
    const Json whole{{"type", "progress"},
                     {"app", to_utf8(progress.app)},
                     {"deployment", progress.deployment.value},
                     {"progress", std::move(about)}};
    return Event{"progress", progress.app, whole.dump(), progress.deployment};
}

Event crash_event(const Crash& crash) {
    return event("crash", crash.app, "crash", object(crash));
}

Event quarantine_event(const store::QuarantineRow& row, bool released) {
    Json whole{{"type", "quarantine"},
               {"app", to_utf8(row.app)},
               {"quarantine", object(row)},
               {"released", released}};
    return Event{"quarantine", row.app, whole.dump(), {}};
}

}  // namespace lastgood::control
