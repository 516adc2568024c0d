#include "git/export_ignore.h"

#include <algorithm>
#include <unordered_map>

#include "git/release_view.h"
#include "git/release_writer.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

class Ignored {
  public:
    explicit Ignored(git_repository& view) : view_(view) {}

    // Of the path itself, or of a folder above it.
    bool holds(const std::string& path) {
        if (const auto known = folders_.find(path); known != folders_.end()) return known->second;
        const auto slash = path.rfind('/');
        const bool above = slash != std::string::npos && holds(path.substr(0, slash));
        const bool ignored = above || is_marked(path);
        folders_.emplace(path, ignored);
        return ignored;
    }

  private:
    bool is_marked(const std::string& path) {
        const char* value = nullptr;
        return git_attr_get(&value, &view_, GIT_ATTR_CHECK_INDEX_ONLY, path.c_str(),
                            "export-ignore") == 0 &&
               GIT_ATTR_IS_TRUE(value);
    }

    git_repository& view_;
    std::unordered_map<std::string, bool> folders_;
};

}  // namespace

GitResult<bool> leave_out_ignored(const std::string& mirror, const std::string& directory,
                                  TreeSurvey& survey) {
    if (survey.attributes.empty()) return succeeded(true);
    const std::string scratch = directory + ".folders";
    if (auto made = sys::make_directories(scratch); !made)
        return failed<bool>({made.error(), false});
    auto folder = ReleaseFolder::open(scratch);
    if (!folder.value) return failed<bool>(std::move(folder.error));
    for (const auto& file : survey.files) (void)folder.value->make_parents(file.path);
    auto view = open_release_view(mirror, scratch, survey.attributes);
    if (view.value) {
        Ignored ignored(**view.value);
        const auto goes = [&](const TreeFile& file) { return ignored.holds(file.path); };
        std::erase_if(survey.files, goes);
        std::erase_if(survey.submodules,
                      [&](const Gitlink& link) { return ignored.holds(link.path); });
    }
    (void)sys::remove_tree(scratch);
    if (!view.value) return failed<bool>(std::move(view.error));
    return succeeded(true);
}

}  // namespace lastgood::git
