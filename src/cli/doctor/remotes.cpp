// The remotes and mirrors, asked by git-worker processes: theirs are the deadlines.
#include <stdlib.h>

#include <cerrno>
#include <memory>

#include "cli/doctor/checks.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/git/session.h"

namespace lastgood::cli::diagnosis {
namespace {

// Gone with its content when this goes.
class ScratchFolder {
  public:
    static Expected<std::unique_ptr<ScratchFolder>> make() {
        const char* parent = std::getenv("TMPDIR");
        std::string path = std::string(parent != nullptr && *parent == '/' ? parent : "/tmp") +
                           "/lastgood-doctor-XXXXXX";
        if (mkdtemp(path.data()) == nullptr) {
            return Error{system_error("could not make the folder " + path, errno).what,
                         "make room in it, or set TMPDIR to another folder"};
        }
        return std::unique_ptr<ScratchFolder>(new ScratchFolder(std::move(path)));
    }
    ~ScratchFolder() { (void)sys::remove_tree(path_); }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

class Rounds {
  public:
    Rounds(const Patient& patient, std::string scratch)
        : patient_(patient), scratch_(std::move(scratch)) {}

    Examined run() {
        while (running_ < limits::kExaminationsAtOnce && next_ < patient_.apps.size()) begin();
        if (!patient_.apps.empty()) loop_.run();
        return std::move(examined_);
    }

  private:
    void begin() {
        const config::App& app = patient_.apps[next_++];
        const std::string name = app.name.str();
        ++running_;
        auto session = git::Session::open(
            loop_, reaper_, patient_.program,
            git::Remote{app.repo, app.followed, app.auth, app.transport,
                        patient_.config.state_dir + "/apps/" + name + "/repo.git"});
        git::Session& opened = *session;
        sessions_.push_back(std::move(session));
        opened.examine(scratch_ + "/" + name,
                       [this, name](git::GitResult<std::vector<Finding>> result) {
                           take(name, std::move(result));
                       });
    }

    void take(const std::string& name, git::GitResult<std::vector<Finding>> result) {
        if (result.value) {
            examined_[name] = *std::move(result.value);
        } else {
            const Error& error = result.error.error;
            examined_[name] = {{"remote", Verdict::fail, error.what, error.mend}};
        }
        --running_;
        if (next_ < patient_.apps.size()) begin();
        if (running_ == 0) loop_.stop();
    }

    const Patient& patient_;
    std::string scratch_;
    sys::EventLoop loop_;
    sys::Reaper reaper_{loop_};
    std::vector<std::unique_ptr<git::Session>> sessions_;
    std::size_t next_ = 0;
    std::size_t running_ = 0;
    Examined examined_;
};

}  // namespace

Examined examine_remotes(const Patient& patient) {
    const auto scratch = ScratchFolder::make();
    if (scratch) return Rounds(patient, (*scratch)->path()).run();
    Examined examined;
    for (const config::App& app : patient.apps) {
        examined[app.name.str()] = {
            {"remote", Verdict::fail, scratch.error().what, scratch.error().mend}};
    }
    return examined;
}

}  // namespace lastgood::cli::diagnosis
