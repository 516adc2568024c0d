// What a program's file tells, by its first bytes, of how it comes to run.
#pragma once

#include <elf.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lastgood::process {

// Where the headers and notes of every linker's output are.
constexpr std::size_t kProgramHeadBytes = 64 << 10;

struct ProgramFile {
    enum class Kind {
        dynamic,        // ELF of this machine, loaded by the dynamic linker
        static_linked,  // ELF that loads itself
        go,             // ELF that makes its system calls without libc, however it is linked
        foreign,        // ELF of another machine, or of 32 bits
        script,         // "#!"
        unknown
    };
    Kind kind = Kind::unknown;
    std::vector<std::string> interpreter{};  // of a script: its program, then an argument
};

// `machine`: the one that counts as this one (e_machine of ELF).
ProgramFile read_program_head(std::string_view head, Elf64_Half machine);

// The program of a script by `#!/usr/bin/env NAME`: NAME; empty where there is more to it.
std::string program_of_env(const std::vector<std::string>& interpreter);

// The program of a line for the shell, where it is a single command that names its program by a
// path, as `exec ./server --port 3000`. Empty for all else: what is found by PATH may be a launcher
// of the real program.
std::string program_of_line(std::string_view line);

}  // namespace lastgood::process
