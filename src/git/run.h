// One run of a program in the worker's own process group: killing the group ends it, too.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"

namespace lastgood::git {

// Where a program finds Program::file. A file without a name: nothing is left behind, and nobody
// else can put something in its place.
constexpr const char* kFileOfProgram = "/proc/self/fd/3";

struct Program {
    std::vector<std::string> argv;            // argv[0] is sought in PATH
    std::vector<std::string> env;             // the whole environment
    std::optional<std::string_view> input{};  // its stdin; none: /dev/null
    std::optional<std::string_view> file{};
    std::uint64_t file_bytes_max = 0;    // of a file that it writes; 0: as ours
    std::uint64_t memory_bytes_max = 0;  // of its own, files that it maps not counted; 0: as ours
    // Gets each piece of stderr as it comes, up to a newline or a carriage return. True: it is not
    // kept. Empty: all is kept as it is.
    std::function<bool(std::string_view piece)> on_said{};
};

struct ProgramOutput {
    int wait_status = 0;
    std::string out;  // both bounded by kGitOutputBytesMax: the end is kept
    std::string err;
    [[nodiscard]] bool ok() const { return wait_status == 0; }
};

// Waits for its end; has no deadline of its own, the daemon keeps that.
Expected<ProgramOutput> run_program(const Program& program);

}  // namespace lastgood::git
