#include "lastgood/logs/daemon_log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/logs/rotating_file.h"
#include "logs/line_format.h"

namespace lastgood::logs {
namespace {

using config::LogFormat;
using config::LogLevel;

// spdlog has one level less than we have, below info.
spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::http:
            return spdlog::level::debug;
        case LogLevel::debug:
            return spdlog::level::trace;
    }
    return spdlog::level::info;
}

LogLevel from_spdlog(spdlog::level::level_enum level) {
    if (level >= spdlog::level::err) return LogLevel::error;
    if (level == spdlog::level::warn) return LogLevel::warn;
    if (level == spdlog::level::info) return LogLevel::info;
    return level == spdlog::level::debug ? LogLevel::http : LogLevel::debug;
}

std::string_view view(spdlog::string_view_t text) {
    return {text.data(), text.size()};
}

// The logger's name is the component.
class Formatter : public spdlog::formatter {
  public:
    explicit Formatter(LogFormat format) : format_(format) {}

    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        const DaemonLine line{std::chrono::floor<Millis>(message.time), from_spdlog(message.level),
                              view(message.logger_name), view(message.payload)};
        const std::string text = format_line(line, format_);
        out.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<Formatter>(format_);
    }

  private:
    LogFormat format_;
};

class FileSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  public:
    FileSink(const std::string& path, const config::Log& settings, sys::Reaper* reaper)
        : file_(path, Rotation{settings.max_size, settings.keep, settings.compress}, reaper,
                [format = settings.format](std::uint64_t lines) {
                    const std::string text =
                        std::to_string(lines) + " lines could not be written and are lost";
                    return format_line({wall_now(), LogLevel::error, "log", text}, format);
                }) {}

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t text;
        formatter_->format(message, text);
        file_.write({text.data(), text.size()});
    }
    void flush_() override {}

  private:
    RotatingFile file_;
};

}  // namespace

struct Log::Sinks {
    std::vector<spdlog::sink_ptr> all;
    spdlog::level::level_enum level = spdlog::level::info;
};

Log::Log(const config::Log& settings, const std::string& directory, sys::Reaper* reaper,
         bool to_stderr)
    : sinks_(std::make_unique<Sinks>()) {
    sinks_->level = to_spdlog(settings.level);
    if (to_stderr) sinks_->all.push_back(std::make_shared<spdlog::sinks::stderr_sink_st>());
    if (!directory.empty()) {
        (void)sys::make_directories(directory);  // a failure shows as lost lines, and on stderr
        auto errors = std::make_shared<FileSink>(directory + "/error.log", settings, reaper);
        errors->set_level(spdlog::level::err);
        sinks_->all.push_back(
            std::make_shared<FileSink>(directory + "/lastgood.log", settings, reaper));
        sinks_->all.push_back(std::move(errors));
    }
    for (const auto& sink : sinks_->all) {
        sink->set_formatter(std::make_unique<Formatter>(settings.format));
    }
}

Log::~Log() = default;

void Log::write(LogLevel level, std::string_view component, std::string_view text) {
    if (!wants(level)) return;
    try {
        spdlog::logger logger(std::string(component), sinks_->all.begin(), sinks_->all.end());
        logger.set_level(sinks_->level);
        logger.flush_on(spdlog::level::trace);
        logger.log(to_spdlog(level), spdlog::string_view_t(text.data(), text.size()));
    } catch (...) {  // NOLINT: there is nowhere to tell it
    }
}

bool Log::wants(LogLevel level) const {
    return to_spdlog(level) >= sinks_->level;
}

void Log::error(std::string_view component, std::string_view text) {
    write(LogLevel::error, component, text);
}
void Log::warn(std::string_view component, std::string_view text) {
    write(LogLevel::warn, component, text);
}
void Log::info(std::string_view component, std::string_view text) {
    write(LogLevel::info, component, text);
}
void Log::http(std::string_view component, std::string_view text) {
    write(LogLevel::http, component, text);
}
void Log::debug(std::string_view component, std::string_view text) {
    write(LogLevel::debug, component, text);
}

}  // namespace lastgood::logs
