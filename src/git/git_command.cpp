#include "git/git_command.h"

#include "git/environment.h"
#include "lastgood/base/limits.h"

namespace lastgood::git {

Expected<ProgramOutput> run_git(const Access& access, std::vector<std::string> arguments) {
    Program git;
    arguments.emplace(arguments.begin(), "git");
    git.argv = std::move(arguments);
    git.env = git_environment(access);
    git.file_bytes_max = limits::kPackBytesMax;
    return run_program(git);
}

}  // namespace lastgood::git
