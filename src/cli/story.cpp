#include "cli/story.h"

#include <algorithm>

#include "cli/format.h"
#include "cli/progress.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

std::string clock_of(WallTime time) {
    return format_rfc3339(time).substr(11, 12);  // 12:00:00.123
}

std::string day_of(WallTime time) {
    return format_rfc3339(time).substr(0, 10);
}

class Teller {
  public:
    Teller(const StoryView& story, const Style& style)
        : story_(story), row_(story.deployment), style_(style) {}

    std::string tell() {
        text_ = outcome_head();
        asked_for();
        meant();
        happened();
        output();
        now();
        next();
        return text_;
    }

  private:
    void head(const std::string& title) {
        text_ += "\n" + style_.paint(Tone::strong, title) + "\n";
    }
    void line(const std::string& words) { text_ += "  " + words + "\n"; }
    void at(std::optional<WallTime> time, const std::string& words, bool inner = false) {
        const std::string when = time ? clock_of(*time) : std::string(12, ' ');
        line(style_.paint(Tone::dim, when) + (inner ? "    " : "  ") + words);
    }
    [[nodiscard]] std::string app() const { return printable(row_.app); }
    [[nodiscard]] std::string commit() const { return short_commit(row_.commit); }
    [[nodiscard]] bool has(std::string_view words) const {
        return row_.reason.find(words) != std::string::npos;
    }

    [[nodiscard]] std::string outcome_head() const;
    void asked_for();
    void meant();
    void happened();
    void moment(std::size_t number);
    void without_moments();
    void outcome();
    [[nodiscard]] bool is_said_by_outcome(const MomentView& moment) const;
    void output();
    void now();
    void next();
    [[nodiscard]] std::string phase_end(const std::string& phase) const;
    [[nodiscard]] std::string step_end(std::size_t number) const;
    [[nodiscard]] bool was_live_before(std::size_t number) const;

    const StoryView& story_;
    const DeploymentView& row_;
    const Style& style_;
    std::string text_;
};

std::string Teller::outcome_head() const {
    std::string text =
        style_.paint(Tone::strong, "Deployment " + std::to_string(row_.id)) + " of " + app();
    if (row_.outcome.empty()) return text + " goes on: " + printable(row_.phase) + "\n";
    std::string word = row_.outcome == "rolled_back" ? "was rolled back"
                       : row_.outcome == "good"      ? "is good"
                       : row_.outcome == "failed"    ? "failed"
                                                     : "was " + row_.outcome;
    text += " " + style_.paint(tone_of(row_.outcome), printable(word));
    if (row_.started_at && row_.finished_at) {
        text += " after " + format_duration(*row_.finished_at - *row_.started_at);
    }
    return text + (row_.reason.empty() ? "" : ": " + first_line(row_.reason)) + "\n";
}

void Teller::asked_for() {
    head("What asked for it");
    const std::string by = printable(row_.by, 64);
    if (story_.delivery) {
        const DeliveryView& delivery = *story_.delivery;
        line("a " + printable(delivery.event) + " of " + printable(delivery.provider) + " to " +
             or_dash(delivery.ref) +
             (delivery.received_at ? ", received " + format_rfc3339(*delivery.received_at) : ""));
        line("delivery " + printable(delivery.id) + ", decided: " + or_dash(delivery.decision) +
             (delivery.reason.empty() ? "" : ", " + first_line(delivery.reason)));
    } else if (row_.trigger == "webhook") {
        line("a delivery" + (row_.delivery.empty() ? "" : " " + printable(row_.delivery)) +
             " of the forge");
    } else if (row_.trigger == "poll") {
        line("the poller, which saw a commit on the branch that no delivery had told of");
    } else if (row_.trigger == "cli") {
        line((by.empty() ? "somebody" : by) + ", by lastgood deploy");
    } else if (row_.trigger == "rollback") {
        line((by.empty() ? "somebody" : by) + ", by lastgood rollback");
    } else if (row_.trigger == "promote") {
        line("another app, in which the commit was good long enough (promote)");
    } else if (row_.trigger == "crash-loop") {
        line("lastgood itself, as the way back from a release that proved bad");
    } else {
        line(or_dash(row_.trigger) + (by.empty() ? "" : ", " + by));
    }
}

void Teller::meant() {
    head("What was meant");
    if (row_.commit.empty()) return line("the branch's tip, which was not known yet");
    line("commit " + printable(row_.commit));
    if (!row_.subject.empty())
        line("\"" + printable(row_.subject, 200) + "\" by " + or_dash(row_.author));
}

std::string Teller::phase_end(const std::string& phase) const {
    for (const auto& [name, time] : row_.phases) {
        if (name == phase) return ", " + format_duration(time);
    }
    return row_.outcome.empty() && row_.phase == phase ? ", and still is" : "";
}

// Until whatever came after it.
std::string Teller::step_end(std::size_t number) const {
    const auto& began = story_.moments[number].at;
    const bool last = number + 1 == story_.moments.size();
    const auto ended = last ? row_.finished_at : story_.moments[number + 1].at;
    if (began && ended && *ended >= *began) return ", " + format_duration(*ended - *began);
    return "";
}

bool Teller::was_live_before(std::size_t number) const {
    const auto end = story_.moments.begin() + static_cast<std::ptrdiff_t>(number);
    return std::any_of(story_.moments.begin(), end, [this](const MomentView& moment) {
        return moment.kind == "switch" && moment.text.starts_with(row_.commit);
    });
}

void Teller::moment(std::size_t number) {
    const MomentView& moment = story_.moments[number];
    if (moment.kind == "phase") {
        return at(moment.at, printable(moment.text) + phase_end(moment.text));
    }
    if (moment.kind == "step") {
        return at(moment.at, printable(moment.text, 200) + step_end(number), true);
    }
    if (moment.kind != "switch") return at(moment.at, printable(moment.text, 1000), true);
    const auto words = split(moment.text, ' ');
    const bool own = words[0] == row_.commit;
    const std::string slot = words.size() > 1 ? ", in slot " + printable(words[1]) : "";
    if (!own) return at(moment.at, "users were taken back to " + short_commit(words[0]) + slot);
    const bool later = row_.finished_at && moment.at && *moment.at > *row_.finished_at;
    if (later && row_.outcome == "failed") {
        return at(moment.at, "it is started again and again" + slot + ": nothing better is there");
    }
    // The app or the daemon was restarted.
    if (later && was_live_before(number)) return at(moment.at, "users got it again" + slot);
    const bool proven = row_.trigger == "rollback" || row_.trigger == "crash-loop";
    at(moment.at,
       "users got it" + slot + (proven ? "" : "; its probation began" + phase_end("probation")));
}

void Teller::without_moments() {
    for (const auto& [phase, time] : row_.phases) {
        at(std::nullopt, printable(phase) + ", " + format_duration(time));
    }
}

void Teller::happened() {
    head("What happened" +
         (row_.started_at ? " (times of " + day_of(*row_.started_at) + ", UTC)" : std::string()));
    at(row_.started_at, "asked for");
    if (story_.moments.empty()) without_moments();
    bool ended = row_.outcome.empty();
    for (std::size_t i = 0; i < story_.moments.size(); ++i) {
        const auto& when = story_.moments[i].at;
        if (!ended && when && row_.finished_at && *when > *row_.finished_at) {
            ended = true;
            outcome();
        }
        if (!is_said_by_outcome(story_.moments[i])) moment(i);
    }
    if (!ended) outcome();
}

// The log's word of it.
bool Teller::is_said_by_outcome(const MomentView& moment) const {
    return row_.outcome == "good" && moment.kind == "told" && moment.text.ends_with(" is good");
}

void Teller::outcome() {
    std::string words = style_.paint(tone_of(row_.outcome), printable(row_.outcome));
    bool first = true;
    for (const std::string& part : split(trim(row_.reason), '\n')) {
        if (row_.reason.empty()) break;
        words += (first ? ": " : "\n" + std::string(18, ' ')) + printable(part);
        first = false;
    }
    at(row_.finished_at, words);
}

void Teller::output() {
    if (story_.log.empty()) return;
    if (row_.outcome == "failed" && row_.phase == "building" && !story_.output.empty()) {
        head("What it said last");
        for (const std::string& said : story_.output)
            line(style_.paint(Tone::dim, "| ") + printable(said));
    } else {
        head("Output of its build and hooks");
    }
    line("all of it: " + printable(story_.log));
}

void Teller::now() {
    head("Now");
    if (!story_.app) {
        line(app() + " is no longer in the config");
    } else if (story_.app->commit.empty()) {
        line("no commit of " + app() + " is live");
    } else {
        const AppView& live = *story_.app;
        const std::string which = live.commit == row_.commit
                                      ? "this commit is live"
                                      : "commit " + short_commit(live.commit) + " is live";
        line(which + (live.slot.empty() ? "" : " in slot " + printable(live.slot)) + ", state " +
             or_dash(live.state) + (live.paused ? ", paused" : ""));
    }
    if (story_.quarantine) {
        line("commit " + commit() + " is in quarantine" +
             (story_.quarantine->since ? " since " + format_rfc3339(*story_.quarantine->since)
                                       : "") +
             ": nothing deploys it by itself");
    }
    if (story_.next) {
        const DeploymentView& next = *story_.next;
        line("the next deployment was " + std::to_string(next.id) + ": commit " +
             short_commit(next.commit) + ", " + or_dash(next.trigger) + ", " +
             or_dash(next.outcome.empty() ? next.phase : next.outcome));
    }
}

void Teller::next() {
    head("What to do");
    const std::string again = "lastgood deploy " + app() + " " + commit();
    if (row_.outcome.empty()) {
        line("wait; see how far it is: lastgood status " + app() + " --watch");
    } else if (story_.quarantine) {
        line("mend it and push: a new commit is deployed as usual");
        line("to try this very commit again: " + again + " --force");
    } else if (row_.outcome == "failed") {
        line("mend what the reason says, then push, or try this again: " +
             (row_.commit.empty() ? "lastgood deploy " + app() : again));
    } else if (row_.outcome == "rolled_back" || row_.outcome == "cancelled") {
        line("to deploy it all the same: " + again);
    } else if (row_.outcome == "superseded" && story_.next) {
        line("nothing; how it went on: lastgood explain " + std::to_string(story_.next->id));
    } else {
        line("nothing");
    }
    if (!row_.help.empty()) line("what this means: lastgood help " + printable(row_.help));
}

}  // namespace

std::string tell(const StoryView& story, const Style& style) {
    return Teller(story, style).tell();
}

}  // namespace lastgood::cli
