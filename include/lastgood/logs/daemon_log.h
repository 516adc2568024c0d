// The daemon's own log: stderr, logs/lastgood.log, and errors alone in logs/error.log.
//
//     2026-05-01T12:00:00.123Z info engine | deployment 7 of backend: switched to blue
//
// or, as JSON, {"time":…,"level":…,"component":…,"text":…}. Text from outside may be passed as it
// is: it is made printable here. Never throws, never fails; each line is written at once. On the
// loop's thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lastgood/base/sys/reaper.h"
#include "lastgood/config/config.h"

namespace lastgood::logs {

class Log {
  public:
    // Files in `directory` (made when missing); empty: none. `reaper` may be null: then rotated
    // files stay uncompressed. `to_stderr` for what systemd or a container collects.
    Log(const config::Log& settings, const std::string& directory, sys::Reaper* reaper,
        bool to_stderr = true);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    void error(std::string_view component, std::string_view text);
    void warn(std::string_view component, std::string_view text);
    void info(std::string_view component, std::string_view text);
    void http(std::string_view component, std::string_view text);
    void debug(std::string_view component, std::string_view text);
    void write(config::LogLevel level, std::string_view component, std::string_view text);

    // Is it worth making a text of this level?
    [[nodiscard]] bool wants(config::LogLevel level) const;

  private:
    struct Sinks;
    std::unique_ptr<Sinks> sinks_;
};

}  // namespace lastgood::logs
