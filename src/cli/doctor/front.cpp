// The daemon and its front door.
#include <algorithm>

#include "cli/doctor/checks.h"
#include "cli/forge_session.h"
#include "cli/verbs.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/http/listen.h"
#include "lastgood/http/remote_client.h"
#include "lastgood/http/tls.h"

namespace lastgood::cli::diagnosis {
namespace {

bool is_of_app(pid_t pid, const std::string& app) {
    const auto variables = environment_of(pid);
    return std::find(variables.begin(), variables.end(), "LASTGOOD_APP=" + app) != variables.end();
}

PortView look_at_port(const config::ListenAddress& listen, const std::string& app, pid_t daemon) {
    PortView view;
    view.address = listen.text();
    view.app = app;
    const auto free = http::is_free(listen.host, listen.port);
    if (!free) {
        view.fault = free.error();
        return view;
    }
    view.free = *free;
    if (view.free) return view;
    view.holders = sys::port_holders(listen.port);
    for (const auto& holder : view.holders) {
        view.held_by_daemon = view.held_by_daemon || (daemon != 0 && holder.pid == daemon);
        view.held_by_app = view.held_by_app || (!app.empty() && is_of_app(holder.pid, app));
    }
    return view;
}

std::string mend_of_secret(const config::SecretPlace& place, const std::string& user) {
    using Kind = config::SecretPlace::Kind;
    const std::string make = place.kind == Kind::file
                                 ? config::how_to_write_secret(place.name, user)
                                 : "make one with: openssl rand -hex 32";
    return make +
           ", then systemctl reload lastgood, and give it to the forge: lastgood webhook "
           "register APP";
}

// From here, whatever addresses it listens on.
void check_receiver(const Patient& patient, Report& report) {
    const config::Webhook& webhook = patient.config.webhook;
    const bool tls = !webhook.tls.cert.empty();
    const auto url = parse_url(local_url(webhook) + "/healthz");
    LG_ASSERT(url.ok());
    const http::RemoteRequest request{"GET", *url, {}, {}};
    http::RemoteOptions options;
    options.whole_time = options.silence = options.connect_time = limits::kExamineAnswerMax;
    const auto result = http::send_remote(request, options);
    const std::string shown = webhook.listen->text();
    const auto add = [&report](Verdict verdict, std::string found, std::string mend) {
        report.add({"receiver", verdict, std::move(found), std::move(mend)});
    };
    constexpr const char* kLog = "see why: lastgood logs, or journalctl -u lastgood";
    if (const auto* failure = std::get_if<http::RemoteFailure>(&result)) {
        // It isn't the one for 127.0.0.1; that it came is what was asked.
        if (tls && failure->kind == http::RemoteFailure::Kind::certificate) {
            add(Verdict::ok, "answers on " + shown + " with its certificate", "");
        } else {
            add(Verdict::fail, "doesn't answer on " + shown + ": " + failure->error.what, kLog);
        }
        return;
    }
    const int status = std::get<http::RemoteAnswer>(result).status;
    if (status == 200) {
        add(Verdict::ok, "accepts deliveries on " + shown, "");
    } else if (status == 503) {
        add(Verdict::fail, "can't record deliveries now (503)", kLog);
    } else {
        add(Verdict::fail,
            "another program answers on " + shown + " (" + std::to_string(status) + ")",
            "end it, or choose another port for webhook.listen");
    }
}

void check_certificate(const std::string& key, const config::TlsPaths& tls, Report& report) {
    if (tls.cert.empty()) return;
    const auto pair = http::read_tls_pair(tls.cert, tls.key);
    if (!pair) {
        report.add({"certificate", Verdict::fail, pair.error().what,
                    pair.error().mend.empty() ? "correct " + key : pair.error().mend});
        return;
    }
    report.add(judge_certificate(pair->summary, pair->expires, wall_now()));
}

}  // namespace

std::map<std::string, std::vector<PortView>> look_at_ports(const config::Config& config,
                                                           const std::vector<config::App>& apps,
                                                           pid_t daemon) {
    std::map<std::string, std::vector<PortView>> ports;
    if (config.webhook.listen) {
        // A name that no app can have.
        ports[kWebhookPort] = {look_at_port(*config.webhook.listen, {}, daemon)};
    }
    for (const config::App& app : apps) {
        for (const std::uint16_t port : app.ports.value_or(std::array<std::uint16_t, 2>{})) {
            if (port == 0) continue;
            ports[app.name.str()].push_back(
                look_at_port({"0.0.0.0", port}, app.name.str(), daemon));
        }
        for (const auto& listen : app.listen) {
            if (listen.is_unix()) continue;
            ports[app.name.str()].push_back(look_at_port(listen, app.name.str(), daemon));
        }
    }
    return ports;
}

void check_secrets(const Patient& patient, const SecretName& name, const std::string& app,
                   const std::vector<std::string>& secrets, const config::SecretPlace& place,
                   Report& report) {
    using Kind = config::SecretPlace::Kind;
    if (place.kind == Kind::nowhere) return;
    const std::string where = place.kind == Kind::file       ? place.name
                              : place.kind == Kind::variable ? "$" + place.name
                                                             : "the one in the config";
    for (const std::string& secret : secrets) {
        const std::string why = weakness_of(secret);
        if (why.empty()) continue;
        report.add(app, {name.check, Verdict::fail, where + " " + why,
                         mend_of_secret(place, patient.account.name)});
        return;
    }
    if (place.kind != Kind::file) {
        report.add(app, {name.check, Verdict::ok, where + " is strong", ""});
        return;
    }
    report.add(app, check_file(patient, {name.check, name.key, place.name, FileKind::secret}));
}

void check_daemon(const Patient& patient, Report& report) {
    const DaemonView& daemon = patient.daemon;
    const auto add = [&report](Verdict verdict, std::string found, std::string mend) {
        report.add({"daemon", verdict, std::move(found), std::move(mend)});
    };
    if (daemon.denied) {
        add(Verdict::warn, "may not be asked: " + daemon.why,
            "run this with sudo, or join the group lastgood");
    } else if (!daemon.answers && daemon.pid != 0) {
        add(Verdict::fail, "doesn't answer: " + daemon.why, "systemctl restart lastgood");
    } else if (!daemon.answers) {
        add(Verdict::warn, "doesn't run: " + daemon.why, "systemctl start lastgood");
    } else if (daemon.version != own_version()) {
        add(Verdict::warn,
            "answers, but its version is " +
                (daemon.version.empty() ? std::string("an older one") : daemon.version) +
                " and this command's " + own_version(),
            "systemctl restart lastgood");
    } else if (daemon.replaced) {
        add(Verdict::warn, "answers, but its program was replaced since it started",
            "systemctl restart lastgood");
    } else {
        add(Verdict::ok,
            "answers, version " + daemon.version + ", process " + std::to_string(daemon.pid), "");
    }
    if (patient.other_config) {
        add(Verdict::warn,
            "reads another config, " + daemon.config + ", and not " + patient.config.path,
            "look at that one: lastgood --config " + daemon.config + " doctor");
    }
    if (!daemon.answers) return;
    if (daemon.trouble.empty()) {
        report.add({"journal", Verdict::ok, "takes what comes", ""});
    } else {
        report.add({"journal", Verdict::fail, daemon.trouble,
                    "make room in " + patient.config.state_dir + ", and see: lastgood logs"});
    }
}

void check_admin(const Patient& patient, Report& report) {
    const config::Admin& admin = patient.config.admin;
    if (!admin.listen) return;
    check_secrets(patient, {"admin token", "admin.token_file"}, {}, admin.tokens, admin.place,
                  report);
    check_secrets(patient, {"read token", "admin.read_token_file"}, {}, admin.read_tokens,
                  admin.read_place, report);
    check_certificate("admin.tls", admin.tls, report);
}

void check_webhook(const Patient& patient, Report& report) {
    const config::Webhook& webhook = patient.config.webhook;
    if (!webhook.has_receiver()) {
        report.add({"webhook", Verdict::ok, "no webhook.listen: only the poller and commands", ""});
        return;
    }
    check_secrets(patient, {"secret", "secret_file"}, {}, webhook.secrets, webhook.place, report);
    check_certificate("webhook.tls", webhook.tls, report);
    if (!webhook.listen) {
        report.add(
            {"port", Verdict::ok, "passed by systemd: systemctl status lastgood.socket", ""});
        return;
    }
    report.add(judge_port(patient.ports.at(kWebhookPort).front(), patient.runs_this()));
    if (patient.runs_this()) check_receiver(patient, report);
}

}  // namespace lastgood::cli::diagnosis
