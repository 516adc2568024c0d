// What is told once, and when it is over.
#include "core/machine_impl.h"
#include "lastgood/base/limits.h"

namespace lastgood::core {

void Machine::raise_alarm(const CommitId& commit, const std::string& reason) {
    if (LASTGOOD_MUTANT(alarm_repeated, s_.alarm, false)) return;
    s_.alarm = true;
    notice(NewsKind::crashed, commit, reason);
}

void Machine::end_alarm(const CommitId& commit) {
    if (!s_.alarm) return;
    s_.alarm = false;
    notice(NewsKind::recovered, commit, "commit " + commit.short_hex() + " runs well again");
}

// The live release has run for as long as its crashes are counted together.
void Machine::settled() {
    const bool served = s_.live && s_.serves(s_.active);
    if (LASTGOOD_MUTANT(recovery_untold, served, false) && !s_.trial && !s_.failed) {
        end_alarm(*s_.live);
    }
}

void Machine::on(const LookFailed& event) {
    if (event.in_a_row >= limits::kLooksFailedTold) repository_is_away(event.reason);
}

void Machine::repository_is_away(const std::string& reason) {
    if (s_.unreachable) return;
    s_.unreachable = true;
    record(Noticed{NewsKind::fetch_failing, {}, {}, reason});
}

void Machine::repository_answers() {
    if (!s_.unreachable) return;
    s_.unreachable = false;
    record(Noticed{NewsKind::recovered, {}, {}, "the repository can be reached again"});
}

}  // namespace lastgood::core
