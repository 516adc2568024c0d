#include "cli/answers.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "lastgood/config/load.h"

namespace lastgood::cli {

int check(const Context& context) {
    const std::string path = config_path(context);
    const auto loaded = config::load(path);
    if (context.json) {
        print(faults_json(loaded.faults) + "\n");
        return loaded.config ? kDone : kUsage;
    }
    for (const auto& fault : loaded.faults) complain(fault.text());
    if (!loaded.config) return kUsage;
    const std::size_t apps = loaded.config->apps.size();
    print(path + ": good, " + std::to_string(apps) + (apps == 1 ? " app\n" : " apps\n"));
    return kDone;
}

}  // namespace lastgood::cli
