// Ruby and PHP.
#include <array>

#include "cli/init/detect.h"
#include "cli/init/scan.h"

namespace lastgood::cli::planning {
namespace {

void add_bundle(const Tree& tree, Plan& plan) {
    if (!tree.has("Gemfile")) return;
    plan.found = "Gemfile";
    // Inside the release: the gems of another one stay as they were.
    plan.env.push_back({"BUNDLE_PATH", "vendor/bundle"});
    if (!tree.has("Gemfile.lock")) {
        plan.build = {"bundle install"};
        plan.note("build", "no Gemfile.lock is committed, so each build may get other versions");
        return;
    }
    plan.found = "Gemfile, Gemfile.lock";
    plan.env.push_back({"BUNDLE_FROZEN", "true"});
    plan.build = {"bundle install"};
    plan.build_why = "The gems are carried on as long as Gemfile.lock is the same.";
    plan.cache = {{"vendor/bundle", "Gemfile.lock"}};
}

void run_rails(const Tree& tree, Plan& plan) {
    plan.kind = Kind::ruby;
    plan.env.push_back({"RAILS_ENV", "production"});
    plan.env.push_back({"RAILS_LOG_TO_STDOUT", "1"});
    const bool puma = has_word(tree.text("Gemfile"), "puma");
    plan.run = puma ? "exec bundle exec puma -b tcp://0.0.0.0:\"$PORT\""
                    : "exec bundle exec rails server -b 0.0.0.0 -p \"$PORT\"";
    if (!tree.ending("app/assets/config/manifest.js", 3).empty() ||
        has_word(tree.text("Gemfile"), "propshaft")) {
        plan.build.push_back("SECRET_KEY_BASE_DUMMY=1 bundle exec rails assets:precompile");
    }
    plan.before_switch = {"bundle exec rails db:migrate"};
    plan.note("env",
              "Rails needs RAILS_MASTER_KEY or SECRET_KEY_BASE: put it into a file that "
              "only the daemon can read, and name that by env_file");
    plan.port = 3000;
    if (has_word(tree.text("config/routes.rb"), "rails/health#show")) plan.ready_path = "/up";
}

bool listens(const std::string& text) {
    for (const char* word : {"TCPServer", "WEBrick", "Rack::", "sinatra", "Sinatra", "Puma::"}) {
        if (text.find(word) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

std::optional<Plan> find_ruby(const Tree& tree) {
    Plan plan;
    plan.kind = Kind::ruby;
    add_bundle(tree, plan);
    const std::string& gems = tree.text("Gemfile");
    const std::string bundle = tree.has("Gemfile") ? "bundle exec " : "";
    if (tree.has("config/application.rb") && has_word(gems, "rails")) {
        plan.socket = Socket::preload;
        run_rails(tree, plan);
        return plan;
    }
    if (tree.has("config.ru")) {
        plan.found += plan.found.empty() ? "config.ru" : ", config.ru";
        plan.env.push_back({"RACK_ENV", "production"});
        plan.run = has_word(gems, "puma") ? "exec " + bundle + "puma -b tcp://0.0.0.0:\"$PORT\""
                                          : "exec " + bundle + "rackup -o 0.0.0.0 -p \"$PORT\"";
        plan.socket = Socket::preload;
        plan.port = 9292;
        plan.ready_path = health_path_in(tree.text("config.ru"));
        return plan;
    }
    const std::string entry =
        tree.first_of({"server.rb", "app.rb", "main.rb", "web.rb", "bot.rb", "worker.rb"});
    if (entry.empty()) {
        if (!tree.has("Gemfile") || !tree.ending(".gemspec", 0).empty()) return std::nullopt;
        return plan;
    }
    if (plan.found.empty()) plan.found = entry;
    const std::string& text = tree.text(entry);
    plan.run = "exec " + bundle + "ruby " + entry;
    if (!listens(text)) {
        plan.note("run", "nothing in " + entry +
                             " listens; if it does, add listen, adopt and "
                             "ready.http");
        return plan;
    }
    plan.socket = Socket::preload;
    plan.port = port_in(text);
    if (plan.port == 0) plan.port = has_word(text, "sinatra") ? 4567 : 8080;
    if (has_word(text, "sinatra")) plan.env.push_back({"APP_ENV", "production"});
    plan.ready_path = health_path_in(text);
    plan.loopback = loopback_in(text);
    return plan;
}

std::optional<Plan> find_php(const Tree& tree) {
    std::string folder;
    for (const char* candidate : {"public/", "web/", "htdocs/", "www/", "src/public/", ""}) {
        if (tree.has(candidate + std::string("index.php"))) {
            folder = candidate;
            break;
        }
    }
    const bool composer = tree.has("composer.json");
    const bool there = tree.has(folder + "index.php");
    if (!there && !composer) return std::nullopt;
    Plan plan;
    plan.kind = Kind::php;
    plan.found = composer ? "composer.json" : folder + "index.php";
    if (composer) {
        plan.build = {"composer install --no-dev --no-interaction --optimize-autoloader"};
        if (tree.has("composer.lock")) {
            plan.found += ", composer.lock";
            plan.cache = {{"vendor", ""}};
            plan.build_why = "vendor is carried on as long as composer.lock is the same.";
        } else {
            plan.note("build",
                      "no composer.lock is committed, so each build may get other versions");
        }
    }
    if (!there) return plan;
    const std::string shown = folder.empty() ? "." : folder.substr(0, folder.size() - 1);
    plan.run = "exec php -S 0.0.0.0:\"$PORT\" -t " + shown;
    // A front controller answers for paths that are no files.
    if (composer) plan.run += " " + folder + "index.php";
    if (composer && tree.has("artisan")) {
        plan.run = "exec php artisan serve --host=0.0.0.0 --port=\"$PORT\" --no-reload";
        plan.before_switch = {"php artisan migrate --force"};
        plan.note("env",
                  "Laravel needs APP_KEY and its database: put them into a file that only the "
                  "daemon can read, and name that by env_file");
    }
    plan.run_why = "PHP's own server. For many users run php-fpm behind nginx instead.";
    plan.env = {{"PHP_CLI_SERVER_WORKERS", "4"}};
    plan.socket = Socket::preload;
    plan.port = 8000;
    return plan;
}

}  // namespace lastgood::cli::planning
