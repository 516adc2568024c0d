// init: looks at a checkout and writes a config that runs it.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>
#include <utility>

#include "cli/doctor/account.h"
#include "cli/exit_code.h"
#include "cli/init/detect.h"
#include "cli/init/json.h"
#include "cli/init/render.h"
#include "cli/new_file.h"
#include "cli/programs.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::cli {
namespace {

using planning::Note;
namespace fs = std::filesystem;

// Who isn't root tries it out: all beside the config, where they may write.
void find_places(const std::string& config, planning::Setting& setting) {
    const config::Config defaults;
    setting.state_dir = defaults.state_dir;
    setting.runtime_dir = defaults.runtime_dir;
    const std::string folder = fs::path(config).parent_path().string();
    setting.secret_file = folder + "/secret";
    if (geteuid() == 0 || config == kDefaultConfig) return;
    setting.state_dir = folder + "/state";
    const std::string run = folder + "/run";
    if (run.size() <= limits::kRuntimeDirBytesMax) setting.runtime_dir = run;
}

bool wants_signing_token(core::Provider provider) {
    return provider == core::Provider::gitlab || provider == core::Provider::standard;
}

// A secret that is there, of another kind than this app's sender needs: the next app of a server
// gets one of its own.
std::optional<Error> settle_secret(const InitArgs& args, core::Provider provider,
                                   planning::Setting& setting) {
    const std::string& file = setting.secret_file;
    if (!wants_signing_token(provider) || !sys::exists(file)) return std::nullopt;
    const auto held = sys::read_file(file, limits::kSecretFileBytesMax);
    if (!held || trim(*held).starts_with("whsec_")) return std::nullopt;
    if (args.app_only) {
        setting.own_secret = fs::path(file).parent_path().string() + "/secrets/" + setting.app;
        return std::nullopt;
    }
    return Error{file + " is there and is no signing token, which " +
                     std::string(core::to_string(provider)) + " needs",
                 "move it away, and a fresh one is made"};
}

// With the secret that is there, or one that will be made.
std::optional<Error> find_faults(const std::string& path, const std::string& yaml) {
    config::Environment environment;
    environment.variable = [](const std::string&) { return std::nullopt; };
    environment.read_secret_file = [](const std::string& file) -> Expected<std::string> {
        if (!sys::exists(file)) return std::string(kStandIn);
        return sys::read_file(file, limits::kSecretFileBytesMax);
    };
    const auto loaded = config::parse(path, yaml, environment);
    if (loaded.config) return std::nullopt;
    std::vector<std::string> faults;
    for (const auto& fault : loaded.faults) faults.push_back(fault.message);
    return Error{"no config was written, it would have faults: " + join(faults, "\n"), {}};
}

// The folder of the default config belongs to the unit's user, as the manual has it.
Expected<void> make_folder(const std::string& config) {
    const std::string folder = fs::path(config).parent_path().string();
    if (sys::is_directory(folder)) return {};
    if (auto made = sys::make_directories(folder, 0750); !made) return made;
    const auto user = diagnosis::account_named("lastgood");
    if (config != kDefaultConfig || !user || geteuid() != 0) return {};
    if (chown(folder.c_str(), user->uid, user->gid) == 0) return {};
    return system_error("could not give " + folder + " to lastgood", errno);
}

// Nothing but comments: what the package puts there, or an app that was commented out.
bool says_nothing(const std::string& config) {
    const auto text = sys::read_file(config, limits::kConfigBytesMax);
    if (!text) return false;
    const std::vector<std::string> lines = split(*text, '\n');
    return std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
        const auto said = trim(line);
        return said.empty() || said.front() == '#';
    });
}

// What somebody wrote is kept, also comments.
Expected<void> put_aside(const std::string& config, std::string& aside) {
    const std::string place = config + ".before";
    if (renameat2(AT_FDCWD, config.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE) != 0) {
        return system_error("could not put the comments aside as " + place, errno);
    }
    aside = place;
    return {};
}

Expected<void> write_files(const std::string& path, const std::string& yaml,
                           const planning::Setting& setting, bool signing_token, InitDone& told) {
    auto done = make_folder(path);
    if (done && !sys::exists(setting.secret_file)) {
        const auto secret = fresh_secret(signing_token);
        if (!secret) return secret.error();
        done = make_file(setting.secret_file, *secret, 0600, setting.state_dir);
        told.secret_made = done.ok();
    }
    if (done && sys::exists(path)) done = put_aside(path, told.before);
    if (done) done = make_file(path, yaml, 0640, setting.state_dir);
    if (done) return {};
    if (!told.before.empty()) rename(told.before.c_str(), path.c_str());
    return Error{"can't write " + path + " (" + done.error().what + ")",
                 geteuid() == 0 ? "name another place with --config FILE"
                                : "run it with sudo, or name a place of yours with --config FILE"};
}

std::string next_steps(const InitDone& done) {
    const bool usual = done.config == kDefaultConfig;
    const std::string lastgood =
        usual ? "sudo lastgood " : "lastgood --config " + done.config + " ";
    const std::vector<std::pair<std::string, const char*>> steps = {
        {lastgood + "check", "every fault at once, with line and column"},
        {lastgood + "doctor", "remote, keys, ports, disk: what is wrong, and the mend"},
        usual ? std::pair{std::string("sudo systemctl enable --now lastgood"),
                          "the daemon; in the foreground: lastgood serve"}
              : std::pair{lastgood + "serve", "the daemon, in the foreground"},
        {lastgood + "webhook register " + done.app,
         done.at_forge ? "once webhook.public_url is set: the hook at the forge, or the steps to it"
                       : "the steps to a hook of the repository"},
    };
    std::size_t width = 0;
    for (const auto& [command, does] : steps) width = std::max(width, command.size());
    std::string text = "next:\n";
    for (const auto& [command, does] : steps) {
        text += "  " + command + std::string(width - command.size() + 2, ' ') + does + "\n";
    }
    return text;
}

std::string told(const InitDone& done) {
    std::string text = "wrote " + printable(done.config) + ": app " + done.app + ", " + done.kind +
                       (done.found.empty() ? "" : " (by " + printable(done.found) + ")") + "\n";
    text += (done.secret_made ? "made the secret " : "kept the secret ") + printable(done.secret) +
            "\n";
    if (!done.before.empty()) {
        text += "put aside the comments that stood there: " + printable(done.before) + "\n";
    }
    if (!done.look_at.empty()) text += "look at:\n";
    for (const Note& note : done.look_at) {
        text += "  " + note.key + ": " + printable(note.text) + "\n";
    }
    return text + next_steps(done);
}

// Where docker looks for what all users have.
planning::Compose compose_here() {
    constexpr const char* kPlugins =
        "/usr/local/lib/docker/cli-plugins:/usr/local/libexec/docker/cli-plugins:"
        "/usr/lib/docker/cli-plugins:/usr/libexec/docker/cli-plugins";
    if (!find_program("docker-compose", kPlugins).empty()) return planning::Compose::plugin;
    return find_program("docker-compose", kServicePath).empty() ? planning::Compose::none
                                                                : planning::Compose::program;
}

// A build that a shell of this user can do, and a service can't, is the usual first failure.
void add_missing_programs(const planning::Plan& plan, InitDone& done) {
    std::set<std::string> told;
    const auto look = [&](const char* key, const std::string& line) {
        for (const auto& program : named_programs({{"/bin/sh", "-c", line}, line})) {
            if (!find_program(program, kServicePath).empty()) continue;
            if (!told.insert(program).second) continue;
            const std::string here = find_program(program, own_path());
            done.look_at.push_back(
                {key, here.empty() ? program + " is not installed: " + how_to_install(program)
                                   : program + " is " + here +
                                         ", where a service doesn't look: install it for all, or "
                                         "set PATH in env"});
        }
    };
    for (const auto& step : plan.build) look("build", step);
    look("run", plan.run);
}

void add_notes(const git::Checkout& checkout, const planning::Source& source, InitDone& done) {
    if (source.had_credentials) {
        done.look_at.push_back({"auth",
                                "the address of origin holds a user or password, which "
                                "was left out: put the token into auth.token_file"});
    }
    if (done.secret.starts_with(checkout.top + "/")) {
        done.look_at.push_back({"webhook.secret_file",
                                "it is inside the checkout: keep it out of "
                                "the repository (.gitignore)"});
    }
    if (!checkout.has_commit) {
        done.look_at.push_back({"branch", "it has no commit yet; the first one is deployed"});
    }
}

// A config that is there stays; how an app is added to it depends on who may write there.
std::optional<Error> find_in_the_way(const std::string& config, const InitArgs& args) {
    if (args.print || args.app_only || !sys::exists(config) || says_nothing(config)) return {};
    const std::string add = config == kDefaultConfig ? " | sudo tee -a " : " >> ";
    return Error{config + " is there already, and is left as it is",
                 "add the app below its `apps:`; where that comes last: lastgood init --app-only" +
                     add + config + "; or name another file with --config FILE"};
}

// Of an app to be added. A config that can't be read is told of when it is used.
bool has_app(const Context& context, const std::string& name) {
    const auto places = find_places(context);
    return places && places->app_logs.contains(name);
}

}  // namespace

int init(const Context& context, const InitArgs& args) {
    std::error_code ignored;
    InitDone done;
    done.config = fs::absolute(config_path(context), ignored).lexically_normal().string();
    if (const auto fault = find_in_the_way(done.config, args)) return refuse(*fault, kRefused);
    const auto checkout = git::look_at_checkout(args.folder);
    if (!checkout) return refuse(checkout.error(), kUsage);
    if (checkout->files.empty()) {
        return refuse({"git knows no file in " + printable(args.folder),
                       "commit them first: git add -A && git commit"},
                      kUsage);
    }
    planning::Plan plan = planning::detect(
        planning::read_tree(checkout->top + "/" + checkout->root, checkout->files));
    call_compose(plan, compose_here());
    const planning::Source source = planning::source_of(*checkout);
    planning::Setting setting;
    setting.app = args.app.empty() ? app_name_of(source) : args.app;
    if (!AppName::parse(setting.app)) {
        return refuse({printable(setting.app, 100) + " can't be an app's name",
                       "up to 63 of a-z 0-9 _ . -, a letter or digit first"},
                      kUsage);
    }
    if (args.app_only && has_app(context, setting.app)) {
        return refuse({done.config + " has an app " + setting.app + " already",
                       "give this one another name with --app NAME"},
                      kRefused);
    }
    setting.listen = args.listen;
    find_places(done.config, setting);
    if (const auto fault = settle_secret(args, source.provider, setting)) {
        return refuse(*fault, kUsage);
    }
    planning::Rendered rendered = render(plan, source, setting);
    if (const auto faults = find_faults(done.config, rendered.yaml)) {
        return refuse(*faults, kUsage);
    }
    if (args.print || args.app_only) {
        print(args.app_only ? rendered.app : rendered.yaml);
        return kDone;
    }
    done.app = setting.app;
    done.kind = to_string(plan.kind);
    done.found = plan.found;
    done.at_forge = !source.is_path;
    done.secret = setting.secret_file;
    done.look_at = std::move(rendered.look_at);
    add_missing_programs(plan, done);
    add_notes(*checkout, source, done);
    const auto written = write_files(done.config, rendered.yaml, setting,
                                     wants_signing_token(source.provider), done);
    if (!written) return refuse(written.error(), kFailed);
    print(context.json ? init_json(done) + "\n" : told(done));
    return kDone;
}

}  // namespace lastgood::cli
