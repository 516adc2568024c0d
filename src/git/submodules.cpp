#include "git/submodules.h"

#include <algorithm>
#include <map>

#include "git/facts.h"
#include "git/mirror.h"
#include "git/transport.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

using ConfigPtr = std::unique_ptr<git_config, Freer<git_config_free>>;
using ConfigEntryPtr = std::unique_ptr<git_config_iterator, Freer<git_config_iterator_free>>;

GitError refused(const std::string& path, const std::string& why, const std::string& mend) {
    return {{"submodule " + printable(path, 300) + ": " + why, mend}, true};
}

bool is_local(const RemoteUrl& url) {
    return url.scheme == RemoteUrl::Scheme::path || url.scheme == RemoteUrl::Scheme::file;
}

// path: address, of one .gitmodules.
using Addresses = std::map<std::string, std::string>;

// The library reads config from files only: one beside the mirror's own, gone again at once.
std::optional<Addresses> read_modules(git_repository& mirror, const git_oid& blob_id) {
    const auto blob = read_blob(mirror, blob_id);
    if (!blob) return std::nullopt;
    const std::string path = std::string(git_repository_path(&mirror)) + "lastgood.gitmodules";
    if (!sys::write_file_atomically(path, blob->text(), 0600)) return std::nullopt;
    git_config* config = nullptr;
    const int opened = git_config_open_ondisk(&config, path.c_str());
    const ConfigPtr owner(config);
    (void)sys::remove_tree(path);
    git_config_iterator* iterator = nullptr;
    if (opened < 0 || git_config_iterator_glob_new(&iterator, config, "^submodule\\..*") < 0) {
        return std::nullopt;
    }
    const ConfigEntryPtr iterator_owner(iterator);
    std::map<std::string, std::string> path_of;
    std::map<std::string, std::string> url_of;
    for (git_config_entry* entry = nullptr; git_config_next(&entry, iterator) == 0;) {
        const std::string name = entry->name;
        const auto dot = name.rfind('.');
        if (name.substr(dot) == ".path") path_of[name.substr(0, dot)] = entry->value;
        if (name.substr(dot) == ".url") url_of[name.substr(0, dot)] = entry->value;
    }
    Addresses addresses;
    for (const auto& [name, at] : path_of) {
        if (const auto url = url_of.find(name); url != url_of.end()) addresses[at] = url->second;
    }
    return addresses;
}

class Adder {
  public:
    Adder(const Access& access, git_repository& mirror, const CommitId& commit, TreeSurvey& survey)
        : access_(access), mirror_(mirror), commit_(commit), survey_(survey) {}

    // The submodules of the repository at `base` whose files lie below `folder` (empty, or with a
    // slash at its end).
    std::optional<GitError> add(const std::string& base, const std::string& folder, int depth) {
        std::vector<Gitlink> links;
        std::swap(links, survey_.submodules);
        if (links.empty()) return std::nullopt;
        if (depth > limits::kSubmoduleDepthMax) {
            return refused(links.front().path, "too many levels of submodules", "flatten them");
        }
        const auto modules =
            std::find_if(survey_.files.begin(), survey_.files.end(),
                         [&](const TreeFile& file) { return file.path == folder + ".gitmodules"; });
        const auto addresses = modules == survey_.files.end() || modules->mode == GIT_FILEMODE_LINK
                                   ? std::optional<Addresses>(Addresses{})
                                   : read_modules(mirror_, modules->id);
        if (!addresses) return refused(folder + ".gitmodules", "it can't be read", "mend it");
        for (const Gitlink& link : links) {
            if (++count_ > limits::kSubmodulesMax) {
                return refused(link.path, "too many submodules", "have fewer");
            }
            const auto written = addresses->find(link.path.substr(folder.size()));
            if (written == addresses->end()) {
                return refused(link.path, "it has no address in .gitmodules",
                               "add it with `git submodule add`, or remove it");
            }
            const std::string address = submodule_address(base, written->second);
            if (auto error = fetch(link, address)) return error;
            if (auto error = lay(link)) return error;
            if (auto error = add(address, link.path + "/", depth + 1)) return error;
        }
        return std::nullopt;
    }

  private:
    std::optional<GitError> fetch(const Gitlink& link, const std::string& address) {
        const CommitId id = to_commit_id(link.commit);
        const std::string ref = module_refs(access_.remote, commit_) + id.hex();
        if (!has_object(mirror_, id)) {
            Remote remote = access_.remote;
            remote.url = address;
            auto url = parse_remote_url(address);
            if (!url) {
                return refused(link.path,
                               "its address " + printable(address, 300) +
                                   " can't be used: " + url.error().what,
                               "mend .gitmodules");
            }
            if (is_local(*url) && !is_local(access_.url)) {
                return refused(
                    link.path,
                    "its address " + printable(address, 300) + " is a path on this server",
                    "give it the address of a remote in .gitmodules");
            }
            if (url->origin() != access_.url.origin()) {
                remote.auth.username.clear();
                remote.auth.token_file.clear();
            }
            auto access = read_access(remote);
            if (!access.value) return std::move(access.error);
            const auto transport = make_transport(*access.value);
            if (!transport->fetch_id(id, ref)) {
                return GitError{
                    {"submodule " + printable(link.path, 300) + ": commit " + id.short_hex() +
                         " could not be fetched from " + printable(shown_url(address), 300),
                     "push it there, and see that this server may read it"},
                    false};
            }
            return std::nullopt;
        }
        auto kept = set_ref(mirror_, ref, link.commit);
        if (!kept.value) return std::move(kept.error);
        return std::nullopt;
    }

    std::optional<GitError> lay(const Gitlink& link) {
        git_commit* raw = nullptr;
        if (git_commit_lookup(&raw, &mirror_, &link.commit) < 0) {
            return libgit2_error("submodule " + printable(link.path, 300));
        }
        const CommitPtr owner(raw);
        auto own = survey_tree(mirror_, *git_commit_tree_id(raw));
        if (!own.value) return std::move(own.error);
        const std::string below = link.path + "/";
        const auto move = [&](std::vector<TreeFile>& from, std::vector<TreeFile>& to) {
            for (TreeFile& file : from) {
                file.path.insert(0, below);
                to.push_back(std::move(file));
            }
        };
        move(own.value->files, survey_.files);
        move(own.value->attributes, survey_.attributes);
        for (Gitlink& inner : own.value->submodules) {
            survey_.submodules.push_back({below + inner.path, inner.commit});
        }
        return std::nullopt;
    }

    const Access& access_;
    git_repository& mirror_;
    const CommitId commit_;
    TreeSurvey& survey_;
    std::size_t count_ = 0;
};

}  // namespace

std::string submodule_address(const std::string& base, const std::string& written) {
    if (!written.starts_with("./") && !written.starts_with("../")) return written;
    std::string address = base;
    std::string_view rest = written;
    while (address.ends_with('/')) address.pop_back();
    while (true) {
        if (rest.starts_with("./")) {
            rest.remove_prefix(2);
        } else if (rest.starts_with("../")) {
            rest.remove_prefix(3);
            const auto cut = address.find_last_of("/:");
            if (cut == std::string::npos) break;
            // Of user@host:path the colon stays what parts host and path.
            address.erase(address[cut] == ':' ? cut + 1 : cut);
        } else {
            break;
        }
    }
    if (!address.ends_with(':')) address += '/';
    return address + std::string(rest);
}

GitResult<bool> add_submodules(const Access& access, git_repository& mirror, const CommitId& commit,
                               TreeSurvey& survey) {
    if (survey.submodules.empty()) return succeeded(true);
    const auto lock = MirrorLock::take(access.remote.mirror);
    if (!lock) return failed<bool>({lock.error(), false});
    if (auto error = Adder(access, mirror, commit, survey).add(access.remote.url, "", 1)) {
        return failed<bool>(std::move(*error));
    }
    return succeeded(true);
}

}  // namespace lastgood::git
