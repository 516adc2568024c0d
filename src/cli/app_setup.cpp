#include "cli/app_setup.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "cli/new_file.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::cli {
namespace {

using config::SecretPlace;

// What could not be read; stand-ins took its place.
struct Missing {
    std::map<std::string, Error> files;
    std::set<std::string> variables;
};

config::Environment recording_environment(const std::string& path, Missing& missing) {
    config::Environment environment;
    environment.variable = [&missing](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value != nullptr) return value;
        missing.variables.insert(name);
        return kStandIn;
    };
    environment.read_secret_file = [&missing](const std::string& file) -> Expected<std::string> {
        auto content = sys::read_file(file, limits::kSecretFileBytesMax);
        if (content) return content;
        missing.files.emplace(file, content.error());
        return std::string(kStandIn);
    };
    environment.stand_in = kStandIn;
    struct stat about {};
    environment.file_is_private =
        stat(path.c_str(), &about) == 0 && (about.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    std::error_code ignored;
    const auto folder = std::filesystem::current_path(ignored);
    if (!ignored) environment.current_folder = folder.string();
    return environment;
}

bool is_absent(const std::string& path) {
    struct stat about {};
    return lstat(path.c_str(), &about) != 0 && errno == ENOENT;
}

void find_secret(AppSetup& setup, const Missing& missing) {
    const SecretPlace& place = setup.app.webhook.place;
    const std::string app = setup.name();
    if (place.kind == SecretPlace::Kind::nowhere) {
        setup.no_secret = {app + " has no webhook secret",
                           "set webhook.secret_file in " + setup.config_path};
    } else if (place.kind == SecretPlace::Kind::variable &&
               missing.variables.contains(place.name)) {
        setup.no_secret = {"the webhook secret of " + app + " is in the environment variable " +
                               printable(place.name, 100) + ", which is not set here",
                           "set it as it is set for the daemon"};
    } else if (const auto failed = missing.files.find(place.name);
               place.kind == SecretPlace::Kind::file && failed != missing.files.end()) {
        setup.can_make_secret = is_absent(place.name);
        setup.no_secret = {failed->second.what,
                           setup.can_make_secret
                               ? "make it with: lastgood webhook register " + app
                               : "run it with sudo, or as the user that the daemon runs as"};
    }
}

// A file may serve several apps: one secret must do for all of them.
bool signing_token_needed(const config::Config& whole, const SecretPlace& place) {
    return std::any_of(whole.apps.begin(), whole.apps.end(), [&place](const config::App& app) {
        return app.webhook.place.kind == place.kind && app.webhook.place.name == place.name &&
               (app.webhook.provider == core::Provider::gitlab ||
                app.webhook.provider == core::Provider::standard);
    });
}

}  // namespace

std::string AppSetup::plain_repository() const {
    constexpr std::string_view kFile = "file://";
    if (app.webhook.provider != core::Provider::standard) return {};
    if (app.repo.starts_with(kFile)) return app.repo.substr(kFile.size());
    return app.repo.starts_with("/") ? app.repo : "";
}

std::string AppSetup::secret_place() const {
    const SecretPlace& place = app.webhook.place;
    switch (place.kind) {
        case SecretPlace::Kind::file:
            return "the file " + place.name;
        case SecretPlace::Kind::variable:
            return "the environment variable " + place.name;
        case SecretPlace::Kind::config:
            return "`secret` in " + config_path;
        case SecretPlace::Kind::nowhere:
            break;
    }
    return "nowhere";
}

std::string local_url(const config::Webhook& webhook) {
    if (!webhook.listen) return {};
    config::ListenAddress address = *webhook.listen;
    if (address.host == "0.0.0.0") address.host = "127.0.0.1";
    if (address.host == "::") address.host = "::1";
    return (webhook.tls.cert.empty() ? "http://" : "https://") + address.text();
}

bool is_shared_secret(const config::SecretPlace& a, const config::SecretPlace& b) {
    return a.kind == b.kind && a.name == b.name;
}

Expected<AppSetup> find_app(const Context& context, const std::string& name) {
    const std::string path = config_path(context);
    const auto text = sys::read_file(path, limits::kConfigBytesMax);
    if (!text) {
        return Error{"can't read the config: " + text.error().text(),
                     "name it with --config FILE, and run this as root or the daemon's user"};
    }
    Missing missing;
    auto loaded = config::parse(path, *text, recording_environment(path, missing));
    if (!loaded.config) return faulty(loaded.faults);
    const config::Config& whole = *loaded.config;
    const auto wanted = AppName::parse(name);
    const config::App* app = wanted ? whole.find(*wanted) : nullptr;
    if (app == nullptr) {
        std::vector<std::string> names;
        for (const config::App& one : whole.apps) names.push_back(one.name.str());
        const auto meant = nearest(name, names);
        return Error{"there is no app " + printable(name, 100) + " in " + path,
                     meant ? "did you mean " + *meant : "the apps are " + join(names, ", ")};
    }
    if ((app->repo + whole.webhook.public_url).find(kStandIn) != std::string::npos) {
        return Error{"repo or webhook.public_url in " + path +
                         " depends on an environment variable that is not set here",
                     "set it as it is set for the daemon"};
    }
    AppSetup setup{.config_path = path,
                   .state_dir = whole.state_dir,
                   .public_url = whole.webhook.public_url,
                   .local_url = local_url(whole.webhook),
                   .app = *app,
                   .no_secret = {}};
    setup.shared_secret = is_shared_secret(app->webhook.place, whole.webhook.place);
    setup.needs_signing_token = signing_token_needed(whole, app->webhook.place);
    find_secret(setup, missing);
    return setup;
}

Expected<void> make_secret(AppSetup& setup) {
    const std::string path = setup.app.webhook.place.name;
    const auto secret = fresh_secret(setup.needs_signing_token);
    if (!secret) return secret.error();
    if (const auto made = make_file(path, *secret, 0600, setup.state_dir); !made) {
        return Error{"can't make the secret " + path + " (" + made.error().what + ")",
                     "run it with sudo, or as the daemon's user"};
    }
    setup.app.webhook.secrets = {std::string(trim(*secret))};
    setup.no_secret.reset();
    setup.can_make_secret = false;
    return {};
}

}  // namespace lastgood::cli
