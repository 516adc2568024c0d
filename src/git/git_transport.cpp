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
    explicit GitTransport(Access access) : access_(std::move(access)) {}

    GitResult<RemoteRefs> list() override {
        const auto& followed = access_.remote.followed;
        // Patterns match the ends of names, too, and the remote's glob isn't ours: looked at again.
        auto output = run_git(
            access_, {"ls-remote", "-q", "--end-of-options", access_.url.text,
                      followed.by_tags() ? "refs/tags/*" : "refs/heads/" + followed.branch});
        if (!output) return failed<RemoteRefs>({output.error(), false});
        if (!output->ok()) {
            return failed<RemoteRefs>(explain_failure(access_, "asking", output->err));
        }
        RemoteRefs refs(followed);
        for (const auto& line : split(output->out, '\n')) {
            const auto tab = line.find('\t');
            if (tab == std::string::npos) continue;
            refs.add(line.substr(tab + 1), CommitId::parse(line.substr(0, tab)));
        }
        return succeeded(std::move(refs));
    }

    GitResult<bool> fetch_ref(const std::string& name, const std::string& ref) override {
        auto output = fetch("+" + name + ":" + ref);
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
    Expected<ProgramOutput> fetch(const std::string& refspec) {
        return run_git(access_,
                       {"--git-dir=" + access_.remote.mirror, "fetch", "-q", "--no-tags",
                        "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules",
                        "--end-of-options", access_.url.text, refspec});
    }

    Access access_;
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
