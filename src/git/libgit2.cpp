#include "git/libgit2.h"

#include <cstdlib>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

#if LIBGIT2_VER_MAJOR < 1 || (LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR < 5)
#error "libgit2 1.5 or newer is needed"
#endif

namespace lastgood::git {

void start_libgit2(const std::string& home, const std::string& ca_file) {
    static bool started = false;
    if (started) return;
    started = true;
    // For good: the library looks at HOME when it connects. Where it fetches, no git child runs.
    if (!home.empty()) setenv("HOME", home.c_str(), 1);
    git_libgit2_init();

    // Nobody's ~/.gitconfig or /etc/gitconfig may change what a release looks like.
    for (const int level : {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL,
                            GIT_CONFIG_LEVEL_PROGRAMDATA}) {
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    }
    git_libgit2_opts(GIT_OPT_SET_TEMPLATE_PATH, "");
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 1);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0);
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);  // a path remote may be another user's
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, limits::kGitWindowBytes);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, limits::kGitMappedBytesMax);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, static_cast<ssize_t>(limits::kGitCacheBytesMax));
    if (!ca_file.empty()) {
        git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, ca_file.c_str(), nullptr);
        return;
    }
    for (const char* name : {"GIT_SSL_CAINFO", "SSL_CERT_FILE"}) {
        const char* file = std::getenv(name);
        if (file == nullptr || *file == '\0') continue;
        git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, nullptr);
        break;
    }
}

std::string libgit2_text() {
    const git_error* error = git_error_last();
    if (error == nullptr || error->message == nullptr || *error->message == '\0') {
        return "libgit2 gave no reason";
    }
    return printable(error->message, 500);
}

GitError libgit2_error(const std::string& what) {
    return {{what + ": " + libgit2_text(), ""}, false};
}

bool to_oid(const CommitId& id, git_oid& oid) {
    return id.hex().size() == GIT_OID_HEXSZ && git_oid_fromstr(&oid, id.hex().c_str()) == 0;
}

std::string to_hex(const git_oid& oid) {
    char text[GIT_OID_HEXSZ + 1];
    git_oid_tostr(text, sizeof text, &oid);
    return text;
}

CommitId to_commit_id(const git_oid& oid) {
    auto id = CommitId::parse(to_hex(oid));
    LG_ASSERT(id.has_value());
    return *id;
}

std::optional<Blob> read_blob(git_repository& repository, const git_oid& id) {
    git_blob* raw = nullptr;
    if (git_blob_lookup(&raw, &repository, &id) < 0) return std::nullopt;
    return Blob(BlobPtr(raw));
}

}  // namespace lastgood::git
