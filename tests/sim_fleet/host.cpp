#include "sim_fleet/host.h"

#include "sim_fleet/witness.h"

namespace lastgood::sim_fleet {
namespace {

constexpr Millis kClientTimeout{1'500};
constexpr Millis kKeepAliveEvery{3'000};

core::HostName name_of(int number) {
    std::string digits = std::to_string(number);
    if (digits.size() < 2) digits = "0" + digits;
    return *core::HostName::parse("h" + digits);
}

}  // namespace

Host::Host(Ground& ground, Etcd& etcd, Repository& repository, Witness& witness, const Setup& setup,
           int number, std::string zone)
    : ground_(ground),
      etcd_(etcd),
      repository_(repository),
      witness_(witness),
      setup_(setup),
      number_(number),
      name_(name_of(number)),
      zone_(std::move(zone)),
      local_(ground, repository, witness, number) {
    local_.changed = [this] {
        witness_.look();
        if (alive_) take_part();
    };
    local_.takes_host_down = [this] {
        ground_.counts.add(Kind::takes_host_down);
        die();
        ground_.clock.after(ground_.between(20'000, 60'000), [this] { boot(); });
    };
}

void Host::later(Millis delay, std::function<void()> task) {
    ground_.clock.after(delay, [this, life = life_, task = std::move(task)] {
        if (alive_ && life == life_) task();
    });
}

void Host::call(std::function<std::optional<Revision>()> work, std::function<void(Answer)> then) {
    Millis delay = ground_.between(1, 15);
    if (frozen_until_ > ground_.now()) delay += frozen_until_ - ground_.now();
    const auto life = life_;
    // The request is on its way: it gets there though its sender dies.
    ground_.clock.after(delay, [this, life, work = std::move(work), then = std::move(then)] {
        const auto answer = [this, life, then](Millis in, Answer what) {
            ground_.clock.after(in, [this, life, then, what] {
                if (alive_ && life == life_) then(what);
            });
        };
        if (ground_.now() < cut_until_) return answer(kClientTimeout, {});
        if (!etcd_.answers()) {
            if (ground_.random.chance(30)) {
                ground_.counts.add(Kind::applied_late);
                etcd_.when_it_answers([work] { work(); });
            }
            return answer(kClientTimeout, {});
        }
        const auto done = work();
        if (ground_.fault(2)) {
            ground_.counts.add(Kind::answer_lost);
            return answer(kClientTimeout, {});
        }
        const auto kind = done ? Answer::Kind::done : Answer::Kind::refused;
        answer(ground_.between(1, 15), {kind, done.value_or(0)});
    });
}

void Host::boot() {
    if (alive_) return;
    alive_ = true;
    ground_.note(name_.str() + " boots");
    witness_.booted(number_);
    start_agent();
    local_.booted();
    take_part();
}

void Host::die() {
    if (!alive_) return;
    alive_ = false;
    ++life_;
    ground_.counts.add(Kind::host_died);
    ground_.note(name_.str() + " DIES");
    controller_.reset();
    local_.died();
    witness_.died();
}

void Host::agent_dies() {
    if (!alive_) return;
    ground_.counts.add(Kind::agent_died);
    ground_.note(name_.str() + " agent dies");
    start_agent();
    take_part();
}

void Host::cut_off(Millis time) {
    if (!alive_ || ground_.now() < cut_until_) return;
    ground_.counts.add(is_controller() ? Kind::controller_cut_off : Kind::cut_off);
    ground_.note(name_.str() + " CUT OFF for " + format_duration(time));
    cut_until_ = ground_.now() + time;
    ground_.clock.after(time, [this] { etcd_changed(); });
}

void Host::start_agent() {
    ++life_;
    lease_ = 0;
    held_until_ = {};
    registered_ = listed_ = delivery_pending_ = report_in_flight_ = campaigning_ = false;
    connecting_ = false;
    copy_ = {};
    kept_alive_at_ = report_at_ = 0;
    controller_.reset();
    later(ground_.between(10, 2'000), [this] { connect(); });
    later(kKeepAliveEvery, [this] { keep_alive(); });
}

void Host::connect() {
    if (connecting_) return;
    connecting_ = true;
    registered_ = false;
    const Instant sent = ground_.now();
    call([this] { return std::optional(etcd_.grant_lease(setup_.lease_ttl)); },
         [this, sent](Answer answer) {
             connecting_ = false;
             if (answer.kind != Answer::Kind::done) {
                 return later(ground_.between(300, 2'000), [this] { connect(); });
             }
             lease_ = answer.revision;
             lease_held(sent);
             register_host();
         });
}

void Host::register_host() {
    core::MemberView nothing;
    const auto acts = core::decide_member(nothing, local_.told(), memory_);
    Transaction transaction;
    core::HostRecord record;
    record.labels["zone"] = zone_;
    transaction.puts = {{core::host_key(name_), record, lease_},
                        {core::host_app_key(name_, setup_.app), acts.report, lease_}};
    call([this, transaction] { return etcd_.commit(transaction); },
         [this, lease = lease_](Answer answer) {
             if (lease != lease_) return;
             if (answer.kind != Answer::Kind::done) return connect();
             registered_ = true;
             report_at_ = answer.revision;
             list();
         });
}

void Host::list() {
    auto listed = std::make_shared<Copy>();
    call(
        [this, listed] {
            listed->list(etcd_);
            return std::optional(etcd_.revision());
        },
        [this, listed](Answer answer) {
            if (answer.kind != Answer::Kind::done) {
                return later(ground_.between(300, 2'000), [this] { list(); });
            }
            const bool older =
                listed->life == copy_.life && listed->view.revision < copy_.view.revision;
            if (!older) copy_ = std::move(*listed);
            listed_ = true;
            seen();
            etcd_changed();
        });
}

void Host::keep_alive() {
    later(kKeepAliveEvery, [this] { keep_alive(); });
    if (lease_ == 0) return;
    const Instant sent = ground_.now();
    call(
        [this, lease = lease_] {
            return etcd_.keep_alive(lease) ? std::optional(etcd_.revision()) : std::nullopt;
        },
        [this, sent, lease = lease_](Answer answer) {
            if (lease != lease_ || answer.kind == Answer::Kind::unknown) return;
            if (answer.kind == Answer::Kind::refused) return connect();
            lease_held(sent);
            // A quiet watch is no proof that nothing happened.
            if (listed_ && copy_.view.revision < kept_alive_at_) list();
            kept_alive_at_ = answer.revision;
            seen();  // whoever stepped down may be the elected one still
        });
}

void Host::lease_held(Instant sent) {
    held_until_ = sent + setup_.lease_ttl - setup_.lease_margin;
    if (held_until_ <= ground_.now()) return;
    later(held_until_ - ground_.now(), [this] {
        if (ground_.now() < held_until_) return;
        take_part();
        lead();
    });
}

void Host::etcd_changed() {
    if (!alive_ || !listed_ || delivery_pending_) return;
    delivery_pending_ = true;
    Millis lag = ground_.between(1, 60);
    if (ground_.fault(1)) {
        ground_.counts.add(Kind::slow_watch);
        lag = ground_.between(2'000, 15'000);
    }
    later(lag, [this, until = etcd_.revision()] {
        delivery_pending_ = false;
        if (!reaches_etcd() || !etcd_.answers()) return;
        copy_.follow(etcd_, until);
        if (copy_.view.revision < etcd_.revision()) etcd_changed();
        seen();
    });
}

void Host::seen() {
    if (copy_.life != copied_life_) {  // revisions begin anew
        copied_life_ = copy_.life;
        kept_alive_at_ = report_at_ = decided_at_ = 0;
    }
    check_registration();
    take_part();
    const std::string identity = name_.str() + "/" + std::to_string(life_);
    const bool elected = copy_.elected == identity;
    if (controller_ && (!elected || *controller_ != copy_.elected_created)) controller_.reset();
    if (elected && !controller_ && ground_.now() < held_until_) {
        ground_.counts.add(Kind::elected);
        ground_.note(name_.str() + " is controller, epoch " +
                     std::to_string(copy_.elected_created));
        controller_ = copy_.elected_created;
        leading_ = {};
        in_flight_ = 0;
        decided_at_ = 0;
        again_.reset();
    }
    if (copy_.elected.empty()) campaign();
    lead();
}

// Two registrations may have overtaken each other on the way: then the keys are bound to a lease
// that nobody keeps alive.
void Host::check_registration() {
    if (!registered_ || !listed_ || copy_.view.revision < report_at_) return;
    const auto mine = copy_.view.hosts.find(name_);
    const bool is_there = mine != copy_.view.hosts.end() && mine->second.lease == lease_;
    if (!is_there) connect();
}

// The daemon's changes while it is told something are looked at afterwards, not within.
void Host::take_part() {
    if (taking_part_) return;
    taking_part_ = true;
    ++ground_.counts.steps;
    const auto& app = copy_.view.apps[setup_.app];
    core::MemberView view;
    view.current = is_current();
    view.cluster = copy_.view.cluster;
    view.revision = copy_.view.revision;
    if (app.wish) view.wish = app.wish->value;
    // One that is bound to an earlier lease goes with that.
    const auto grant = app.grants.find(name_);
    if (grant != app.grants.end() && grant->second.lease == lease_) {
        view.grant = grant->second.value;
    }
    for (const auto& [commit, bad] : app.quarantine) view.quarantine.insert(commit);
    if (view.current) witness_.saw(number_, view);
    const auto outcome = memory_.outcome;
    auto acts = core::decide_member(view, local_.told(), memory_);
    memory_ = acts.memory;
    if (outcome == core::GrantOutcome::none && memory_.outcome == core::GrantOutcome::declined) {
        ground_.counts.add(Kind::declined);
    }
    if (acts.deploy) {
        witness_.ordered(number_, *acts.deploy, view.grant->number);
        local_.deploy(*acts.deploy);
    }
    if (acts.withdraw) local_.withdraw(*acts.withdraw);
    taking_part_ = false;
    if (acts.deploy || acts.withdraw) return take_part();
    send_report(acts.report);
}

// Level-triggered: as long as etcd holds another.
void Host::send_report(const core::HostApp& report) {
    if (!registered_ || !listed_ || report_in_flight_) return;
    if (copy_.view.revision < report_at_) return;  // the last one isn't in the view yet
    const auto& hosts = copy_.view.apps[setup_.app].hosts;
    const auto mine = hosts.find(name_);
    if (mine == hosts.end() || mine->second.value == report) return;
    report_in_flight_ = true;
    Transaction transaction;
    const std::string key = core::host_app_key(name_, setup_.app);
    transaction.only_if = {{core::KeyComparison::Of::modified, key, mine->second.modified}};
    transaction.puts = {{key, report, lease_}};
    call([this, transaction] { return etcd_.commit(transaction); },
         [this](Answer answer) {
             report_in_flight_ = false;
             report_at_ = answer.revision;
             if (answer.kind == Answer::Kind::done) return;
             later(ground_.between(100, 500), [this] { take_part(); });
         });
}

}  // namespace lastgood::sim_fleet
