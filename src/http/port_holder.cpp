#include "lastgood/http/port_holder.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::http {
namespace {

// The inodes of listening sockets on the port: field 2 is ADDRESS:PORT in hex, 4 the state (0A is
// listening), 10 the inode. A busy server's table has a line for each connection of the last
// minute: it is never whole in memory.
void collect_listeners(const char* table, std::uint16_t port, std::set<std::string>& links) {
    std::ifstream lines(table);
    char wanted[8];
    std::snprintf(wanted, sizeof wanted, ":%04X", port);
    for (std::string line; std::getline(lines, line);) {
        // Most are none that listens.
        if (line.find(wanted) == std::string::npos) continue;
        std::vector<std::string> fields;
        for (auto& field : split(line, ' ')) {
            if (!field.empty()) fields.push_back(std::move(field));
        }
        if (fields.size() < 10 || fields[3] != "0A" || !fields[1].ends_with(wanted)) continue;
        links.insert("socket:[" + fields[9] + "]");
    }
}

bool holds_one(const std::filesystem::path& process, const std::set<std::string>& links) {
    std::error_code error;
    for (std::filesystem::directory_iterator it(process / "fd", error), end; !error && it != end;
         it.increment(error)) {
        std::error_code link_error;
        if (links.contains(std::filesystem::read_symlink(it->path(), link_error).string())) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string PortHolder::text() const {
    return name + " (process " + std::to_string(pid) + ")";
}

std::vector<PortHolder> port_holders(std::uint16_t port) {
    std::set<std::string> links;
    // The kernel writes these tables in pieces and may skip a line when others come and go.
    for (int attempt = 0; attempt < 3 && links.empty(); ++attempt) {
        collect_listeners("/proc/net/tcp", port, links);
        collect_listeners("/proc/net/tcp6", port, links);
    }
    std::vector<PortHolder> holders;
    if (links.empty()) return holders;
    std::error_code error;
    for (std::filesystem::directory_iterator it("/proc", error), end; !error && it != end;
         it.increment(error)) {
        const std::string pid = it->path().filename().string();
        if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
        if (!holds_one(it->path(), links)) continue;
        const auto name = sys::read_file((it->path() / "comm").string(), 64);
        holders.push_back(
            {static_cast<pid_t>(std::stol(pid)), printable(name ? trim(*name) : "unknown")});
    }
    return holders;
}

}  // namespace lastgood::http
