#include "config/source.h"

#include "config/values.h"
#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

void read_repo(const Section& section, App& app) {
    if (!section.has("repo")) {
        section.fault("repo", section.mark(), "is missing; say where the repository is");
    }
    const auto is_address = section.by("repo", repo_is_address);
    if (!is_address) return;
    app.repo = *section.text("repo");
    if (!*is_address) app.repo = section.reading().absolute(app.repo);
}

// A key that the repository's address has no use for would be ignored in silence.
void check_auth(const Section& auth, const App& app) {
    if (app.repo.empty()) return;
    const bool http = app.repo.starts_with("http://") || app.repo.starts_with("https://");
    const bool ssh = app.repo.starts_with("ssh://") ||
                     (app.repo.front() != '/' && app.repo.find("://") == std::string::npos);
    for (const std::string_view key : {"username", "token_file", "ca_file", "proxy"}) {
        if (auth.has(key) && !http) auth.fault(key, auth.mark_of(key), "is for http(s) addresses");
    }
    for (const std::string_view key : {"ssh_key", "known_hosts"}) {
        if (auth.has(key) && !ssh) auth.fault(key, auth.mark_of(key), "is for ssh addresses");
    }
    if (auth.has("username") && !auth.has("token_file")) {
        auth.fault("username", auth.mark_of("username"), "needs token_file beside it");
    }
}

void read_auth(const Section& section, App& app) {
    const auto auth = section.section("auth", SectionKind::auth);
    if (!auth) return;
    auth->file("ssh_key", app.auth.ssh_key);
    auth->file("known_hosts", app.auth.known_hosts);
    auth->text("username", app.auth.username);
    auth->file("token_file", app.auth.token_file);
    auth->file("ca_file", app.auth.ca_file);
    auth->text("proxy", app.auth.proxy);
    check_auth(*auth, app);
}

void read_followed(const Section& section, core::Followed& followed) {
    if (auto branch = section.by("branch", read_branch)) followed.branch = *std::move(branch);
    if (auto tags = section.by("tags", read_tag_pattern)) followed.tags = *std::move(tags);
    if (section.has("branch") && section.has("tags")) {
        section.fault("tags", section.mark_of("tags"),
                      "branch is there already; keep one of the two");
    }
}

void read_verify(const Section& section, Verify& into) {
    const auto verify = section.section("verify", SectionKind::verify);
    if (!verify) return;
    verify->file("allowed_signers", into.allowed_signers);
    verify->file("gpg_keyring", into.gpg_keyring);
    verify->choice<bool>("range", into.all, {{"head", false}, {"all", true}});
    if (!into.wanted()) {
        section.fault("verify", verify->mark(), "name allowed_signers or gpg_keyring");
    }
}

// Rules that ask about the history need all of it.
void read_depth(const Section& section, App& app) {
    constexpr int kDeepest = 1'000'000;
    if (section.value("depth") == nullptr) return;
    section.number("depth", app.depth.emplace(), 1, kDeepest);
    const auto refuse = [&](const std::string& other) {
        section.fault("depth", section.mark_of("depth"),
                      other + " needs the whole history; remove one of the two");
    };
    if (app.verify.all) refuse("verify.range: all");
    if (app.transport == Transport::libgit2) refuse("transport: libgit2");
}

}  // namespace

std::vector<std::pair<std::string, Mark>> read_texts(const Section& section, std::string_view key) {
    std::vector<std::pair<std::string, Mark>> texts;
    const auto* node = section.value(key);
    if (node == nullptr) return texts;
    const auto take = [&](const YamlNode& item) {
        if (item.faulty) return;
        if (item.kind == YamlNode::Kind::scalar && !trim(item.text).empty()) {
            texts.emplace_back(item.text, item.mark);
        } else {
            section.fault(key, item.mark, "expected a text, and not an empty one");
        }
    };
    if (node->kind != YamlNode::Kind::list) {
        take(*node);
    } else {
        for (const YamlNode& item : node->items) take(item);
    }
    return texts;
}

void read_paths(const Section& section, std::vector<std::string>& into) {
    for (auto& [text, mark] : read_texts(section, "paths")) {
        if (text.starts_with('/') || text.starts_with("!")) {
            section.fault("paths", mark,
                          "write it relative to the repository's root, as backend/**; what is not "
                          "wanted can't be named");
        } else {
            into.push_back(std::move(text));
        }
    }
}

// A list of folders, or a map of folders and the files that they go by.
void read_cache(const Section& section, const std::string& root, std::vector<CacheFolder>& into) {
    const auto add = [&](const std::string& folder, const std::string& key, Mark mark) {
        const auto path = read_workdir(folder);
        const auto file = key.empty() ? Expected<std::string>(std::string()) : read_workdir(key);
        if (!path || *path == ".") {
            section.fault("cache", mark,
                          in_quotes(folder) + " must be a folder inside the release");
        } else if (!file || *file == ".") {
            section.fault("cache", mark, in_quotes(key) + " must be a file inside the release");
        } else {
            into.push_back({*read_workdir(root + "/" + *path),
                            file->empty() ? "" : *read_workdir(root + "/" + *file)});
        }
    };
    const auto* node = section.value("cache");
    if (node == nullptr) return;
    if (node->kind != YamlNode::Kind::map) {
        for (const auto& [folder, mark] : read_texts(section, "cache")) add(folder, "", mark);
        return;
    }
    for (const YamlEntry& entry : node->entries) {
        if (entry.value.kind == YamlNode::Kind::scalar) {
            add(entry.key, entry.value.text, entry.mark);
        } else {
            section.fault("cache", entry.mark,
                          entry.key + " must name one file, such as its lock file");
        }
    }
}

void read_source(const Section& section, App& app) {
    read_repo(section, app);
    read_auth(section, app);
    read_followed(section, app.followed);
    section.choice<Transport>("transport", app.transport,
                              {{"git", Transport::git}, {"libgit2", Transport::libgit2}});
    if (auto folder = section.by("root", read_workdir)) app.root = *std::move(folder);
    read_paths(section, app.paths);
    read_verify(section, app.verify);
    section.flag("submodules", app.submodules);
    section.flag("export_ignore", app.export_ignore);
    section.choice<Materialise>("materialise", app.materialise,
                                {{"auto", Materialise::automatic},
                                 {"copy", Materialise::copy},
                                 {"link", Materialise::link}});
    read_cache(section, app.root, app.cache);
    read_depth(section, app);
}

}  // namespace lastgood::config
