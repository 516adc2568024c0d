#include "lastgood/store/state_codec.h"

#include <gtest/gtest.h>

#include "lastgood/base/random.h"
#include "store/world.h"

namespace lastgood::store {
namespace {

using namespace core;

class RandomState {
  public:
    explicit RandomState(std::uint64_t seed) : random_(seed) {}

    AppState state() {
        AppState out;
        out.paused = random_.chance(50);
        out.stopped = random_.chance(50);
        out.failed = random_.chance(50);
        if (random_.chance(60)) out.waiting = deployment();
        if (random_.chance(60)) out.work = deployment();
        if (random_.chance(60)) {
            out.trial = Trial{DeploymentId{number()}, any_commit(), slot(), small(),
                              Millis(number()),       std::nullopt};
            if (random_.chance(50)) out.trial->since = Instant(Millis(number()));
        }
        out.live = maybe_commit();
        out.active = slot();
        out.seen_tip = maybe_commit();
        out.waits_for = maybe_commit();
        out.promoted = maybe_commit();
        out.promoted_off_branch = random_.chance(50);
        if (random_.chance(50)) out.freed = {any_commit(), any_commit()};
        out.runs = random_.next();
        for (const Slot which : kSlots) {
            out.slot(which).run = RunId{random_.next()};
            out.slot(which).failures = small();
            if (random_.chance(50)) continue;
            out.slot(which).state = RunState::running;
            out.slot(which).commit = any_commit();
        }
        return out;
    }

    // What a restart must not believe any more, or what has tables of its own.
    void add_what_is_not_kept(AppState& state) {
        state.good = {any_commit(), any_commit()};
        state.quarantine.emplace(any_commit(), "bad");
        state.crashes_after_good = {Instant(Millis(5))};
        for (const Slot which : kSlots) {
            SlotState& slot = state.slot(which);
            slot.started = Instant(Millis(77));
            if (slot.state == RunState::running) continue;
            slot.state = random_.chance(50) ? RunState::backoff : RunState::stopping;
            slot.commit = any_commit();
            slot.restart = true;
        }
    }

  private:
    std::int64_t number() { return static_cast<std::int64_t>(random_.next() >> 1); }
    int small() { return static_cast<int>(random_.below(1000)); }
    Slot slot() { return random_.chance(50) ? Slot::blue : Slot::green; }
    CommitId any_commit() {
        std::string hex(random_.chance(50) ? 40 : 64, '0');
        for (char& c : hex) c = "0123456789abcdef"[random_.below(16)];
        hex[0] = '1';
        return *CommitId::parse(hex);
    }
    std::optional<CommitId> maybe_commit() {
        return random_.chance(50) ? std::optional(any_commit()) : std::nullopt;
    }
    std::string text() {
        static const std::vector<std::string> kTexts = {"",
                                                        "ann",
                                                        "Ünï 大 🙂",
                                                        "quo\"te\\",
                                                        "line\nbreak\x01",
                                                        std::string("nul\0inside", 10)};
        return kTexts[random_.below(kTexts.size())];
    }
    Deployment deployment() {
        static constexpr Trigger kTriggers[] = {
            Trigger::webhook,    Trigger::poll,  Trigger::cli,    Trigger::rollback,
            Trigger::crash_loop, Trigger::fleet, Trigger::promote};
        static constexpr Phase kPhases[] = {Phase::queued, Phase::fetching, Phase::building,
                                            Phase::starting, Phase::probation};
        Deployment out;
        out.id = DeploymentId{number()};
        out.phase = kPhases[random_.below(std::size(kPhases))];
        out.commit = maybe_commit();
        out.fetch_failures = small();
        out.start_attempts = small();
        out.waited = Millis(number());
        out.request.trigger = kTriggers[random_.below(std::size(kTriggers))];
        out.request.commit = maybe_commit();
        out.request.delivery = text();
        out.request.by = text();
        out.request.force = random_.chance(50);
        for (auto left = random_.below(4); left > 0; --left) {
            out.request.over.push_back({any_commit(), text()});
        }
        return out;
    }

    Random random_;
};

TEST(StateCodec, GivesEveryStateBackAsItWas) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        const AppState state = RandomState(seed).state();
        auto back = decode_state(encode_state(state));
        ASSERT_TRUE(back) << "seed " << seed << ": " << back.error().text();
        ASSERT_EQ(*back, state) << "seed " << seed << ": " << encode_state(state);
    }
}

TEST(StateCodec, LeavesOutWhatARestartMustNotBelieveAndWhatHasTablesOfItsOwn) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        RandomState random(seed);
        const AppState kept = random.state();
        AppState full = kept;
        random.add_what_is_not_kept(full);
        ASSERT_NE(full, kept);
        auto back = decode_state(encode_state(full));
        ASSERT_TRUE(back);
        ASSERT_EQ(*back, kept) << "seed " << seed;
    }
}

TEST(StateCodec, MakesValidJsonOfBytesThatAreNoUtf8) {
    AppState state;
    state.waiting = Deployment{};
    state.waiting->request.by = "a\xff";
    auto back = decode_state(encode_state(state));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->waiting->request.by, "a\xef\xbf\xbd");
}

TEST(StateCodec, SaysSoWhenAStateCannotBeRead) {
    const std::string good = encode_state({});
    ASSERT_TRUE(decode_state(good));
    for (const std::string& text :
         {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
          std::string("null"), good.substr(0, good.size() / 2)}) {
        auto failed = decode_state(text);
        ASSERT_FALSE(failed) << text;
        EXPECT_NE(failed.error().what.find("stored state"), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace lastgood::store
