#include "git/git_command.h"

#include "git/environment.h"
#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

// Without what ssh -v says, but for the server's key.
std::string without_chatter(std::string_view said) {
    constexpr std::string_view kChatter = "debug1: ";
    std::string kept;
    for (std::string_view line : split(said, '\n')) {
        if (line.starts_with(kChatter)) {
            line.remove_prefix(kChatter.size());
            if (!line.starts_with("Server host key: ")) continue;
        }
        kept.append(line).append("\n");
    }
    return kept;
}

}  // namespace

Expected<ProgramOutput> run_git(const Access& access, std::vector<std::string> arguments,
                                std::uint64_t file_bytes_max,
                                std::function<bool(std::string_view piece)> on_said) {
    Program git;
    git.on_said = std::move(on_said);
    arguments.emplace(arguments.begin(), "git");
    git.argv = std::move(arguments);
    git.env = git_environment(access);
    git.file_bytes_max = file_bytes_max;
    git.memory_bytes_max = limits::kGitMemoryBytesMax;
    auto output = run_program(git);
    if (output) output->err = without_chatter(output->err);
    return output;
}

Expected<ProgramOutput> run_git_in(const std::string& mirror, std::vector<std::string> arguments) {
    Access nobody;
    nobody.remote.mirror = mirror;
    arguments.insert(arguments.begin(), "--git-dir=" + mirror);
    return run_git(nobody, std::move(arguments));
}

}  // namespace lastgood::git
