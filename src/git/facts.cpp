#include "git/facts.h"

#include <memory>

#include "git/mirror.h"
#include "git/tree_walk.h"

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
    explicit Ancestry(git_repository& mirror) : mirror_(mirror) {}

    // Strictly. False for what is no commit here.
    bool descends(const std::optional<git_oid>& young, const std::optional<git_oid>& old) {
        if (!young || !old || git_oid_equal(&*young, &*old) != 0 || failure_) return false;
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

    std::optional<git_oid> commit(const CommitId& id) {
        git_oid oid;
        if (type(id) != GIT_OBJECT_COMMIT || !to_oid(id, oid)) return std::nullopt;
        return oid;
    }

    [[nodiscard]] const std::optional<GitError>& failure() const { return failure_; }

  private:
    git_repository& mirror_;
    std::optional<GitError> failure_;
};

}  // namespace

bool has_object(git_repository& mirror, const CommitId& id) {
    git_object_t type = GIT_OBJECT_INVALID;
    return read_type(mirror, id, type) == 0;
}

GitResult<FetchResult> gather_facts(git_repository& mirror, const std::optional<git_oid>& tip,
                                    const FetchRequest& request) {
    FetchResult result;
    std::vector<CommitId> candidates = request.candidates;
    if (tip) {
        result.tip = to_commit_id(*tip);
        if (candidates.empty()) candidates.push_back(*result.tip);
    }
    Ancestry ancestry(mirror);
    if (result.tip && !ancestry.commit(*result.tip)) {
        return failed<FetchResult>(libgit2_error("the mirror lost the branch's tip"));
    }
    const auto live = request.live ? ancestry.commit(*request.live) : std::nullopt;
    std::vector<std::optional<git_oid>> commits;
    commits.reserve(candidates.size());
    for (const auto& id : candidates) commits.push_back(ancestry.commit(id));

    for (std::size_t i = 0; i < candidates.size(); ++i) {
        CommitFacts facts{candidates[i], false, false, false, false, false, {}};
        facts.present = ancestry.type(candidates[i]).has_value();
        facts.is_commit = commits[i].has_value();
        facts.on_ref = (tip && commits[i] && git_oid_equal(&*tip, &*commits[i]) != 0) ||
                       ancestry.descends(tip, commits[i]);
        facts.ancestor_of_live = ancestry.descends(live, commits[i]);
        facts.descends_from_live = ancestry.descends(commits[i], live);
        for (const auto& other : commits) {
            facts.ancestor_of.push_back(ancestry.descends(other, commits[i]));
        }
        result.facts.push_back(std::move(facts));
    }
    if (ancestry.failure()) return failed<FetchResult>(*ancestry.failure());
    return succeeded(std::move(result));
}

bool mirror_is_whole(const std::string& path) {
    auto mirror = open_mirror(path);
    if (!mirror.value) return false;
    git_repository& repository = **mirror.value;
    git_revwalk* raw = nullptr;
    if (git_revwalk_new(&raw, &repository) < 0) return false;
    const WalkPtr walk(raw);
    git_strarray names{nullptr, 0};
    if (git_reference_list(&names, &repository) < 0) return false;
    bool whole = true;
    for (std::size_t i = 0; whole && i < names.count; ++i) {
        const auto target = read_ref(repository, names.strings[i]);
        git_commit* commit = nullptr;
        whole = target && git_commit_lookup(&commit, &repository, &*target) == 0 &&
                git_revwalk_push(walk.get(), &*target) == 0;
        const CommitPtr owner(commit);
        if (whole) {
            // A refused tree is whole, too: only what can't be read counts.
            const auto surveyed = survey_tree(repository, *git_commit_tree_id(commit));
            whole = surveyed.value || surveyed.error.permanent;
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
