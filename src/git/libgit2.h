// libgit2 behind owners and return codes: the one place that knows its versions.
//
// Errors are thread-local and can be stale: callers branch on return codes, the text is for people.
#pragma once

#include <git2.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lastgood/base/ids.h"
#include "lastgood/git/session.h"

namespace lastgood::git {

template <auto Free>
struct Freer {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};

using RepositoryPtr = std::unique_ptr<git_repository, Freer<git_repository_free>>;
using CommitPtr = std::unique_ptr<git_commit, Freer<git_commit_free>>;
using TreePtr = std::unique_ptr<git_tree, Freer<git_tree_free>>;
using ObjectPtr = std::unique_ptr<git_object, Freer<git_object_free>>;
using OdbPtr = std::unique_ptr<git_odb, Freer<git_odb_free>>;
using IndexPtr = std::unique_ptr<git_index, Freer<git_index_free>>;
using ReferencePtr = std::unique_ptr<git_reference, Freer<git_reference_free>>;
using RemotePtr = std::unique_ptr<git_remote, Freer<git_remote_free>>;
using SignaturePtr = std::unique_ptr<git_signature, Freer<git_signature_free>>;
using DiffPtr = std::unique_ptr<git_diff, Freer<git_diff_free>>;
using BlobPtr = std::unique_ptr<git_blob, Freer<git_blob_free>>;

// Process-wide options: small caches, strict objects, no configuration but the mirror's own. Once,
// before the first call of the library. `home` is where it looks for .ssh/known_hosts; empty:
// nowhere. `ca_file`: whom https remotes are checked by; empty: what the environment says.
void start_libgit2(const std::string& home, const std::string& ca_file);

// What the library says of its last failure, printable; never empty.
std::string libgit2_text();

// "WHAT: the library's text", worth another try.
GitError libgit2_error(const std::string& what);

// Nothing for ids that this library can't hold (SHA-256 with a SHA-1 build).
bool to_oid(const CommitId& id, git_oid& oid);
CommitId to_commit_id(const git_oid& oid);
std::string to_hex(const git_oid& oid);

// A blob's whole content.
class Blob {
  public:
    explicit Blob(BlobPtr blob) : blob_(std::move(blob)) {}
    // Valid as long as this is.
    [[nodiscard]] std::string_view text() const {
        return {static_cast<const char*>(git_blob_rawcontent(blob_.get())),
                static_cast<std::size_t>(git_blob_rawsize(blob_.get()))};
    }

  private:
    BlobPtr blob_;
};

// Nothing where it can't be read.
std::optional<Blob> read_blob(git_repository& repository, const git_oid& id);

template <typename T>
GitResult<T> succeeded(T value) {
    return GitResult<T>{std::move(value), {}};
}

template <typename T>
GitResult<T> failed(GitError error) {
    return GitResult<T>{std::nullopt, std::move(error)};
}

}  // namespace lastgood::git
