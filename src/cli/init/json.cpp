#include "cli/init/json.h"

#include <nlohmann/json.hpp>

#include "lastgood/base/strings.h"

namespace lastgood::cli {

std::string init_json(const InitDone& done) {
    auto notes = nlohmann::ordered_json::array();
    for (const auto& [key, text] : done.look_at) {
        notes.push_back({{"key", key}, {"text", to_utf8(text)}});
    }
    return nlohmann::ordered_json{{"config", to_utf8(done.config)},
                                  {"secret", to_utf8(done.secret)},
                                  {"secret_made", done.secret_made},
                                  {"app", done.app},
                                  {"kind", done.kind},
                                  {"found", to_utf8(done.found)},
                                  {"look_at", notes},
                                  {"before", to_utf8(done.before)}}
        .dump();
}

}  // namespace lastgood::cli
