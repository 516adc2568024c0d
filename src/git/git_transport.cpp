#include "git/environment.h"
#include "git/failure.h"
#include "git/git_command.h"
#include "git/libgit2.h"
#include "git/progress.h"
#include "git/shallow.h"
#include "git/transport.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

bool take_progress(std::string_view piece) {
    if (const auto progress = parse_git_progress(piece)) tell_progress(*progress);
    return is_git_chatter(piece);
}

class GitTransport final : public Transport {
  public:
    explicit GitTransport(Access access) : access_(std::move(access)) {}

    GitResult<RemoteRefs> list() override {
        const auto& followed = access_.remote.followed;
        // Patterns match the ends of names, too, and the remote's glob isn't ours: looked at again.
        std::vector<std::string> words = {"ls-remote", "-q"};
        add_upload_pack(words);
        words.insert(words.end(),
                     {"--end-of-options", access_.url.text,
                      followed.by_tags() ? "refs/tags/*" : "refs/heads/" + followed.branch});
        auto output = run_git(access_, std::move(words));
        if (!output) return failed<RemoteRefs>({output.error(), false});
        if (!output->ok()) {
            said_ = output->err;
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
        if (says_branch_missing(output->err)) return is_missing();
        said_ = output->err;
        return failed<bool>(explain_failure(access_, "fetching from", output->err));
    }

    bool fetch_id(const CommitId& id, const std::string& ref) override {
        auto output = fetch("+" + id.hex() + ":" + ref);
        return output && output->ok();
    }

    GitResult<bool> offers(const CommitId& id) override {
        // One commit without its files, where the server can leave them out.
        auto output = fetch({"--depth=1", "--filter=tree:0"}, "+" + id.hex() + ":refs/asked",
                            limits::kExamineBytesMax);
        if (!output) return failed<bool>({output.error(), false});
        // It sends files, and many: so it does send.
        if (output->ok() || classify(output->err) == Failure::pack_too_large) {
            return succeeded(true);
        }
        for (const std::string_view words : {"not our ref", "unadvertised object"}) {
            if (output->err.find(words) != std::string::npos) return succeeded(false);
        }
        said_ = output->err;
        return failed<bool>(explain_failure(access_, "asking for a commit of", output->err));
    }

  private:
    // An answer by http that was cut off in its head looks like that of an empty repository.
    GitResult<bool> is_missing() {
        if (!access_.url.is_http()) return succeeded(false);
        const auto offered = list();
        if (!offered.value) return failed<bool>(offered.error);
        if (offered.value->tip() == nullptr) return succeeded(false);
        said_ = "fatal: early EOF";
        return failed<bool>(explain_failure(access_, "fetching from", said_));
    }

    // Whether a repository of another user's is trusted is said by the machine's own git config
    // (safe.directory), which our processes don't read otherwise.
    void add_upload_pack(std::vector<std::string>& words) const {
        if (!access_.url.is_local()) return;
        words.emplace_back("--upload-pack=env -u GIT_CONFIG_NOSYSTEM git upload-pack");
    }

    Expected<ProgramOutput> fetch(const std::string& refspec) {
        const Remote& remote = access_.remote;
        if (remote.depth) return fetch({"--depth=" + std::to_string(*remote.depth)}, refspec);
        if (is_shallow(remote.mirror)) return fetch({"--unshallow"}, refspec);  // it had a depth
        return fetch({}, refspec);
    }

    Expected<ProgramOutput> fetch(const std::vector<std::string>& options,
                                  const std::string& refspec,
                                  std::uint64_t file_bytes_max = limits::kPackBytesMax) {
        std::vector<std::string> words = {"--git-dir=" + access_.remote.mirror,
                                          "fetch",
                                          "--progress",
                                          "--no-tags",
                                          "--no-write-fetch-head",
                                          "--no-auto-maintenance",
                                          "--no-recurse-submodules"};
        add_upload_pack(words);
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {"--end-of-options", access_.url.text, refspec});
        return run_git(access_, std::move(words), file_bytes_max, take_progress);
    }

    Access access_;
};

}  // namespace

std::unique_ptr<Transport> make_git_transport(const Access& access) {
    return std::make_unique<GitTransport>(access);
}

bool uses_libgit2(const Remote& remote) {
    switch (remote.transport) {
        case config::Transport::git:
            return false;
        case config::Transport::libgit2:
            return true;
        case config::Transport::automatic:
            break;
    }
    return !git_is_installed();
}

std::unique_ptr<Transport> make_transport(const Access& access) {
    return uses_libgit2(access.remote) ? make_libgit2_transport(access)
                                       : make_git_transport(access);
}

}  // namespace lastgood::git
