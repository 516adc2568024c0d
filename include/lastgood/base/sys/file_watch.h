// Tells that files were written, replaced or appeared (inotify).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lastgood/base/sys/event_loop.h"

namespace lastgood::sys {

// Whoever renews a file may write it, rename a new one over it, or turn a link elsewhere, and may
// do so with several files one after the other. So the folders are watched, and it is told once,
// when nothing has happened for `settle`. A folder that can't be watched is left out.
class FileWatch {
  public:
    FileWatch(EventLoop& loop, const std::vector<std::string>& paths, Millis settle,
              std::function<void()> on_change);
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;

  private:
    void add(const std::string& path);
    void on_events();

    EventLoop& loop_;
    const Millis settle_;
    std::function<void()> on_change_;
    Fd inotify_;
    std::vector<std::pair<int, std::string>> names_;  // folder's watch, name in it
    EventLoop::Watch watch_;
    EventLoop::Timer timer_;
};

}  // namespace lastgood::sys
