#include "git/signed_commit.h"

#include "lastgood/base/limits.h"

namespace lastgood::git {
namespace {

using OdbObjectPtr = std::unique_ptr<git_odb_object, Freer<git_odb_object_free>>;

class Buffer {
  public:
    Buffer() = default;
    ~Buffer() { git_buf_dispose(&buffer_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    git_buf* get() { return &buffer_; }
    [[nodiscard]] std::string text() const {
        return buffer_.ptr == nullptr ? "" : std::string(buffer_.ptr, buffer_.size);
    }

  private:
    git_buf buffer_ = GIT_BUF_INIT;
};

GitResult<std::string> read_bytes(git_repository& mirror, const git_oid& id,
                                  const SignedCommit& commit) {
    git_odb* odb = nullptr;
    if (git_repository_odb(&odb, &mirror) < 0) {
        return failed<std::string>(libgit2_error("could not read the mirror's objects"));
    }
    const OdbPtr odb_owner(odb);
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    if (git_odb_read_header(&size, &type, odb, &id) < 0) {
        return failed<std::string>(libgit2_error("could not read " + commit.name));
    }
    if (size > limits::kSignedCommitBytesMax) {
        return failed<std::string>(
            {{commit.name + " is too large to be verified (over " +
                  std::to_string(limits::kSignedCommitBytesMax >> 20) + " MiB without its files)",
              commit.instead},
             true});
    }
    git_odb_object* object = nullptr;
    if (git_odb_read(&object, odb, &id) < 0) {
        return failed<std::string>(libgit2_error("could not read " + commit.name));
    }
    const OdbObjectPtr owner(object);
    return succeeded(std::string(static_cast<const char*>(git_odb_object_data(object)),
                                 git_odb_object_size(object)));
}

// Whether the payload is the commit without this signature and nothing else, and the signature
// stood in the header. The library stops at a zero byte, drops parts of lines that begin like the
// field and finds it in the message, too: a signature must not hold for what it doesn't cover.
bool is_whole(const std::string& bytes, const SignedCommit& commit) {
    std::string field = "gpgsig ";
    for (const char c : commit.signature) {
        field += c;
        if (c == '\n') field += ' ';
    }
    field += '\n';
    const std::size_t at = bytes.find("\n" + field);
    const std::size_t header_end = bytes.find("\n\n");
    if (at == std::string::npos || header_end == std::string::npos || at > header_end) return false;
    const std::size_t after = at + 1 + field.size();
    return commit.payload.size() == bytes.size() - field.size() &&
           bytes.compare(0, at + 1, commit.payload, 0, at + 1) == 0 &&
           bytes.compare(after, std::string::npos, commit.payload, at + 1) == 0;
}

}  // namespace

SignatureKind SignedCommit::kind() const {
    if (signature.empty()) return SignatureKind::none;
    if (signature.starts_with("-----BEGIN SSH SIGNATURE-----")) return SignatureKind::ssh;
    if (signature.starts_with("-----BEGIN PGP SIGNATURE-----")) return SignatureKind::openpgp;
    if (signature.starts_with("-----BEGIN SIGNED MESSAGE-----")) return SignatureKind::x509;
    return SignatureKind::unknown;
}

GitResult<SignedCommit> read_signed_commit(git_repository& mirror, const git_oid& id,
                                           const std::string& instead) {
    SignedCommit commit;
    commit.instead = instead;
    commit.name = "commit " + to_commit_id(id).short_hex();
    auto bytes = read_bytes(mirror, id, commit);
    if (!bytes.value) return failed<SignedCommit>(std::move(bytes.error));
    git_commit* raw = nullptr;
    if (git_commit_lookup(&raw, &mirror, &id) < 0) {
        return failed<SignedCommit>(libgit2_error("could not read " + commit.name));
    }
    const CommitPtr owner(raw);
    commit.time = git_commit_time(raw);

    Buffer signature;
    Buffer payload;
    git_oid asked = id;
    const int code =
        git_commit_extract_signature(signature.get(), payload.get(), &mirror, &asked, "gpgsig");
    if (code == GIT_ENOTFOUND) return succeeded(std::move(commit));
    const GitError odd{{commit.name + " is signed in a way that git doesn't sign", instead}, true};
    if (code < 0) return failed<SignedCommit>(odd);
    commit.signature = signature.text();
    commit.payload = payload.text();
    if (commit.signature.size() > limits::kSignatureBytesMax || !is_whole(*bytes.value, commit)) {
        return failed<SignedCommit>(odd);
    }
    return succeeded(std::move(commit));
}

GitResult<bool> refused(std::string what, std::string mend) {
    return failed<bool>({{std::move(what), std::move(mend)}, true});
}

std::string list_key_or(const SignedCommit& commit, const std::string& file) {
    return "add the key to " + file + " if its owner may deploy, or " + commit.instead;
}

}  // namespace lastgood::git
