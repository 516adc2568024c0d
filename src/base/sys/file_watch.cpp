#include "lastgood/base/sys/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace lastgood::sys {
namespace {

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR;

}  // namespace

FileWatch::FileWatch(EventLoop& loop, const std::vector<std::string>& paths, Millis settle,
                     std::function<void()> on_change)
    : loop_(loop),
      settle_(settle),
      on_change_(std::move(on_change)),
      inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (!inotify_ || paths.empty()) return;
    for (const auto& path : paths) {
        add(path);
        // Where a link leads today; what it leads to may be written as well as the link turned.
        std::error_code error;
        const auto target = std::filesystem::canonical(path, error);
        if (!error && target != path) add(target.string());
    }
    watch_ = loop_.watch(inotify_.get(), EPOLLIN, [this](std::uint32_t) { on_events(); });
}

void FileWatch::add(const std::string& path) {
    const std::filesystem::path full(path);
    const int folder = inotify_add_watch(inotify_.get(), full.parent_path().c_str(), kEvents);
    if (folder >= 0) names_.emplace_back(folder, full.filename().string());
}

void FileWatch::on_events() {
    alignas(inotify_event) std::array<char, 16 * 1024> buffer{};
    bool ours = false;
    ssize_t size = 0;
    while ((size = read(inotify_.get(), buffer.data(), buffer.size())) > 0) {
        for (ssize_t at = 0; at < size;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
            at += static_cast<ssize_t>(sizeof *event + event->len);
            const std::string name = event->len > 0 ? event->name : "";
            // Events were lost: it may have been one of ours.
            ours =
                ours || (event->mask & IN_Q_OVERFLOW) != 0 ||
                std::find(names_.begin(), names_.end(), std::pair(event->wd, name)) != names_.end();
        }
    }
    if (!ours) return;
    timer_ = loop_.after(settle_, [this] { on_change_(); });
}

}  // namespace lastgood::sys
