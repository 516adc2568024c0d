#include "lastgood/logs/system_journal.h"

#include <sys/socket.h>

#include <bit>

#include "lastgood/base/sys/socket_address.h"

namespace lastgood::logs {
namespace {

constexpr int kWarning = 4;

void add(std::string& entry, std::string_view name, std::string_view value) {
    entry.append(name);
    if (value.find('\n') == std::string_view::npos) {
        entry.append("=").append(value).append("\n");
        return;
    }
    static_assert(std::endian::native == std::endian::little);
    const std::uint64_t size = value.size();
    entry.append("\n").append(reinterpret_cast<const char*>(&size), sizeof size);
    entry.append(value).append("\n");
}

}  // namespace

SystemJournal::SystemJournal(std::string identifier, const std::string& socket)
    : identifier_(std::move(identifier)) {
    const auto address = sys::unix_address(socket);
    if (!address) return;
    sys::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return;
    if (connect(fd.get(), &address->any, length(*address)) == 0) socket_ = std::move(fd);
}

bool SystemJournal::try_send(std::string_view slot, std::string_view stream, std::string_view line,
                             int priority) {
    entry_.clear();
    add(entry_, "MESSAGE", line);
    add(entry_, "PRIORITY", std::to_string(priority));
    add(entry_, "SYSLOG_IDENTIFIER", identifier_);
    add(entry_, "LASTGOOD_APP", identifier_);
    add(entry_, "LASTGOOD_SLOT", slot);
    add(entry_, "LASTGOOD_STREAM", stream);
    return ::send(socket_.get(), entry_.data(), entry_.size(), MSG_NOSIGNAL) >= 0;
}

void SystemJournal::send(std::string_view slot, std::string_view stream, std::string_view line,
                         int priority) {
    if (!socket_) return;
    if (lost_ != 0) {
        const std::string told =
            std::to_string(lost_) +
            " lines did not get into the journal, which was too slow for them; "
            "`lastgood logs` has them";
        if (try_send(slot, "lastgood", told, kWarning)) lost_ = 0;
    }
    if (!try_send(slot, stream, line, priority)) ++lost_;
}

}  // namespace lastgood::logs
