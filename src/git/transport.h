// The way to the remote: by the git command or by libgit2 itself. Both bring objects and refs into
// the mirror and judge nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "git/credentials.h"
#include "git/remote_refs.h"
#include "lastgood/git/session.h"

namespace lastgood::git {

class Transport {
  public:
    virtual ~Transport() = default;

    // The remote's refs that are followed.
    virtual GitResult<RemoteRefs> list() = 0;

    // Brings the remote's ref `name` and its history into the mirror and points `ref` at it. False:
    // it isn't there.
    virtual GitResult<bool> fetch_ref(const std::string& name, const std::string& ref) = 0;

    // Asks for one object by its id and points `ref` at it. False: the remote didn't give it; why
    // is not told, for remotes give no reliable reason.
    virtual bool fetch_id(const CommitId& id, const std::string& ref) = 0;

    // Would the remote give this commit by its id alone? Brings as little as can be into the
    // mirror, which is thrown away afterwards.
    virtual GitResult<bool> offers(const CommitId& id) = 0;

    // All that was said at the last failure; not for people.
    [[nodiscard]] const std::string& said() const { return said_; }

  protected:
    std::string said_;
};

std::unique_ptr<Transport> make_git_transport(const Access& access);
std::unique_ptr<Transport> make_libgit2_transport(const Access& access);

// As the config wants it; automatic: git where it is installed.
bool uses_libgit2(const Remote& remote);
std::unique_ptr<Transport> make_transport(const Access& access);

}  // namespace lastgood::git
