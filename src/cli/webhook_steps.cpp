#include "cli/webhook_steps.h"

namespace lastgood::cli {
namespace {

using core::Provider;
using Lines = std::vector<std::string>;

// A page of the repository at the forge.
std::string page(const std::optional<forge::ApiPlace>& place, const std::string& path,
                 const std::string& clicks) {
    if (!place) return "in the repository's page open " + clicks;
    return "open " + place->page() + path + " (" + clicks + ")";
}

Lines github(const std::optional<forge::ApiPlace>& place, const std::string& url,
             const std::string& secret) {
    return {page(place, "/settings/hooks/new", "Settings, Webhooks, Add webhook"),
            "Payload URL: " + url,
            "Content type: application/json",
            "Secret: what is in " + secret,
            "SSL verification: leave it enabled",
            "Which events: Just the push event",
            "Active: checked; then Add webhook"};
}

Lines gitlab(const std::optional<forge::ApiPlace>& place, const std::string& url,
             const std::string& secret, bool signing) {
    return {page(place, "/-/hooks", "Settings, Webhooks, Add new webhook"), "URL: " + url,
            (signing ? "Signing token: what is in " : "Secret token: what is in ") + secret +
                (signing ? " (where GitLab makes one itself, put that one there instead)" : ""),
            "Trigger: Push events, All branches; and Tag push events",
            "SSL verification: leave it enabled; then Add webhook"};
}

Lines gitea(const std::optional<forge::ApiPlace>& place, const std::string& name,
            const std::string& path, const std::string& url, const std::string& secret) {
    return {
        page(place, "/settings/hooks/" + path + "/new", "Settings, Webhooks, Add Webhook, " + name),
        "Target URL: " + url,
        "HTTP method: POST, content type: application/json",
        "Secret: what is in " + secret,
        "Trigger on: Push events; branch filter: *",
        "Active: checked; then Add Webhook"};
}

Lines bitbucket(const std::optional<forge::ApiPlace>& place, const std::string& url,
                const std::string& secret) {
    const bool cloud = place && place->site == "https://bitbucket.org";
    Lines lines = {
        cloud ? page(place, "/admin/webhooks", "Repository settings, Webhooks, Add webhook")
              : page(std::nullopt, "", "Repository settings, Webhooks, Create webhook"),
        "Title: lastgood",
        "URL: " + url,
        "Secret: what is in " + secret,
    };
    lines.push_back(cloud ? "Triggers: Repository push; leave Skip certificate verification off"
                          : "Events: Repository, Push");
    lines.push_back(cloud ? "Active: checked; then Save" : "Active: checked; then Create");
    return lines;
}

Lines standard(const std::string& url, const std::string& secret) {
    return {"let the sender POST JSON to " + url,
            "signed as Standard Webhooks has it: headers webhook-id, webhook-timestamp and "
            "webhook-signature (v1,BASE64 of HMAC-SHA256 over ID.TIMESTAMP.BODY)",
            "the key: the base64-decoded part after whsec_ of what is in " + secret};
}

}  // namespace

std::vector<std::string> webhook_steps(Provider provider,
                                       const std::optional<forge::ApiPlace>& place,
                                       const std::string& url, const std::string& secret) {
    switch (provider) {
        case Provider::github:
            return github(place, url, secret);
        case Provider::gitlab:
            return gitlab(place, url, secret, true);
        case Provider::gitlab_token:
            return gitlab(place, url, secret, false);
        case Provider::gitea:
            return gitea(place, "Gitea", "gitea", url, secret);
        case Provider::forgejo:
            return gitea(place, "Forgejo", "forgejo", url, secret);
        case Provider::gogs:
            return gitea(place, "Gogs", "gogs", url, secret);
        case Provider::bitbucket:
            return bitbucket(place, url, secret);
        case Provider::standard:
            break;
    }
    return standard(url, secret);
}

std::vector<std::string> git_hook_steps(const GitHook& hook) {
    Lines lines;
    std::string secret = hook.secret_file;
    if (!hook.own_secret_file.empty()) {
        secret = hook.own_secret_file;
        lines.push_back("give the app a secret of its own, for " + hook.secret_file +
                        " is that of all apps: in the config webhook: { provider: standard, "
                        "secret_file: " +
                        secret + " }; then lastgood webhook register " + hook.app +
                        ", which makes it, and systemctl reload lastgood");
    }
    const std::string config = "git -C " + hook.git_dir + " config lastgood.";
    // Beside a bare repository; in that of a checkout, else it would be among the files there.
    const std::string copy = hook.git_dir.ends_with("/.git") ? hook.git_dir + "/lastgood.secret"
                                                             : hook.git_dir + ".secret";
    for (const std::string& line :
         {"cp /usr/share/lastgood/hooks/git/post-receive " + hook.git_dir +
              "/hooks/  (in the sources: hooks/git/post-receive)",
          config + "url " + hook.url,
          "sudo install -m 0600 -o " + hook.pusher + " " + secret + " " + copy +
              "  (a copy for the user that pushes, who doesn't get to the daemon's)",
          config + "secretFile " + copy}) {
        lines.push_back(line);
    }
    return lines;
}

}  // namespace lastgood::cli
