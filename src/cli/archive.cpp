// `lastgood export FILE` and `lastgood import FILE`.
#include <filesystem>

#include "cli/answers.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "lastgood/config/load.h"

namespace lastgood::cli {
namespace {

template <typename Does>
int with_config(const Context& context, const std::string& file, const Does& does) {
    const auto loaded = config::load(config_path(context));
    complain_of(loaded.faults);
    if (!loaded.config) return kUsage;
    const std::string path = std::filesystem::absolute(file).string();
    const auto done = does(*loaded.config, path);
    if (done) return kDone;
    complain(done.error().text());
    return kFailed;
}

}  // namespace

int export_state(const Context& context, const Daemon& daemon, const std::string& file) {
    const int code = with_config(context, file, daemon.export_state);
    if (code != kDone) return code;
    print(context.json ? object_json({{"file", file}}) + "\n"
                       : file + " holds the state; keep it where the server isn't\n");
    return code;
}

int import_state(const Context& context, const Daemon& daemon, const std::string& file) {
    const int code = with_config(context, file, daemon.import_state);
    if (code != kDone) return code;
    print(context.json ? object_json({{"file", file}}) + "\n"
                       : "the state is there; start the daemon\n");
    return code;
}

}  // namespace lastgood::cli
