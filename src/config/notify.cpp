#include "config/notify.h"

#include <algorithm>

#include "config/command.h"
#include "config/secret_text.h"
#include "config/secrets.h"
#include "config/source.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/url.h"

namespace lastgood::config {
namespace {

struct KindRow {
    TargetKind kind;
    std::string_view name;
    SectionKind section;
};

constexpr KindRow kKinds[] = {
    {TargetKind::slack, "slack", SectionKind::notify_slack},
    {TargetKind::discord, "discord", SectionKind::notify_discord},
    {TargetKind::teams, "teams", SectionKind::notify_teams},
    {TargetKind::matrix, "matrix", SectionKind::notify_matrix},
    {TargetKind::ntfy, "ntfy", SectionKind::notify_ntfy},
    {TargetKind::webhook, "webhook", SectionKind::notify_webhook},
    {TargetKind::email, "email", SectionKind::notify_email},
    {TargetKind::command, "command", SectionKind::top},  // no section: a command
};

std::vector<std::string> kind_names() {
    std::vector<std::string> names;
    for (const KindRow& row : kKinds) names.emplace_back(row.name);
    return names;
}

bool is_this_machine(const std::string& host) {
    const auto address = IpAddress::parse(host);
    return host == "localhost" || (address && contains(loopback_networks(), *address));
}

std::string checked_url(const Section& section, const SecretText& found, bool secret) {
    if (found.text.empty()) return {};
    const auto url = parse_url(found.text);
    if (!url) {
        // What is wrong with it may not be shown: it is a secret, or what another file holds.
        const bool shown = !secret && found.key == "url";
        section.fault(found.key, found.mark,
                      shown ? url.error().text()
                            : "holds no web address; write https://HOST/PATH, on one line");
        return {};
    }
    if (secret && !url->secure && !is_this_machine(url->host)) {
        section.fault(found.key, found.mark, "must begin with https://: the address is a secret");
    }
    return url->text();
}

// `secret`: who knows the address may send there.
void read_url(const Section& section, NotifyTarget& into, bool secret) {
    const auto found = read_secret_text(section, "url", !secret);
    if (found) into.url = checked_url(section, *found, secret);
    const bool named = section.has("url") || section.has("url_file") || section.has("url_env");
    if (!named) section.fault("url", section.mark(), "is missing; give url_file, url_env or url");
    section.file("ca_file", into.ca_file);
}

void read_matrix(const Section& section, NotifyTarget& into) {
    into.token = read_token(section);
    section.file("ca_file", into.ca_file);
    section.text("room", into.room);
    if (const auto server = section.by("server", parse_url)) into.url = server->origin();
    for (const std::string_view key : {"server", "room"}) {
        if (!section.has(key)) section.fault(key, section.mark(), "is missing");
    }
    if (!section.has("token") && !section.has("token_file") && !section.has("token_env")) {
        section.fault("token_file", section.mark(),
                      "is missing; give the token of the user that "
                      "is to write there");
    }
    if (into.room.empty() || (into.room.starts_with('!') && into.room.size() <= 255)) return;
    section.fault("room", section.mark_of("room"),
                  "must be the room's internal id, which begins with \"!\" (in Element: room "
                  "settings, Advanced)");
}

void read_signed(const Section& section, NotifyTarget& into) {
    read_url(section, into, false);
    const auto found = read_secret_text(section, "secret", false);
    if (!found) return;
    into.secret = found->text;
    if (into.secret.empty()) return;
    const std::string why = fault_for(Provider::standard, into.secret);
    if (!why.empty()) section.fault(found->key, found->mark, why);
}

bool is_mail_address(const std::string& text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return c > 0x20 && c < 0x7f &&
               std::string_view("<>(),;:\\\"[]").find(c) == std::string_view::npos;
    });
    return plain && !text.starts_with('-') && text.size() <= 254;
}

void read_email(const Section& section, NotifyTarget& into) {
    into.sendmail = "/usr/sbin/sendmail";
    section.path("sendmail", into.sendmail);
    const auto check = [&section](std::string_view key, const std::string& address, Mark mark) {
        if (is_mail_address(address)) return;
        section.fault(key, mark,
                      in_quotes(address) +
                          " is no mail address; write user@host, or a "
                          "local user's name");
    };
    for (auto& [address, mark] : read_texts(section, "to")) {
        check("to", address, mark);
        into.to.push_back(std::move(address));
    }
    section.text("from", into.from);
    if (!into.from.empty()) check("from", into.from, section.mark_of("from"));
    if (!section.has("to")) section.fault("to", section.mark(), "is missing; say who gets it");
}

void read_address(const Section& section, NotifyTarget& into) {
    switch (into.kind) {
        case TargetKind::slack:
        case TargetKind::discord:
        case TargetKind::teams:
            return read_url(section, into, true);
        case TargetKind::matrix:
            return read_matrix(section, into);
        case TargetKind::ntfy:
            read_url(section, into, false);
            into.token = read_token(section);
            return;
        case TargetKind::webhook:
            return read_signed(section, into);
        case TargetKind::email:
            return read_email(section, into);
        case TargetKind::command:
            return;
    }
}

std::vector<core::NewsKind> read_events(const Section& section) {
    std::vector<core::NewsKind> wanted;
    if (!section.has("events")) {
        for (const auto kind : core::kNewsKinds) {
            if (core::is_told_by_default(kind)) wanted.push_back(kind);
        }
        return wanted;
    }
    std::vector<std::string> names{"all"};
    for (const auto kind : core::kNewsKinds) names.emplace_back(core::to_string(kind));
    for (const auto& [word, mark] : read_texts(section, "events")) {
        if (word == "all") return {core::kNewsKinds.begin(), core::kNewsKinds.end()};
        if (const auto kind = core::parse_news_kind(word)) {
            wanted.push_back(*kind);
            continue;
        }
        const auto near = nearest(word, names);
        section.fault(
            "events", mark,
            "there is no event " + in_quotes(word) + "; " +
                (near ? "did you mean " + *near + "?" : "known are " + join(names, ", ")));
    }
    return wanted;
}

// The one kind that the entry has; nothing where a fault was told.
const KindRow* kind_of(const Section& section) {
    const KindRow* found = nullptr;
    for (const KindRow& row : kKinds) {
        if (!section.has(row.name)) continue;
        if (found != nullptr) {
            section.fault(row.name, section.mark_of(row.name),
                          std::string(found->name) + " is there already; begin a new entry");
            return nullptr;
        }
        found = &row;
    }
    if (found == nullptr) {
        section.reading().fault(section.mark(), "notify: an entry says whom to tell: one of " +
                                                    join(kind_names(), ", "));
    }
    return found;
}

void name_target(const Section& section, const std::vector<NotifyTarget>& before,
                 NotifyTarget& into) {
    const auto taken = [&before](const std::string& name) {
        return std::any_of(before.begin(), before.end(),
                           [&name](const auto& one) { return one.name == name; });
    };
    if (const auto given = section.text("name")) {
        into.name = *given;
        if (!AppName::parse(*given) || *given == kForgeTarget) {
            section.fault("name", section.mark_of("name"),
                          in_quotes(*given) + " is no name for it; use up to 63 of a-z 0-9 _ . -");
        } else if (taken(*given)) {
            section.fault("name", section.mark_of("name"), in_quotes(*given) + " is there twice");
        }
        return;
    }
    into.name = to_string(into.kind);
    for (int number = 2; taken(into.name); ++number) {
        into.name = std::string(to_string(into.kind)) + "-" + std::to_string(number);
    }
}

std::optional<NotifyTarget> read_target(const Section& section,
                                        const std::vector<NotifyTarget>& before) {
    const KindRow* row = kind_of(section);
    if (row == nullptr) return std::nullopt;
    NotifyTarget target{.kind = row->kind};
    target.events = read_events(section);
    name_target(section, before, target);
    if (row->kind == TargetKind::command) {
        Command command;
        read_command(section, "command", command);
        target.argv = std::move(command.argv);
    } else if (const auto address = section.section(row->name, row->section)) {
        read_address(*address, target);
    }
    return target;
}

}  // namespace

std::string_view to_string(TargetKind kind) {
    for (const KindRow& row : kKinds) {
        if (row.kind == kind) return row.name;
    }
    return "?";
}

bool NotifyTarget::wants(core::NewsKind news) const {
    return std::find(events.begin(), events.end(), news) != events.end();
}

std::optional<std::vector<NotifyTarget>> read_notify(const Section& section) {
    std::vector<NotifyTarget> targets;
    const auto* node = section.value("notify");
    if (node == nullptr) return std::nullopt;
    if (node->kind == YamlNode::Kind::scalar && node->text == "off") return targets;
    if (node->kind != YamlNode::Kind::list) {
        section.fault("notify", node->mark,
                      "expected a list, such as [ { slack: { url_file: FILE } } ], or off");
        return std::nullopt;
    }
    if (node->items.size() > limits::kNotifyTargetsMax) {
        section.fault("notify", node->mark,
                      "has more than " + std::to_string(limits::kNotifyTargetsMax) + " entries");
        return std::nullopt;
    }
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const YamlNode& item = node->items[i];
        const Section entry(section.reading(), SectionKind::notify,
                            "notify[" + std::to_string(i) + "]", item);
        if (item.kind != YamlNode::Kind::map) continue;  // that was told
        if (auto target = read_target(entry, targets)) targets.push_back(*std::move(target));
    }
    return targets;
}

void read_status(const Section& section, App& app) {
    const auto status = section.section("status", SectionKind::status);
    if (!status) return;
    ForgeStatus& into = app.status.emplace();
    into.token = read_token(*status);
    if (!status->has("token_file") && !status->has("token_env") && !status->has("token")) {
        status->fault("token_file", status->mark(),
                      "is missing; the forge wants to know who says "
                      "so");
    }
    into.context = "lastgood/" + app.name.str();
    status->text("context", into.context);
    into.environment = "production";
    status->text("environment", into.environment);
    if (into.environment == "off") into.environment.clear();
    status->file("ca_file", into.ca_file);
    if (const auto api = status->by("api", parse_url)) into.api = api->text();
    if (const auto url = status->by("url", parse_url)) into.url = url->text();
    switch (app.webhook.provider) {
        case Provider::github:
        case Provider::gitlab:
        case Provider::gitlab_token:
        case Provider::gitea:
        case Provider::forgejo:
            return;
        case Provider::gogs:
        case Provider::bitbucket:
        case Provider::standard:
            break;
    }
    section.fault("status", section.mark_of("status"),
                  "statuses are for GitHub, GitLab, Gitea and Forgejo: set webhook.provider to one "
                  "of them, or remove it");
}

}  // namespace lastgood::config
