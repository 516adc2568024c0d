#include "cli/init/tree.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "lastgood/base/sys/files.h"

namespace lastgood::cli::planning {
namespace {

constexpr std::size_t kFileBytesMax = 256 * 1024;  // what people write by hand is smaller
constexpr std::size_t kFilesReadMax = 500;

bool worth_reading(const std::string& path) {
    constexpr std::array kNames = {
        "package.json",   "Procfile",  "requirements.txt", "Pipfile",
        "pyproject.toml", "setup.py",  "go.mod",           "Cargo.toml",
        "Gemfile",        "config.ru", "composer.json",    "CMakeLists.txt",
        "Makefile",       "makefile",  "GNUmakefile",      ".gitignore"};
    constexpr std::array kEndings = {".js",  ".mjs", ".cjs", ".ts",  ".py", ".go",
                                     ".rs",  ".rb",  ".php", ".c",   ".cc", ".cpp",
                                     ".cxx", ".sh",  ".yml", ".yaml"};
    if (path.find("node_modules/") != std::string::npos) return false;
    const std::string name = path.substr(path.rfind('/') + 1);
    return std::any_of(kNames.begin(), kNames.end(),
                       [&](const char* one) { return name == one; }) ||
           std::any_of(kEndings.begin(), kEndings.end(),
                       [&](const char* one) { return name.ends_with(one); });
}

}  // namespace

const std::string& Tree::text(const std::string& path) const {
    static const std::string nothing;
    const auto found = files.find(path);
    return found == files.end() ? nothing : found->second.text;
}

std::string Tree::first_of(std::initializer_list<const char*> paths) const {
    for (const char* path : paths) {
        if (has(path)) return path;
    }
    return {};
}

std::vector<std::string> Tree::ending(std::string_view with, int depth_max) const {
    std::vector<std::string> found;
    for (const auto& [path, file] : files) {
        if (path.ends_with(with) && std::count(path.begin(), path.end(), '/') <= depth_max) {
            found.push_back(path);
        }
    }
    return found;
}

bool Tree::any_has(std::string_view ending, std::string_view word) const {
    return std::any_of(files.begin(), files.end(), [&](const auto& one) {
        return one.first.ends_with(ending) && one.second.text.find(word) != std::string::npos;
    });
}

Tree read_tree(const std::string& folder, const std::vector<git::CheckoutFile>& files) {
    Tree tree;
    std::vector<std::string> wanted;
    for (const git::CheckoutFile& file : files) {
        tree.files[file.path].executable = file.executable;
        if (worth_reading(file.path)) wanted.push_back(file.path);
    }
    // What lies on top tells most.
    const auto depth = [](const std::string& path) {
        return std::count(path.begin(), path.end(), '/');
    };
    std::stable_sort(wanted.begin(), wanted.end(),
                     [&](const auto& one, const auto& other) { return depth(one) < depth(other); });
    if (wanted.size() > kFilesReadMax) wanted.resize(kFilesReadMax);
    for (const std::string& path : wanted) {
        const std::filesystem::path file = std::filesystem::path(folder) / path;
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(file, ignored))) {
            continue;
        }
        if (auto text = sys::read_file(file.string(), kFileBytesMax)) {
            tree.files[path].text = *std::move(text);
        }
    }
    return tree;
}

}  // namespace lastgood::cli::planning
