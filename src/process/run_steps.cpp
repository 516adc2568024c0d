#include "lastgood/process/run_steps.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/process/out_of_memory.h"
#include "lastgood/process/process_tree.h"
#include "lastgood/process/tree_end.h"
#include "process/step_output.h"

namespace lastgood::process {
namespace {

class Runner : public RunSteps {
  public:
    Runner(sys::EventLoop& loop, sys::Reaper& reaper, StepsSpec spec, News news)
        : loop_(loop),
          reaper_(reaper),
          spec_(std::move(spec)),
          news_(std::move(news)),
          output_(loop, news_.wrote) {
        spec_.env.push_back("LASTGOOD_RUN=" + spec_.token);
    }

    ~Runner() override {
        if (child_.pid <= 0) return;
        reaper_.forget(child_.pid);
        // More than one look: between a look and its signals a member may have forked.
        for (int looks = 0; looks < 3; ++looks) {
            if (tree().signal_all(SIGKILL) == 0) return;
        }
    }

    void begin() {
        if (auto opened = output_.open(spec_.output_file); !opened) {
            return finish(opened.error().text());
        }
        deadline_ = loop_.after(spec_.time_max, [this] {
            end_early("took longer than " + format_duration(spec_.time_max) + " and was ended");
        });
        next_step();
    }

    [[nodiscard]] std::string last_line() const override { return output_.last_line(); }

    void cancel() override {
        if (finished_ || cancelled_) return;
        cancelled_ = true;
        end_early("was cancelled");
    }

  private:
    [[nodiscard]] ProcessTree tree() const {
        return ProcessTree(child_.pid, child_.start_time, spec_.token, spec_.group);
    }
    [[nodiscard]] std::string step_name() const {
        return "step " + std::to_string(step_ + 1) + " `" + spec_.steps[step_].text + "` ";
    }

    void next_step() {
        if (step_ == spec_.steps.size()) return finish("");
        const auto began = news_.step;
        if (began) began(step_);
        auto write_end = output_.new_pipe();
        if (!write_end) return finish(step_name() + write_end.error().text());
        sys::SpawnSpec spawn;
        spawn.argv = spec_.steps[step_].argv;
        spawn.env = spec_.env;
        spawn.workdir = spec_.directory;
        spawn.fds = {{write_end->get(), 1}, {write_end->get(), 2}};
        spawn.die_with_parent = true;
        spec_.terms.apply_to(spawn);
        sys::Fd entrance;
        if (spec_.group && !spec_.group->create()) spec_.group.reset();
        if (spec_.group) entrance = spec_.group->entrance();
        spawn.cgroup = entrance.get();
        const OutOfMemory memory(spec_.group);
        auto child = sys::spawn(spawn);
        if (!child) return finish(step_name() + child.error().text());
        child_ = std::move(*child);
        reaper_.expect(child_.pid,
                       [this, memory](int status) { step_exited(status, memory.told(status)); });
        const auto started = news_.started;
        if (started) started(child_.pid, child_.start_time);
    }

    void step_exited(int status, const std::string& told) {
        if (reason_.empty() && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
            reason_ = step_name() + told;
        }
        exited_ = true;
        output_.drain();
        // What it left in the background would outlive the build, or change it later.
        if (!ending_) kill_rest();
    }

    void end_early(const std::string& why) {
        if (finished_) return;
        if (reason_.empty()) reason_ = step_name() + why;
        if (!ending_) kill_rest();
    }

    void kill_rest() {
        ending_ = std::make_unique<TreeEnd>(loop_, tree(), TreeEnd::Manner{},
                                            [this](bool) { step_ended(); });
    }

    void step_ended() {
        ending_.reset();
        if (!exited_) reaper_.forget(child_.pid);
        output_.drain();
        child_ = {};
        exited_ = false;
        ++step_;
        if (reason_.empty()) return next_step();
        finish(reason_);
    }

    void finish(const std::string& reason) {
        finished_ = true;
        deadline_.reset();
        output_.close();
        StepsResult result{reason.empty(), cancelled_, reason, output_.tail()};
        loop_.defer([this, result, alive = std::weak_ptr<bool>(alive_)] {
            if (alive.expired()) return;
            const auto done = std::move(news_.done);  // it may destroy this object
            done(result);
        });
    }

    sys::EventLoop& loop_;
    sys::Reaper& reaper_;
    StepsSpec spec_;
    News news_;
    StepOutput output_;
    std::size_t step_ = 0;
    sys::Child child_;
    bool exited_ = false;  // the step's own process; others of it may still be there
    bool cancelled_ = false;
    bool finished_ = false;
    std::string reason_;  // of the failure
    sys::EventLoop::Timer deadline_;
    std::unique_ptr<TreeEnd> ending_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<RunSteps> RunSteps::start(sys::EventLoop& loop, sys::Reaper& reaper, StepsSpec spec,
                                          News news) {
    adopt_orphans();
    auto runner = std::make_unique<Runner>(loop, reaper, std::move(spec), std::move(news));
    runner->begin();
    return runner;
}

}  // namespace lastgood::process
