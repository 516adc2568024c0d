#include "cli/answers.h"
#include "cli/doctor/as_daemon.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "lastgood/config/load.h"
#include "lastgood/http/tls.h"

namespace lastgood::cli {

namespace {

// A pair that can't be used would keep the daemon from starting.
void look_at_certificate(const config::TlsPaths& tls, const std::string& place,
                         const std::string& path, std::vector<config::Fault>& faults) {
    if (tls.cert.empty()) return;
    const auto pair = http::read_tls_pair(tls.cert, tls.key);
    if (pair) return;
    faults.push_back({path, tls.line, tls.column, place + ": " + pair.error().text()});
}

void look_at_certificates(config::Loaded& loaded) {
    const std::string& file = loaded.config->path;
    look_at_certificate(loaded.config->webhook.tls, "webhook.tls", file, loaded.faults);
    look_at_certificate(loaded.config->admin.tls, "admin.tls", file, loaded.faults);
    if (!loaded.faults.empty()) loaded.config.reset();
}

// What root can read the daemon may not.
void look_as_daemon(config::Loaded& loaded, bool default_config) {
    loaded.faults = diagnosis::faults_of_daemon(*loaded.config, default_config);
    if (!loaded.faults.empty()) loaded.config.reset();
}

}  // namespace

int check(const Context& context) {
    const std::string path = config_path(context);
    auto loaded = config::load(path);
    if (loaded.config) look_at_certificates(loaded);
    if (loaded.config) look_as_daemon(loaded, path == kDefaultConfig);
    if (context.json) {
        print(faults_json(loaded.faults) + "\n");
        return loaded.config ? kDone : kUsage;
    }
    complain_of(loaded.faults);
    if (!loaded.config) return kUsage;
    const std::size_t apps = loaded.config->apps.size();
    print(path + ": good, " + std::to_string(apps) + (apps == 1 ? " app\n" : " apps\n"));
    return kDone;
}

}  // namespace lastgood::cli
