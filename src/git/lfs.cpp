#include "git/lfs.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "git/credentials.h"
#include "git/environment.h"
#include "git/failure.h"
#include "git/git_command.h"
#include "git/mirror.h"
#include "git/release_view.h"
#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

constexpr std::size_t kPointerBytesMax = 1024;

bool is_there(const std::string& mirror, const LfsPointer& pointer) {
    struct stat status {};
    return stat(lfs_object_path(mirror, pointer).c_str(), &status) == 0 &&
           static_cast<std::uint64_t>(status.st_size) == pointer.bytes;
}

std::optional<LfsPointer> pointer_of(git_repository& mirror, const TreeFile& file) {
    const auto blob = read_blob(mirror, file.id);
    return blob ? parse_lfs_pointer(blob->text()) : std::nullopt;
}

// The first file whose content isn't here yet.
std::optional<std::string> first_missing(const std::string& path, git_repository& mirror,
                                         git_repository& view, const TreeSurvey& survey,
                                         std::size_t& count) {
    std::optional<std::string> first;
    for (const TreeFile& file : survey.files) {
        if (file.mode == GIT_FILEMODE_LINK || !is_kept_by_lfs(view, file.path)) continue;
        const auto pointer = pointer_of(mirror, file);
        if (!pointer || is_there(path, *pointer)) continue;
        ++count;
        if (!first) first = printable(file.path, 300);
    }
    return first;
}

}  // namespace

bool mentions_lfs(git_repository& mirror, const std::vector<TreeFile>& attributes) {
    return std::any_of(attributes.begin(), attributes.end(), [&](const TreeFile& file) {
        const auto blob = read_blob(mirror, file.id);
        return blob && blob->text().find("lfs") != std::string_view::npos;
    });
}

std::optional<LfsPointer> parse_lfs_pointer(std::string_view text) {
    constexpr std::string_view kVersion = "version https://git-lfs.github.com/spec/v1";
    constexpr std::string_view kOid = "oid sha256:";
    constexpr std::string_view kSize = "size ";
    if (text.size() > kPointerBytesMax || !text.starts_with(kVersion)) return std::nullopt;
    LfsPointer pointer;
    bool sized = false;
    for (const std::string& line : split(text, '\n')) {
        if (line.starts_with(kOid)) pointer.oid = line.substr(kOid.size());
        if (!line.starts_with(kSize)) continue;
        const char* end = line.data() + line.size();
        const auto read = std::from_chars(line.data() + kSize.size(), end, pointer.bytes);
        sized = read.ec == std::errc{} && read.ptr == end;
    }
    const bool hex = std::all_of(pointer.oid.begin(), pointer.oid.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    if (!sized || pointer.oid.size() != 64 || !hex) return std::nullopt;
    return pointer;
}

std::string lfs_object_path(const std::string& mirror, const LfsPointer& pointer) {
    return mirror + "/lfs/objects/" + pointer.oid.substr(0, 2) + "/" + pointer.oid.substr(2, 2) +
           "/" + pointer.oid;
}

bool is_kept_by_lfs(git_repository& view, const std::string& path) {
    const char* value = nullptr;
    return git_attr_get(&value, &view, GIT_ATTR_CHECK_INDEX_ONLY, path.c_str(), "filter") == 0 &&
           value != nullptr && std::string_view(value) == "lfs";
}

GitResult<bool> fetch_lfs_objects(const Remote& remote, const MaterialiseRequest& request,
                                  git_repository& mirror, const TreeSurvey& survey) {
    if (!mentions_lfs(mirror, survey.attributes)) return succeeded(true);
    auto view = open_release_view(remote.mirror, remote.mirror, survey.attributes);
    if (!view.value) return failed<bool>(std::move(view.error));
    std::size_t count = 0;
    const auto first = first_missing(remote.mirror, mirror, **view.value, survey, count);
    if (!first) return succeeded(true);
    const std::string named =
        *first + (count == 1 ? "" : " and " + std::to_string(count - 1) + " other files");
    if (!is_installed("git-lfs")) {
        return failed<bool>({{named + " in commit " + request.commit.short_hex() +
                                  " are kept by git lfs, which isn't installed here",
                              "install the package git-lfs, and deploy again"},
                             false});
    }
    auto access = read_access(remote);
    if (!access.value) return failed<bool>(std::move(access.error));
    const auto lock = MirrorLock::take(remote.mirror);
    if (!lock) return failed<bool>({lock.error(), false});
    const std::string url = "remote.lastgood.url=" + access.value->url.text;
    auto output = run_git(*access.value, {"--git-dir=" + remote.mirror, "-c", url, "lfs", "fetch",
                                          "lastgood", request.commit.hex()});
    if (!output) return failed<bool>({output.error(), false});
    count = 0;
    const auto missing = first_missing(remote.mirror, mirror, **view.value, survey, count);
    if (!missing) return succeeded(true);
    auto why = explain_failure(*access.value, "fetching what git lfs keeps of", output->err);
    why.error.what = *missing + " has no content: " + why.error.what;
    return failed<bool>(std::move(why));
}

}  // namespace lastgood::git
