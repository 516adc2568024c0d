#include "lastgood/git/checkout.h"

#include <filesystem>

#include "git/libgit2.h"
#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeads = "refs/heads/";

// HEAD's own text: a repository without a commit has a branch, too.
std::string branch_of(git_repository& repository) {
    git_reference* found = nullptr;
    if (git_reference_lookup(&found, &repository, "HEAD") != 0) return {};
    const ReferencePtr head(found);
    const char* target = git_reference_symbolic_target(head.get());
    if (target == nullptr || !std::string_view(target).starts_with(kHeads)) return {};
    return target + kHeads.size();
}

std::string origin_of(git_repository& repository) {
    git_remote* found = nullptr;
    if (git_remote_lookup(&found, &repository, "origin") != 0) return {};
    const RemotePtr remote(found);
    const char* url = git_remote_url(remote.get());
    return url != nullptr ? url : "";
}

bool read_files(git_repository& repository, Checkout& into) {
    git_index* found = nullptr;
    if (git_repository_index(&found, &repository) != 0) return false;
    const IndexPtr index(found);
    const std::string below = into.root == "." ? "" : into.root + "/";
    for (std::size_t i = 0; i < git_index_entrycount(index.get()); ++i) {
        const git_index_entry* entry = git_index_get_byindex(index.get(), i);
        const std::string_view path = entry->path;
        if (!path.starts_with(below)) continue;
        into.files.push_back(
            {std::string(path.substr(below.size())), entry->mode == GIT_FILEMODE_BLOB_EXECUTABLE});
    }
    return true;
}

}  // namespace

Expected<Checkout> look_at_checkout(const std::string& folder) {
    start_libgit2({}, {});
    std::error_code unreadable;
    const fs::path asked = fs::canonical(folder, unreadable);
    if (unreadable || !fs::is_directory(asked, unreadable)) {
        return Error{printable(folder) + " is no folder that can be read", "name the checkout"};
    }
    git_repository* found = nullptr;
    if (git_repository_open_ext(&found, asked.c_str(), 0, nullptr) != 0) {
        return Error{asked.string() + " is in no git repository",
                     "lastgood deploys commits: git init && git add -A && git commit"};
    }
    const RepositoryPtr repository(found);
    const char* workdir = git_repository_workdir(repository.get());
    if (workdir == nullptr) {
        return Error{asked.string() + " is a bare repository, without files to look at",
                     "clone it, and name the clone"};
    }
    Checkout checkout;
    const fs::path top = fs::canonical(workdir, unreadable);
    if (unreadable) return Error{"can't read " + std::string(workdir), ""};
    checkout.top = top.string();
    checkout.root = asked.lexically_relative(top).string();
    checkout.branch = branch_of(*repository);
    checkout.origin = origin_of(*repository);
    checkout.has_commit = git_repository_head_unborn(repository.get()) == 0;
    if (!read_files(*repository, checkout)) {
        return libgit2_error("can't read git's list of files in " + checkout.top).error;
    }
    return checkout;
}

}  // namespace lastgood::git
