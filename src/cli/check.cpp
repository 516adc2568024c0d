#include "cli/answers.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "lastgood/config/load.h"
#include "lastgood/http/tls.h"

namespace lastgood::cli {

namespace {

// A pair that the receiver could not use would keep the daemon from starting.
void look_at_certificate(config::Loaded& loaded) {
    const config::TlsPaths& tls = loaded.config->webhook.tls;
    if (tls.cert.empty()) return;
    const auto pair = http::read_tls_pair(tls.cert, tls.key);
    if (pair) return;
    loaded.faults.push_back(
        {loaded.config->path, tls.line, tls.column, "webhook.tls: " + pair.error().text()});
    loaded.config.reset();
}

}  // namespace

int check(const Context& context) {
    const std::string path = config_path(context);
    auto loaded = config::load(path);
    if (loaded.config) look_at_certificate(loaded);
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
