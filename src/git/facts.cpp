#include "git/facts.h"

#include <algorithm>
#include <memory>

#include "git/mirror.h"
#include "git/repository_settings.h"
#include "git/shallow.h"
#include "git/tree_walk.h"
#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

using WalkPtr = std::unique_ptr<git_revwalk, Freer<git_revwalk_free>>;

int read_type(git_repository& mirror, const CommitId& id, git_object_t& type) {
    git_oid oid;
    if (!to_oid(id, oid)) return GIT_ENOTFOUND;
    git_odb* odb = nullptr;
    if (const int code = git_repository_odb(&odb, &mirror); code < 0) return code;
    const OdbPtr owner(odb);
    std::size_t size = 0;
    return git_odb_read_header(&size, &type, odb, &oid);
}

// Asks one repository about descent and remembers the first failure.
class Ancestry {
  public:
    explicit Ancestry(git_repository& mirror)
        : mirror_(mirror), shallow_(is_shallow(git_repository_path(&mirror))) {}

    // Strictly. False for what is no commit here.
    bool descends(const std::optional<git_oid>& young, const std::optional<git_oid>& old) {
        if (!young || !old || git_oid_equal(&*young, &*old) != 0 || failure_) return false;
        if (shallow_) {
            auto answer = shallow_descends(git_repository_path(&mirror_), *young, *old);
            if (!answer.value) failure_ = std::move(answer.error);
            return answer.value.value_or(false);
        }
        const int answer = git_graph_descendant_of(&mirror_, &*young, &*old);
        if (answer < 0) failure_ = libgit2_error("could not read the history in the mirror");
        return answer == 1;
    }

    // Nothing when the mirror hasn't got it; an object that is there but broken is a failure.
    std::optional<git_object_t> type(const CommitId& id) {
        git_object_t found = GIT_OBJECT_INVALID;
        const int code = read_type(mirror_, id, found);
        if (code == 0) return found;
        if (code != GIT_ENOTFOUND) failure_ = libgit2_error("the mirror's " + id.hex());
        return std::nullopt;
    }

    // What it is, or what a tag object points at in the end; nothing where that is no commit.
    std::optional<git_oid> commit(const CommitId& id) {
        const auto kind = type(id);
        git_oid oid;
        if (!kind || !to_oid(id, oid)) return std::nullopt;
        if (kind == GIT_OBJECT_TAG) return peeled(oid);
        if (kind != GIT_OBJECT_COMMIT) return std::nullopt;
        return oid;
    }

    [[nodiscard]] const std::optional<GitError>& failure() const { return failure_; }

  private:
    std::optional<git_oid> peeled(const git_oid& tag) {
        git_object* raw = nullptr;
        git_object* target = nullptr;
        if (git_object_lookup(&raw, &mirror_, &tag, GIT_OBJECT_TAG) < 0) return std::nullopt;
        const ObjectPtr owner(raw);
        if (git_object_peel(&target, raw, GIT_OBJECT_COMMIT) < 0) return std::nullopt;
        const ObjectPtr target_owner(target);
        return *git_object_id(target);
    }

    git_repository& mirror_;
    const bool shallow_;
    std::optional<GitError> failure_;
};

bool asks_to_skip(git_repository& mirror, const git_oid& id) {
    git_commit* commit = nullptr;
    if (git_commit_lookup(&commit, &mirror, &id) < 0) return false;
    const CommitPtr owner(commit);
    const char* message = git_commit_message(commit);
    const std::string text = to_lower(message != nullptr ? message : "");
    return text.find("[skip deploy]") != std::string::npos ||
           text.find("[deploy skip]") != std::string::npos;
}

TreePtr tree_of(git_repository& mirror, const git_oid& id) {
    git_commit* commit = nullptr;
    git_tree* tree = nullptr;
    if (git_commit_lookup(&commit, &mirror, &id) < 0) return nullptr;
    const CommitPtr owner(commit);
    return git_commit_tree(&tree, commit) < 0 ? nullptr : TreePtr(tree);
}

// By git's own rules for pathspecs. True also where it can't be told: rather deployed than missed.
bool changed_under(git_repository& mirror, const std::vector<std::string>& paths,
                   const git_oid& before, const git_oid& after) {
    const TreePtr old_tree = tree_of(mirror, before);
    const TreePtr new_tree = tree_of(mirror, after);
    if (!old_tree || !new_tree) return true;
    std::vector<char*> patterns;
    patterns.reserve(paths.size());
    for (const auto& path : paths) patterns.push_back(const_cast<char*>(path.c_str()));
    git_diff_options options;
    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags = GIT_DIFF_SKIP_BINARY_CHECK | GIT_DIFF_INCLUDE_TYPECHANGE;
    options.pathspec = {patterns.data(), patterns.size()};
    git_diff* diff = nullptr;
    if (git_diff_tree_to_tree(&diff, &mirror, old_tree.get(), new_tree.get(), &options) < 0) {
        return true;
    }
    const DiffPtr owner(diff);
    return git_diff_num_deltas(diff) > 0;
}

// Which paths count is said by the commit itself where it may; one that says it wrongly is taken
// for changed, so that whoever pushed it is told.
bool paths_changed(git_repository& mirror, const FetchRequest& request, const git_oid& live,
                   const git_oid& commit) {
    std::vector<std::string> paths = request.paths;
    if (request.repository.allows("paths")) {
        const TreePtr tree = tree_of(mirror, commit);
        if (!tree) return true;
        auto settings = read_settings(mirror, *git_tree_id(tree.get()), request.repository);
        if (!settings.value) return true;
        if (settings.value->paths) paths = *settings.value->paths;
    }
    return paths.empty() || changed_under(mirror, paths, live, commit);
}

}  // namespace

bool has_object(git_repository& mirror, const CommitId& id) {
    git_object_t type = GIT_OBJECT_INVALID;
    return read_type(mirror, id, type) == 0;
}

GitResult<FetchResult> gather_facts(git_repository& mirror, const Upstream& upstream,
                                    const FetchRequest& request) {
    FetchResult result;
    Ancestry ancestry(mirror);
    std::vector<CommitId> candidates = request.candidates;
    std::optional<git_oid> tip;
    if (upstream.tip) {
        tip = ancestry.commit(to_commit_id(*upstream.tip));
        if (!tip) {
            return failed<FetchResult>(
                libgit2_error("the mirror lost the tip of " + upstream.followed->text()));
        }
        result.tip = to_commit_id(*tip);
        result.tip_tag = upstream.tip_tag;
        if (candidates.empty()) candidates.push_back(*result.tip);
    }
    const auto live = request.live ? ancestry.commit(*request.live) : std::nullopt;
    result.live_known = live.has_value();
    std::vector<std::optional<git_oid>> commits;
    commits.reserve(candidates.size());
    for (const auto& id : candidates) commits.push_back(ancestry.commit(id));

    const auto on_ref = [&](const std::optional<git_oid>& commit) {
        if (!commit) return false;
        if (upstream.followed->by_tags()) {
            const auto& tagged = upstream.tagged;
            return std::find(tagged.begin(), tagged.end(), to_commit_id(*commit)) != tagged.end();
        }
        return (tip && git_oid_equal(&*tip, &*commit) != 0) || ancestry.descends(tip, commit);
    };
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& commit = commits[i];
        CommitFacts facts{.id = commit ? to_commit_id(*commit) : candidates[i]};
        facts.present = ancestry.type(candidates[i]).has_value();
        facts.is_commit = commit.has_value();
        facts.on_ref = on_ref(commit);
        facts.ancestor_of_live = ancestry.descends(live, commit);
        facts.descends_from_live = ancestry.descends(commit, live);
        for (const auto& other : commits) {
            facts.ancestor_of.push_back(ancestry.descends(other, commit));
        }
        facts.skip_asked = commit && asks_to_skip(mirror, *commit);
        if (commit && live) {
            facts.paths_changed = paths_changed(mirror, request, *live, *commit);
        }
        result.facts.push_back(std::move(facts));
    }
    if (ancestry.failure()) return failed<FetchResult>(*ancestry.failure());
    return succeeded(std::move(result));
}

namespace {

bool holds_all(git_repository& repository, const std::vector<TreeFile>& files) {
    git_odb* odb = nullptr;
    if (git_repository_odb(&odb, &repository) < 0) return false;
    const OdbPtr owner(odb);
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    return std::all_of(files.begin(), files.end(), [&](const TreeFile& file) {
        return git_odb_read_header(&size, &type, odb, &file.id) == 0;
    });
}

}  // namespace

bool mirror_is_whole(const std::string& path) {
    const auto mirror = open_mirror(path);
    return mirror.value && mirror_is_whole(**mirror.value);
}

bool mirror_is_whole(git_repository& repository) {
    const std::string path = git_repository_path(&repository);
    if (is_shallow(path)) return shallow_is_whole(path);
    git_revwalk* raw = nullptr;
    if (git_revwalk_new(&raw, &repository) < 0) return false;
    const WalkPtr walk(raw);
    Ancestry ancestry(repository);
    git_strarray names{nullptr, 0};
    if (git_reference_list(&names, &repository) < 0) return false;
    bool whole = true;
    for (std::size_t i = 0; whole && i < names.count; ++i) {
        const auto target = read_ref(repository, names.strings[i]);
        git_commit* commit = nullptr;
        const auto peeled = target ? ancestry.commit(to_commit_id(*target)) : std::nullopt;
        whole = peeled && git_commit_lookup(&commit, &repository, &*peeled) == 0 &&
                git_revwalk_push(walk.get(), &*peeled) == 0;
        const CommitPtr owner(commit);
        if (whole) {
            // A refused tree is whole, too: only what can't be read counts.
            const auto surveyed = survey_tree(repository, *git_commit_tree_id(commit));
            whole = surveyed.value ? holds_all(repository, surveyed.value->files)
                                   : surveyed.error.permanent;
        }
    }
    git_strarray_dispose(&names);
    git_oid oid;
    int code = 0;
    while (whole && (code = git_revwalk_next(&oid, walk.get())) == 0) {
    }
    return whole && code == GIT_ITEROVER;
}

}  // namespace lastgood::git
