// What every verb knows: which daemon, and how to print.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/style.h"
#include "lastgood/base/error.h"
#include "lastgood/config/load.h"
#include "lastgood/logs/reader.h"

namespace lastgood::cli {

struct Context {
    std::string config_option;  // --config as given; empty: not given
    bool json = false;
    Style style;
};

// Where the daemon keeps its things.
struct Places {
    std::string runtime_dir;
    std::string state_dir;
    // The log files that apps write by themselves, by the app's name: absolute paths.
    std::map<std::string, std::vector<logs::LogSource>> app_logs{};
    [[nodiscard]] std::string socket() const { return runtime_dir + "/control.sock"; }
};

constexpr const char* kDefaultConfig = "/etc/lastgood/lastgood.yaml";

// --config, else $LASTGOOD_CONFIG, else the default.
std::string config_path(const Context& context);

// Enough of the config for everybody who may use the socket: secrets that only the daemon can read
// are no fault here, and without any config of the default name the defaults count. The Error means
// exit code 2.
Expected<Places> find_places(const Context& context);

// In place of a secret that only the daemon can read: good enough for the rules of every provider.
constexpr const char* kStandIn = "whsec_bm90IGEgc2VjcmV0LCBqdXN0IGEgc3RhbmQtaW4gZm9yIG9uZSE=";

// All faults, one a line.
Error faulty(const std::vector<config::Fault>& faults);

// The same on stderr, with where they are explained.
void complain_of(const std::vector<config::Fault>& faults);

// To stdout and stderr, at once. False: nobody reads any more.
bool print(const std::string& text);
void complain(const std::string& line);
void complain(const Error& error);
// The same as a verb's last word: gives `exit_code` back.
int refuse(const Error& error, int exit_code);

}  // namespace lastgood::cli
