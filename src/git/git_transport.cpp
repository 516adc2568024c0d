#include "git/environment.h"
#include "git/failure.h"
#include "git/git_command.h"
#include "git/libgit2.h"
#include "git/transport.h"
#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

class GitTransport final : public Transport {
  public:
    explicit GitTransport(Access access)
        : access_(std::move(access)), branch_("refs/heads/" + access_.remote.branch) {}

    GitResult<std::optional<CommitId>> list_tip() override {
        using Result = std::optional<CommitId>;
        auto output =
            run_git(access_, {"ls-remote", "-q", "--end-of-options", access_.url.text, branch_});
        if (!output) return failed<Result>({output.error(), false});
        if (!output->ok()) {
            return failed<Result>(explain_failure(access_, "asking", output->err));
        }
        // The pattern matches the ends of names, too: only the very ref counts.
        for (const auto& line : split(output->out, '\n')) {
            const auto tab = line.find('\t');
            if (tab == std::string::npos || line.substr(tab + 1) != branch_) continue;
            return succeeded<Result>(CommitId::parse(line.substr(0, tab)));
        }
        return succeeded<Result>(std::nullopt);
    }

    GitResult<bool> fetch_branch(const std::string& ref) override {
        auto output = fetch("+" + branch_ + ":" + ref);
        if (!output) return failed<bool>({output.error(), false});
        if (output->ok()) return succeeded(true);
        if (says_branch_missing(output->err)) return succeeded(false);
        said_ = output->err;
        return failed<bool>(explain_failure(access_, "fetching from", output->err));
    }

    bool fetch_id(const CommitId& id, const std::string& ref) override {
        auto output = fetch("+" + id.hex() + ":" + ref);
        return output && output->ok();
    }

  private:
    Expected<GitOutput> fetch(const std::string& refspec) {
        return run_git(access_,
                       {"--git-dir=" + access_.remote.mirror, "fetch", "-q", "--no-tags",
                        "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules",
                        "--end-of-options", access_.url.text, refspec});
    }

    Access access_;
    std::string branch_;
};

}  // namespace

std::unique_ptr<Transport> make_git_transport(const Access& access) {
    return std::make_unique<GitTransport>(access);
}

std::unique_ptr<Transport> make_transport(const Access& access) {
    switch (access.remote.transport) {
        case config::Transport::git:
            return make_git_transport(access);
        case config::Transport::libgit2:
            return make_libgit2_transport(access);
        case config::Transport::automatic:
            break;
    }
    return git_is_installed() ? make_git_transport(access) : make_libgit2_transport(access);
}

}  // namespace lastgood::git
