// Pushes, force pushes, deletions, deliveries late, twice and out of order: after each the live
// commit is the one that a few lines of naive rules name.
#include <algorithm>
#include <random>
#include <set>

#include "core/app_driver.h"

namespace lastgood::core {
namespace {

// The remote: commits by number, each with a parent (0: none).
class Graph {
  public:
    int add(int parent) {
        parents_.push_back(parent);
        return count();
    }
    [[nodiscard]] int count() const { return static_cast<int>(parents_.size()); }
    [[nodiscard]] int parent(int commit) const {
        return parents_[static_cast<std::size_t>(commit - 1)];
    }
    [[nodiscard]] bool is_ancestor(int old, int young) const {  // strictly
        for (int at = young == 0 ? 0 : parent(young); at != 0; at = parent(at)) {
            if (at == old) return true;
        }
        return false;
    }
    [[nodiscard]] bool is_on(int commit, int tip) const {
        return commit == tip || is_ancestor(commit, tip);
    }

  private:
    std::vector<int> parents_;
};

class Orders {
  public:
    explicit Orders(std::uint64_t seed) : random_(seed) {}

    void run() {
        for (int round = 0; round < 12 && !::testing::Test::HasFailure(); ++round) {
            for (int moves = below(3); moves > 0; --moves) move_branch();
            deliver_some();
            EXPECT_EQ(live_, live_of(app_.state)) << "round " << round;
        }
        // In the end the poller finds what no delivery told.
        if (tip_ == 0) tip_ = graph_.add(0);
        for (int looks = 0; looks < 3; ++looks) {
            app_(PollSaw{commit(tip_)});
            settle();
        }
        EXPECT_EQ(tip_, live_of(app_.state)) << "after the poller's looks";
    }

  private:
    int below(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }

    static int live_of(const AppState& state) {
        return state.live ? AppDriver::number(*state.live) : 0;
    }

    void move_branch() {
        const int kind = below(10);
        if (tip_ == 0 || kind < 6) {
            tip_ = graph_.add(tip_);
        } else if (kind < 9) {
            int back = tip_;
            for (int steps = 1 + below(3); steps > 0 && graph_.parent(back) != 0; --steps) {
                back = graph_.parent(back);
            }
            tip_ = kind == 8 ? back : graph_.add(back);
        } else {
            tip_ = 0;  // deleted
            return;
        }
        pushed_.push_back(tip_);
    }

    // Some deliveries, old ones again among them, before the fetch is answered.
    void deliver_some() {
        if (pushed_.empty()) return;
        std::vector<int> wishes;  // that count, the newest first
        for (int count = 1 + below(4); count > 0; --count) {
            const std::size_t last = pushed_.size() - 1;
            const auto back = static_cast<std::size_t>(below(2) == 0 ? 0 : below(5));
            const int wish = pushed_[last - std::min(back, last)];
            if (!app_.push(wish, "d" + std::to_string(++deliveries_) + "-").accepted) continue;
            std::erase(wishes, wish);
            wishes.insert(wishes.begin(), wish);
        }
        if (!wishes.empty()) live_ = expected(wishes);
        settle();
    }

    [[nodiscard]] int expected(const std::vector<int>& wishes) const {
        int newest = 0;
        for (const int wish : wishes) {
            if (tip_ == 0 || !graph_.is_on(wish, tip_)) continue;
            if (newest == 0 || graph_.is_ancestor(newest, wish)) newest = wish;
        }
        const bool late = graph_.is_ancestor(newest, live_) && newest != tip_;
        return newest == 0 || late ? live_ : newest;
    }

    FetchFacts facts() const {
        std::vector<int> wanted;
        const Request& request = app_.state.work->request;
        if (request.commit) wanted.push_back(AppDriver::number(*request.commit));
        for (const auto& over : request.over) wanted.push_back(AppDriver::number(over.commit));
        if (wanted.empty() && tip_ != 0) wanted.push_back(tip_);
        const int live = live_of(app_.state);
        FetchFacts facts;
        if (tip_ != 0) facts.tip = commit(tip_);
        facts.live_known = live != 0;
        for (const int one : wanted) {
            CommitStanding standing{.commit = commit(one)};
            standing.present = standing.is_commit = true;
            standing.on_branch = tip_ != 0 && graph_.is_on(one, tip_);
            standing.ancestor_of_live = graph_.is_ancestor(one, live);
            standing.descends_from_live = graph_.is_ancestor(live, one);
            for (const int two : wanted) {
                standing.ancestor_of.push_back(graph_.is_ancestor(one, two));
            }
            facts.standings.push_back(std::move(standing));
        }
        return facts;
    }

    // Lets everything that goes on come to its end, all of it well.
    void settle() {
        for (int steps = 0; steps < 50; ++steps) {
            if (app_.state.work && app_.state.work->phase == Phase::fetching) {
                app_(Fetched{app_.state.work->id, facts()});
            } else if (app_.state.work && app_.state.work->phase == Phase::building) {
                app_.built();
            } else if (!settle_slots()) {
                if (!app_.state.trial) return;
                app_.end_probation();
            }
        }
        ADD_FAILURE() << "it doesn't come to an end";
    }

    bool settle_slots() {
        for (const Slot slot : kSlots) {
            if (app_.state.slot(slot).state == RunState::stopping) {
                app_.stopped(slot);
                return true;
            }
            if (app_.state.slot(slot).state == RunState::starting) {
                app_.ready(slot);
                return true;
            }
        }
        return false;
    }

    std::mt19937_64 random_;
    Graph graph_;
    AppDriver app_;
    int tip_ = 0;  // none: the branch isn't there
    int live_ = 0;
    int deliveries_ = 0;
    std::vector<int> pushed_;
};

TEST(Orders, AThousandRandomOnesEndWhereTheRulesSay) {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Orders(seed).run();
        ASSERT_FALSE(HasFailure());
    }
}

}  // namespace
}  // namespace lastgood::core
