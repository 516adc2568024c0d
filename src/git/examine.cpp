#include "git/examine.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "git/environment.h"
#include "git/facts.h"
#include "git/failure.h"
#include "git/housekeeping.h"
#include "git/lfs.h"
#include "git/mirror.h"
#include "git/run.h"
#include "git/transport.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/git/library_version.h"

namespace lastgood::git {
namespace {

using Findings = std::vector<Finding>;
namespace fs = std::filesystem;

std::string git_version() {
    Program git;
    git.argv = {"git", "--version"};
    git.env = local_environment();
    const auto output = run_program(git);
    if (!output || !output->ok()) return "git";
    constexpr std::string_view kBefore = "git version ";
    const std::string_view said = trim(output->out);
    return "git " + std::string(said.starts_with(kBefore) ? said.substr(kBefore.size()) : said);
}

Finding look_at_transport(const Remote& remote) {
    const bool asked_for = remote.transport == config::Transport::libgit2;
    if (uses_libgit2(remote)) {
        return {"transport", Verdict::warn,
                "libgit2 " + library_version() + ", which has " +
                    limits_of_libgit2(LIBGIT2_VER_MAJOR, LIBGIT2_VER_MINOR),
                asked_for ? "apt install git, and leave `transport` out" : "apt install git"};
    }
    if (!git_is_installed()) {
        return {"transport", Verdict::fail, "git is not installed", "apt install git"};
    }
    return {"transport", Verdict::ok, git_version(), ""};
}

void look_at_host_key(const Access& access, Findings& found) {
    if (access.url.scheme != RemoteUrl::Scheme::ssh) return;
    const std::string& file = access.remote.auth.known_hosts;
    found.push_back({"host key", Verdict::ok,
                     "that of " + access.url.host + " is in " +
                         (file.empty() ? "the known_hosts of ssh" : file),
                     ""});
}

void look_at_exact_commits(Transport& transport, const Access& access, const CommitId& tip,
                           Findings& found) {
    constexpr const char* kCheck = "exact commits";
    if (auto made = open_mirror(access.remote.mirror); !made.value) {
        found.push_back({kCheck, Verdict::warn, "not asked for: " + made.error.error.what,
                         "make room in the folder for temporary files, or set TMPDIR"});
        return;
    }
    const auto offered = transport.offers(tip);
    if (!offered.value) {
        found.push_back(
            {kCheck, Verdict::fail, offered.error.error.what, offered.error.error.mend});
    } else if (*offered.value) {
        found.push_back({kCheck, Verdict::ok, "the server gives them by their id", ""});
    } else {
        found.push_back({kCheck, Verdict::warn,
                         "the server gives none by its id: one that left the branch can't be told "
                         "from one that isn't there yet",
                         uses_libgit2(access.remote)
                             ? "apt install git, and leave `transport` out"
                             : "git config uploadpack.allowAnySHA1InWant true, on the server"});
    }
}

// Which of its own questions the remote answered with a refusal.
Finding refusal(const Transport& transport, const Error& error, const std::string& shown) {
    const Failure failure = classify(transport.said());
    const bool of_host =
        failure == Failure::host_key_unknown || failure == Failure::host_key_changed;
    const bool of_login = failure == Failure::key_refused || failure == Failure::login_refused;
    return {of_host ? "host key" : (of_login ? "login" : "remote"), Verdict::fail, error.what,
            error.mend.empty() ? "see what it says by hand: git ls-remote " + shown : error.mend};
}

void look_at_remote(const Access& access, Findings& found) {
    const std::string shown = printable(shown_url(access.remote.url), 300);
    const auto transport = make_transport(access);
    const auto refs = transport->list();
    if (!refs.value) {
        found.push_back(refusal(*transport, refs.error.error, shown));
        return;
    }
    found.push_back({"remote", Verdict::ok, shown + " answers and lets us read", ""});
    look_at_host_key(access, found);
    const core::Followed& followed = access.remote.followed;
    const std::string check = followed.by_tags() ? "tags" : "branch";
    const RemoteRef* tip = refs.value->tip();
    if (tip == nullptr) {
        found.push_back({check, Verdict::fail, followed.text() + " is not in the repository",
                         "push it, or set `" + check + "` to one of: git ls-remote " +
                             (followed.by_tags() ? "--tags " : "--heads ") + shown});
        return;
    }
    found.push_back({check, Verdict::ok, tip->name + " is at " + tip->commit.short_hex(), ""});
    look_at_exact_commits(*transport, access, tip->commit, found);
}

void look_for_lfs(git_repository& mirror, const core::Followed& followed, Findings& found) {
    if (followed.by_tags() || is_installed("git-lfs")) return;
    const auto tip = read_ref(mirror, kUpstreamRefs + ("heads/" + followed.branch));
    git_commit* raw = nullptr;
    if (!tip || git_commit_lookup(&raw, &mirror, &*tip) < 0) return;
    const CommitPtr commit(raw);
    const auto survey = survey_tree(mirror, *git_commit_tree_id(commit.get()));
    if (!survey.value || !mentions_lfs(mirror, survey.value->attributes)) return;
    found.push_back({"git lfs", Verdict::fail,
                     "files of " + followed.text() + " are kept by git lfs, which is not installed",
                     "apt install git-lfs"});
}

// Kept for rescued edits; nobody removes them but a person.
void look_for_damaged(const std::string& mirror, Findings& found) {
    std::error_code error;
    const fs::path path = fs::weakly_canonical(mirror, error);
    const std::string begin = path.filename().string() + ".damaged-";
    for (fs::directory_iterator it(path.parent_path(), error), end; !error && it != end;
         it.increment(error)) {
        if (!it->path().filename().string().starts_with(begin)) continue;
        const std::string aside = it->path().string();
        found.push_back({"mirror", Verdict::warn,
                         "a damaged one was put aside as " + aside + " (" +
                             format_size(folder_bytes(aside)) + ")",
                         "see with `git -C " + aside +
                             " for-each-ref refs/lastgood/rescued` whether edits in it are "
                             "wanted, then rm -r it"});
    }
}

void look_at_mirror(const Remote& remote, const std::string& path, Findings& found) {
    look_for_damaged(path, found);
    if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
        found.push_back({"mirror", Verdict::ok, "none yet, the first fetch makes it", ""});
        return;
    }
    if (!sys::exists(path + "/HEAD") && access(path.c_str(), R_OK | X_OK) != 0) {
        found.push_back({"mirror", Verdict::warn, system_error("can't read " + path, errno).what,
                         "run this as root, or as the daemon's user"});
        return;
    }
    if (!sys::exists(path + "/HEAD")) {
        found.push_back({"mirror", Verdict::ok, "empty, the first fetch fills it", ""});
        return;
    }
    const std::string size = format_size(folder_bytes(path));
    git_repository* raw = nullptr;
    const bool opened = git_repository_open_bare(&raw, path.c_str()) == 0;
    const RepositoryPtr mirror(raw);
    if (!opened || !mirror_is_whole(*mirror)) {
        found.push_back(
            {"mirror", Verdict::fail, "damaged: objects in " + path + " can't be read",
             "mv " + path + " " + path + ".damaged-by-hand; the next fetch makes a new one"});
        return;
    }
    found.push_back({"mirror", Verdict::ok, "whole, " + size, ""});
    look_for_lfs(*mirror, remote.followed, found);
}

}  // namespace

std::string limits_of_libgit2(int major, int minor) {
    // With the one of Debian 13 come a younger libssh2 and OpenSSL.
    const bool young = major > 1 || minor >= 9;
    std::vector<std::string> lacks = {"exact commits only from servers that allow them",
                                      "no deadlines of its own"};
    if (!young) {
        lacks.emplace_back("no RSA keys with today's OpenSSH");
        lacks.emplace_back("TLS 1.2 only");
        lacks.emplace_back("no shallow fetch");
    }
    return join(lacks, ", ");
}

std::vector<Finding> examine(const Remote& remote, const std::string& mirror) {
    Findings found{look_at_transport(remote)};
    if (found.front().verdict != Verdict::fail) {
        const auto access = read_access(remote);
        if (access.value) {
            look_at_remote(*access.value, found);
        } else {
            found.push_back(
                {"remote", Verdict::fail, access.error.error.what, access.error.error.mend});
        }
    }
    look_at_mirror(remote, mirror, found);
    return found;
}

}  // namespace lastgood::git
