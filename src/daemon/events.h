// The journal's records as events for whoever follows the control API.
#pragma once

#include <optional>
#include <string>

#include "lastgood/config/config.h"
#include "lastgood/control/target.h"
#include "lastgood/core/machine.h"
#include "lastgood/store/journal.h"

namespace lastgood::daemon {

// Nothing for records that nobody follows.
std::optional<control::Event> event_of(store::Journal& journal, const AppName& app,
                                       const core::Record& record);

// The same for the log: a line for each deployment that begins, moves on or ends, so that a request
// can be followed by its delivery's id and its deployment's number. Empty: not worth a line.
struct LogText {
    config::LogLevel level;
    std::string text;
};
std::optional<LogText> log_text_of(const core::Record& record);

}  // namespace lastgood::daemon
