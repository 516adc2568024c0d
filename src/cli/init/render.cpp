#include "cli/init/render.h"

#include <algorithm>
#include <array>

#include "cli/init/scan.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli::planning {
namespace {

constexpr std::size_t kColumns = 98;
constexpr std::size_t kCommentColumn = 34;

std::string comment(std::string_view indent, const std::string& text) {
    std::string out;
    std::string line;
    const auto end_line = [&] {
        if (!line.empty()) out += std::string(indent) + "#" + line + "\n";
        line.clear();
    };
    for (const std::string& word : words_of(printable(text))) {
        if (indent.size() + 1 + line.size() + 1 + word.size() > kColumns) end_line();
        line += " " + word;
    }
    end_line();
    return out;
}

// "    key: value                 # why"
std::string with_comment(std::string line, std::string_view why) {
    if (!why.empty()) {
        line.resize(std::max(line.size() + 2, kCommentColumn), ' ');
        line += "# " + std::string(why);
    }
    return line + "\n";
}

// A note about what the config doesn't have stands where it would be.
class AppPart {
  public:
    AppPart(const Plan& plan, const Source& source, const Setting& setting)
        : plan_(plan), source_(source), setting_(setting) {}

    Rendered written();

  private:
    void add(const std::string& line, std::string_view why = {}) {
        text_ += with_comment("    " + line, why);
    }
    void say(const std::string& text) { text_ += comment("    ", text); }
    void look(const std::string& key, const std::string& text) {
        say("LOOK: " + text);
        look_at_.push_back({key, text});
    }
    void notes_of(std::string_view key, const std::string& shown) {
        for (const Note& note : plan_.notes) {
            if (note.key == key) look(shown, note.text);
        }
    }
    void add_source();
    void add_build();
    void add_run();
    void add_network();
    void add_ready();
    void add_rest();
    [[nodiscard]] bool listens() const {
        return plan_.socket != Socket::own && (plan_.port != 0 || !setting_.listen.empty());
    }
    // Where the app is, by the setting or the plan: HOST:PORT; empty: nowhere.
    [[nodiscard]] std::string address() const {
        if (!setting_.listen.empty()) return setting_.listen;
        if (plan_.port == 0) return {};
        const std::string host = plan_.loopback.empty()    ? "0.0.0.0"
                                 : plan_.loopback == "::1" ? "[::1]"
                                                           : plan_.loopback;
        return host + ":" + std::to_string(plan_.port);
    }
    [[nodiscard]] std::string port() const {
        const std::string where = address();
        return where.find('/') != std::string::npos ? "" : where.substr(where.rfind(':') + 1);
    }

    const Plan& plan_;
    const Source& source_;
    const Setting& setting_;
    std::string text_;
    std::vector<Note> look_at_;
};

void AppPart::add_source() {
    add("repo: " + yaml_text(source_.repo));
    if (source_.is_path) {
        look("repo", "a path of this machine: the daemon's user must be able to read it");
    } else if (source_.repo.starts_with("http")) {
        add("# auth: { token_file: /etc/lastgood/token }", "for a private repository");
    } else if (!source_.repo.starts_with("git://")) {
        look("auth", "lastgood needs a key of its own (a deploy key) that may read the repository");
        add("# auth: { ssh_key: /etc/lastgood/id_ed25519, known_hosts: /etc/lastgood/known_hosts "
            "}");
    }
    if (!source_.branch_known) {
        look("branch", "no branch was checked out, so this one is a guess");
    }
    add("branch: " + yaml_text(source_.branch), "its tip is what runs");
    if (source_.root != ".") {
        add("root: " + yaml_text(source_.root), "the app's folder in the repository");
        add("paths: [" + yaml_text(source_.root + "/**") + "]", "other changes don't deploy it");
    }
    if (!source_.provider_known) {
        look("webhook.provider",
             "who sends the webhooks: github, gitlab, gitea, forgejo, gogs, "
             "bitbucket, or standard for any sender of Standard Webhooks");
    } else if (source_.is_path) {
        say("For a plain repository: hooks/git/post-receive tells of each push.");
    }
    const std::string provider(core::to_string(source_.provider));
    if (setting_.own_secret.empty()) return add("webhook: { provider: " + provider + " }");
    say("The secret of all is no signing token. `lastgood webhook register` makes this one.");
    add("webhook: { provider: " + provider + ", secret_file: " + yaml_text(setting_.own_secret) +
        " }");
}

void AppPart::add_build() {
    text_ += "\n";
    if (!plan_.build_why.empty()) say(plan_.build_why);
    notes_of("build", "build");
    if (plan_.build.empty()) {
        add("# build: make", "nothing to build, as far as the files tell");
    } else if (plan_.build.size() == 1) {
        add("build: " + yaml_text(plan_.build.front()));
    } else {
        add("build:");
        for (const std::string& step : plan_.build) add("  - " + yaml_text(step));
    }
    if (plan_.cache.empty()) return;
    std::vector<std::string> folders;
    const bool named = !plan_.cache.front().second.empty();
    for (const auto& [folder, file] : plan_.cache) {
        folders.push_back(yaml_text(folder) + (named ? ": " + yaml_text(file) : ""));
    }
    add("cache: " + std::string(named ? "{ " : "[") + join(folders, ", ") + (named ? " }" : "]"),
        named ? "carried on while that file is the same" : "carried from release to release");
}

void AppPart::add_run() {
    text_ += "\n";
    if (!plan_.run_why.empty()) say(plan_.run_why);
    notes_of("run", "run");
    add("run: " + yaml_text(plan_.run));
    auto variables = plan_.env;
    if (!port().empty()) variables.emplace_back("PORT", port());
    notes_of("env", "env");
    if (variables.empty()) {
        add("# env: { NAME: value }");
    } else {
        add("env:");
        for (const auto& [name, value] : variables) {
            const bool of_listen = name == "PORT" && listens();
            add("  " + name + ": " + yaml_text(value), of_listen ? "as in `listen`" : "");
        }
    }
    notes_of("env_file", "env_file");
    add("# env_file: /etc/lastgood/" + setting_.app + ".env", "what must not stand here");
    add("# user: " + setting_.app, "whom all of it runs as; the daemon must be root for it");
}

void AppPart::add_network() {
    text_ += "\n";
    notes_of("listen", "listen");
    if (!listens()) {
        if (plan_.port != 0 || !setting_.listen.empty()) return;
        add("# listen: 0.0.0.0:8080", "for a program that listens: held by lastgood, so a switch");
        add("# adopt: preload", "drops no connection");
        return;
    }
    if (setting_.listen.empty() && !plan_.loopback.empty()) {
        // lastgood's socket takes the place of the program's: on all addresses it would be open to
        // whom the program isn't.
        say("On loopback, as the project's files have it: only this machine gets there (a proxy). "
            "For all: 0.0.0.0:" +
            port());
    }
    add("listen: " + yaml_text(address()), "held by lastgood: a switch drops no connection");
    if (plan_.socket == Socket::preload) {
        add("adopt: preload", "it binds the port itself, and gets lastgood's socket");
    }
}

void AppPart::add_ready() {
    const std::string where = address();
    if (!listens() && where.empty()) {
        for (const Note& note : plan_.notes) {
            if (note.key == "ready") look("ready", note.text);
        }
        add("ready: { after: 2s }", "still alive then; better: ask it, or { notify: true }");
        return;
    }
    notes_of("ready", "ready.http");
    std::string path = plan_.ready_path;
    if (path == "/" && plan_.kind != Kind::site) {
        look("ready.http", "a path that answers with 2xx or 3xx as soon as the app works");
    }
    if (!listens()) path = "http://127.0.0.1:" + port() + path;
    add("ready: { http: " + yaml_text(path) + ", within: " + plan_.ready_within + " }");
}

void AppPart::add_rest() {
    if (plan_.stop_timeout.empty()) {
        add("# stop: { signal: TERM, timeout: 10s }");
    } else {
        add("stop: { signal: TERM, timeout: " + plan_.stop_timeout + " }");
    }
    if (!plan_.before_switch.empty()) {
        std::vector<std::string> steps;
        for (const std::string& step : plan_.before_switch) steps.push_back(yaml_text(step));
        text_ += "\n";
        look("hooks.before_switch", "the old release still runs while this changes the database");
        add("# hooks: { before_switch: [" + join(steps, ", ") + "] }");
    }
    text_ += "\n";
    add("probation: 60s", "crashes in this time lead back to the release before");
    add("# memory_max: 512MB", "beyond it a fresh process takes over");
    add("# logs: [log/app.log]", "the app's own files, for `lastgood logs`");
}

Rendered AppPart::written() {
    add_source();
    add_build();
    add_run();
    add_network();
    add_ready();
    add_rest();
    return {{}, std::move(text_), std::move(look_at_)};
}

// Words that YAML or the config take for something else than text.
bool is_special(const std::string& text) {
    constexpr std::array kWords = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    const std::string lower = to_lower(text);
    return std::any_of(kWords.begin(), kWords.end(),
                       [&](const char* word) { return lower == word; });
}

}  // namespace

std::string yaml_text(const std::string& text) {
    std::string value;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') value += '$';
        value += text[i];
    }
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=@:+, $";
    const bool plain = !value.empty() && value.find_first_not_of(kPlain) == std::string::npos &&
                       value.find(": ") == std::string::npos && !value.ends_with(':') &&
                       value.find(',') == std::string::npos &&
                       std::string_view("-=@: ").find(value.front()) == std::string_view::npos &&
                       !value.ends_with(' ') && !is_special(value);
    if (plain) return value;
    if (value.find('\'') == std::string::npos &&
        std::none_of(value.begin(), value.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
        return "'" + value + "'";
    }
    constexpr const char* kHex = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
        } else {
            out += c;
        }
    }
    return out + "\"";
}

Rendered render(const Plan& plan, const Source& source, const Setting& setting) {
    const std::string by =
        std::string(to_string(plan.kind)) + (plan.found.empty() ? "" : ", by " + plan.found) + ".";
    std::string head = comment("", "Written by `lastgood init`: " + by);
    head += "# LOOK marks what the files don't tell: read these lines first.\n";
    head += "# The manual of each key: man lastgood.yaml; `lastgood check` tells every fault.\n\n";
    const auto add = [&head](const std::string& line, std::string_view why) {
        head += with_comment(line, why);
    };
    add("state_dir: " + yaml_text(setting.state_dir), "all that lastgood writes");
    add("runtime_dir: " + yaml_text(setting.runtime_dir), "the control socket");
    head += "\nwebhook:\n";
    add("  listen: 0.0.0.0:8787", "where the forge sends to");
    add("  secret_file: " + yaml_text(setting.secret_file), "");
    std::vector<Note> look_at;
    if (!source.is_path) {
        look_at.push_back({"webhook.public_url",
                           "the address by which the forge reaches this server; `lastgood "
                           "webhook` needs it"});
        head += comment("  ", "LOOK: " + look_at.back().text);
    }
    add("  # public_url: https://hooks.example.org", "/hooks/APP is added to it");
    const Rendered app = AppPart(plan, source, setting).written();
    look_at.insert(look_at.end(), app.look_at.begin(), app.look_at.end());
    const std::string part = "  " + yaml_text(setting.app) + ":\n" + app.app;
    const std::string how =
        comment("  ", "Goes below `apps:`; written by `lastgood init --app-only`: " + by +
                          " LOOK marks what the files don't tell.");
    return {head + "\napps:\n" + part, "\n" + how + part, std::move(look_at)};
}

}  // namespace lastgood::cli::planning
