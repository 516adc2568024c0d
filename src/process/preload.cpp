#include "lastgood/process/preload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/socket_address.h"
#include "lastgood/base/sys/tcp_sockets.h"
#include "process/preload_bytes.h"
#include "process/program_file.h"

namespace lastgood::process {
namespace {

constexpr const char* kTakeIt =
    "have the program take descriptor 3 (LISTEN_FDS) and remove `adopt`, or remove `listen`";

std::string_view object_bytes() {
    return {reinterpret_cast<const char*>(kPreloadBytes), kPreloadBytesCount};
}

// That of our own object: a program that can't have it in its address space is of another one.
Elf64_Half own_machine() {
    Elf64_Ehdr header;
    std::memcpy(&header, kPreloadBytes, sizeof header);
    return header.e_machine;
}

Error refusal(const std::string& program, const std::string& why) {
    return {program + " " + why + " (adopt: preload)", kTakeIt};
}

std::string absolute(const std::string& path, const std::string& workdir) {
    return path.starts_with('/') || workdir.empty() ? path : workdir + "/" + path;
}

// The file that spawn() would execute; empty where there is none, which spawn() tells better.
std::string file_of(const sys::SpawnSpec& spawn, const std::string& program) {
    for (const std::string& candidate : sys::program_candidates(program, spawn.env)) {
        std::string path = absolute(candidate, spawn.workdir);
        struct stat about {};
        const bool there = stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode);
        if (there && access(path.c_str(), X_OK) == 0) return path;
    }
    return "";
}

std::string head_of(const std::string& path) {
    const sys::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string head(kProgramHeadBytes, '\0');
    const ssize_t got = file ? pread(file.get(), head.data(), head.size(), 0) : -1;
    head.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return head;
}

// The dynamic linker takes nothing from the environment of whoever gains privileges.
bool gains_privileges(const sys::SpawnSpec& spawn, const std::string& path) {
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) return false;
    const uid_t uid = spawn.identity ? spawn.identity->uid : geteuid();
    const gid_t gid = spawn.identity ? spawn.identity->gid : getegid();
    const bool as_user = (about.st_mode & S_ISUID) != 0 && about.st_uid != uid;
    const bool as_group = (about.st_mode & S_ISGID) != 0 && about.st_gid != gid;
    if ((as_user || as_group) && !spawn.no_new_privileges) return true;
    return uid != 0 && getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
}

// Of the program itself, then of what runs it if it is a script.
Expected<void> check_program(const sys::SpawnSpec& spawn, std::string program) {
    constexpr int kScriptsDeepMax = 4;  // as the kernel has it
    for (int depth = 0; depth <= kScriptsDeepMax && !program.empty(); ++depth) {
        const std::string path = file_of(spawn, program);
        if (path.empty()) return {};
        const ProgramFile found = read_program_head(head_of(path), own_machine());
        switch (found.kind) {
            case ProgramFile::Kind::static_linked:
                return refusal(program, "is statically linked: no library can go before it");
            case ProgramFile::Kind::go:
                return refusal(program, "is a Go program: it asks the kernel past libc");
            case ProgramFile::Kind::foreign:
                return refusal(program, "is of another kind of machine than lastgood");
            case ProgramFile::Kind::unknown:
                return {};
            case ProgramFile::Kind::dynamic:
                if (!gains_privileges(spawn, path)) return {};
                return refusal(program, "gains privileges (set-uid, set-gid or file capabilities)");
            case ProgramFile::Kind::script:
                break;
        }
        program = found.interpreter.front();
        if (const auto real = program_of_env(found.interpreter); !real.empty()) program = real;
    }
    return {};
}

std::string program_of(const std::vector<std::string>& argv) {
    const bool is_line = argv.size() == 3 && argv[0] == "/bin/sh" && argv[1] == "-c";
    return is_line ? program_of_line(argv[2]) : argv.front();
}

Expected<std::uint16_t> tcp_port_of(int listening) {
    const auto address = sys::bound_address(listening);
    if (address && sys::port_of(*address) != 0) return sys::port_of(*address);
    return Error{"`adopt: preload` is for TCP sockets alone", "remove `adopt`"};
}

}  // namespace

Expected<std::string> preload_object(const std::string& folder) {
    std::string path = folder + "/lastgood-preload.so";
    // The dynamic linker reads a list, with variables.
    if (path.find_first_of(" :$") != std::string::npos) {
        return Error{path + " can't be preloaded for a space, `:` or `$` in its name",
                     "choose another state_dir"};
    }
    struct statvfs mount {};
    if (statvfs(folder.c_str(), &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0) {
        return Error{folder + " is mounted noexec, so that no program can be preloaded from it",
                     "put state_dir where programs may be executed"};
    }
    const auto there = sys::read_file(path, object_bytes().size());
    if (there && *there == object_bytes()) return path;
    auto written = sys::write_file_atomically(path, object_bytes(), 0644);
    if (!written) return written.error();
    // The daemon's umask may be stricter than its apps can do with.
    if (chmod(path.c_str(), 0644) != 0) return system_error("could not open up " + path, errno);
    return path;
}

Expected<void> preload(sys::SpawnSpec& spawn, const std::vector<int>& listening,
                       const std::string& object) {
    LG_ASSERT(listening.size() <= static_cast<std::size_t>(kPreloadSocketsMax));
    if (auto fit = check_program(spawn, program_of(spawn.argv)); !fit) return fit;
    std::vector<std::string> named;
    for (int number = kPreloadFd; const int fd : listening) {
        const auto port = tcp_port_of(fd);
        if (!port) return port.error();
        spawn.fds.push_back({fd, number});
        named.push_back(std::to_string(number) + ":" + std::to_string(*port));
        ++number;
    }
    spawn.env.push_back("LASTGOOD_LISTEN=" + join(named, ","));
    constexpr std::string_view kName = "LD_PRELOAD=";
    const auto own = std::find_if(spawn.env.begin(), spawn.env.end(),
                                  [&](const auto& entry) { return entry.starts_with(kName); });
    const std::string first = std::string(kName) + object;
    if (own == spawn.env.end()) {
        spawn.env.push_back(first);
    } else {
        *own = first + ":" + own->substr(kName.size());
    }
    return {};
}

bool has_taken(const ProcessTree& tree, int listening) {
    struct stat about {};
    if (fstat(listening, &about) != 0) return true;
    const auto all = tree.members();
    return std::any_of(all.begin(), all.end(), [&](const Member& member) {
        return sys::holds_socket(member.pid, {about.st_ino},
                                 {kPreloadFd, kPreloadFd + kPreloadSocketsMax - 1});
    });
}

}  // namespace lastgood::process
