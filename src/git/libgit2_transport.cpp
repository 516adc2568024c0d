// libgit2's own transport, for servers without git. It speaks protocol 0 and 1 only and can't time
// out: the daemon's deadline ends the whole worker.
#include <algorithm>
#include <cstring>

#include "git/failure.h"
#include "git/libgit2.h"
#include "git/progress.h"
#include "git/transport.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

struct Login {
    const Access* access;
    int tries = 0;
    bool offered = false;           // a key or token: the same one again is no use
    bool peek = false;              // the first object that comes is enough
    bool came = false;              // it did
    const char* trouble = nullptr;  // ours, when the library would only say "user cancelled"
    std::string host_key{};         // its fingerprint
};

int give_credential(git_credential** out, const char* url, const char* user_in_url,
                    unsigned int allowed, void* payload) {
    auto& login = *static_cast<Login*>(payload);
    const Access& access = *login.access;
    if (++login.tries > limits::kCredentialTriesMax || login.offered) {
        login.trouble = access.url.is_http() ? "the remote refused the token"
                                             : "failed to authenticate SSH session: key refused";
        return GIT_EAUTH;
    }
    if (access.url.is_http() && !std::string_view(url).starts_with(access.url.origin())) {
        login.trouble = "authentication failed: a redirect to another host gets no token";
        return GIT_EAUTH;
    }
    const std::string user = user_in_url != nullptr && *user_in_url != '\0' ? user_in_url : "git";
    if ((allowed & GIT_CREDENTIAL_USERNAME) != 0) {
        return git_credential_username_new(out, user.c_str());
    }
    login.offered = true;
    if ((allowed & GIT_CREDENTIAL_SSH_KEY) != 0) {
        const auto& key = access.remote.auth.ssh_key;
        if (!key.empty()) {
            return git_credential_ssh_key_new(out, user.c_str(), nullptr, key.c_str(), nullptr);
        }
        if (std::getenv("SSH_AUTH_SOCK") != nullptr) {
            return git_credential_ssh_key_from_agent(out, user.c_str());
        }
        login.trouble = "no ssh key is set and no agent runs";
        return GIT_EAUTH;
    }
    if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0 && !access.token.empty()) {
        return git_credential_userpass_plaintext_new(out, access.username.c_str(),
                                                     access.token.c_str());
    }
    login.trouble = "the remote wants a login (HTTP error: 401), but no token is set";
    return GIT_EAUTH;
}

void note_host_key(const git_cert_hostkey& key, Login& login) {
    if ((key.type & GIT_CERT_SSH_SHA256) == 0) return;
    const auto* hash = reinterpret_cast<const char*>(key.hash_sha256);
    login.host_key = "SHA256:" + base64_encode({hash, sizeof key.hash_sha256});
}

// Anything positive would accept an unknown host.
int judge_certificate(git_cert* cert, int valid, const char*, void* payload) {
    if (cert->cert_type == GIT_CERT_HOSTKEY_LIBSSH2) {
        note_host_key(*reinterpret_cast<const git_cert_hostkey*>(cert),
                      *static_cast<Login*>(payload));
    }
    return valid != 0 ? 0 : GIT_ECERTIFICATE;
}

int see_objects(const git_indexer_progress* progress, void* payload) {
    auto& login = *static_cast<Login*>(payload);
    login.came = login.came || progress->received_objects > 0;
    tell_progress({progress->received_objects, progress->total_objects, progress->received_bytes});
    return login.peek && login.came ? GIT_EUSER : 0;
}

class Libgit2Transport final : public Transport {
  public:
    explicit Libgit2Transport(Access access) : access_(std::move(access)) {}

    GitResult<RemoteRefs> list() override {
        const RemotePtr remote = connect(false);
        if (!remote) return failed<RemoteRefs>(explain("asking"));
        auto refs = advertised(*remote);
        if (!refs) return failed<RemoteRefs>(explain("asking"));
        return succeeded(*std::move(refs));
    }

    GitResult<bool> fetch_ref(const std::string& name, const std::string& ref) override {
        const RemotePtr remote = connect(true);
        if (!remote) return failed<bool>(explain("fetching from"));
        const auto refs = advertised(*remote);
        if (!refs) return failed<bool>(explain("fetching from"));
        const auto& all = refs->all();
        if (std::none_of(all.begin(), all.end(), [&](auto& one) { return one.name == name; })) {
            return succeeded(false);
        }
        if (!download(*remote, "+" + name + ":" + ref)) {
            return failed<bool>(explain("fetching from"));
        }
        return succeeded(true);
    }

    bool fetch_id(const CommitId& id, const std::string& ref) override {
        RemotePtr remote = connect(true);
        return remote && download(*remote, "+" + id.hex() + ":" + ref);
    }

    GitResult<bool> offers(const CommitId& id) override {
        const RemotePtr remote = connect(true);
        if (!remote) return failed<bool>(explain("asking for a commit of"));
        login_.peek = true;
        if (download(*remote, "+" + id.hex() + ":refs/asked") || login_.came) {
            return succeeded(true);
        }
        if (libgit2_text().find("specific object") != std::string::npos) return succeeded(false);
        return failed<bool>(explain("asking for a commit of"));
    }

  private:
    git_remote_callbacks callbacks() {
        git_remote_callbacks made;
        git_remote_init_callbacks(&made, GIT_REMOTE_CALLBACKS_VERSION);
        made.credentials = give_credential;
        made.certificate_check = judge_certificate;
        made.transfer_progress = see_objects;
        made.payload = &login_;
        return made;
    }

    [[nodiscard]] git_proxy_options proxy() const {
        git_proxy_options made;
        git_proxy_options_init(&made, GIT_PROXY_OPTIONS_VERSION);
        const std::string& wanted = access_.remote.auth.proxy;
        made.type = wanted.empty() ? GIT_PROXY_AUTO : GIT_PROXY_SPECIFIED;
        if (!wanted.empty()) made.url = wanted.c_str();
        return made;
    }

    RemotePtr connect(bool into_mirror) {
        login_ = Login{&access_};
        if (access_.url.scheme == RemoteUrl::Scheme::path && !sys::is_directory(address())) {
            login_.trouble = "it does not appear to be a git repository";
            return nullptr;
        }
        git_remote* remote = nullptr;
        if (into_mirror) {
            git_repository* repository = nullptr;
            code_ = git_repository_open_bare(&repository, access_.remote.mirror.c_str());
            repository_.reset(repository);
            if (code_ < 0) return nullptr;
            code_ = git_remote_create_anonymous(&remote, repository_.get(), address().c_str());
        } else {
            code_ = git_remote_create_detached(&remote, address().c_str());
        }
        RemotePtr owner(remote);
        if (code_ < 0) return nullptr;
        const git_remote_callbacks made = callbacks();
        const git_proxy_options through = proxy();
        code_ = git_remote_connect(owner.get(), GIT_DIRECTION_FETCH, &made, &through, nullptr);
        return code_ < 0 ? nullptr : std::move(owner);
    }

    std::optional<RemoteRefs> advertised(git_remote& remote) {
        const git_remote_head** heads = nullptr;
        std::size_t count = 0;
        code_ = git_remote_ls(&heads, &count, &remote);
        if (code_ < 0) return std::nullopt;
        RemoteRefs refs(access_.remote.followed);
        for (std::size_t i = 0; i < count; ++i)
            refs.add(heads[i]->name, to_commit_id(heads[i]->oid));
        return refs;
    }

    bool download(git_remote& remote, std::string refspec) {
        char* text = refspec.data();
        const git_strarray refspecs{&text, 1};
        git_fetch_options options;
        git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
        options.callbacks = callbacks();
        options.proxy_opts = proxy();
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
        options.update_fetchhead = 0;
        code_ = git_remote_download(&remote, &refspecs, &options);
        if (code_ < 0) return false;
        code_ = git_remote_update_tips(&remote, &options.callbacks, 0,
                                       GIT_REMOTE_DOWNLOAD_TAGS_NONE, nullptr);
        return code_ == 0;
    }

    // scp's form is understood by the library; an http user is ours to give.
    [[nodiscard]] const std::string& address() const { return access_.url.text; }

    GitError explain(const std::string& doing) {
        std::string said = login_.trouble != nullptr ? login_.trouble : libgit2_text();
        // Where it has no words for what it read, those of an earlier look at settings are left.
        const git_error* last = git_error_last();
        if (login_.trouble == nullptr && last != nullptr && last->klass == GIT_ERROR_CONFIG) {
            said = "the remote's answer is not understood";
        }
        if (login_.trouble == nullptr && code_ == GIT_ECERTIFICATE) {
            said = access_.url.is_http()
                       ? "the server's certificate is not trusted: " + said
                       : "invalid or unknown remote ssh hostkey: " + said + "\n" + login_.host_key;
        }
        if (login_.trouble == nullptr && code_ == GIT_EAUTH && access_.url.is_http()) {
            said = "authentication failed: " + said;
        }
        said_ = said;
        return explain_failure(access_, doing, said);
    }

    Access access_;
    Login login_{nullptr};
    RepositoryPtr repository_;
    int code_ = 0;
};

}  // namespace

std::unique_ptr<Transport> make_libgit2_transport(const Access& access) {
    return std::make_unique<Libgit2Transport>(access);
}

}  // namespace lastgood::git
