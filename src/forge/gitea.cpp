// The wire of Gitea, Forgejo and Gogs, after docs.gitea.com "Webhooks" and their sources
// (services/webhook/deliver.go; services/webhook/shared/payloader.go;
// internal/database/webhook.go): HMAC-SHA256 in bare hex over the JSON, also where that JSON is
// sent inside a form. Without a secret they send an empty signature.
//
// Gitea and Forgejo send the headers of the older ones and of GitHub as well. Only a forge's own
// signature counts: an app has one forge.
#include "forge/form.h"
#include "forge/hub_push.h"
#include "forge/mac.h"
#include "forge/providers.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {

Verdict verify_gitea(std::string_view forge, const Secrets& secrets, const Headers& headers,
                     std::string_view body) {
    // Only the form is decoded of what is not verified yet: one pass, no larger than the body.
    std::string decoded;
    std::string_view message = body;
    bool readable = true;
    if (is_form(headers("content-type"))) {
        auto field = json_of(headers("content-type"), body);
        readable = field.ok();
        if (readable) decoded = *std::move(field);
        if (readable) message = decoded;
    }
    const std::string_view sent = headers("x-" + to_lower(forge) + "-signature");
    const bool matched = hex_hmac_matches(secrets, sent, message);
    return matched && readable ? Verdict::verified : Verdict::refused;
}

Expected<Delivery> parse_gitea(std::string_view forge, const Headers& headers,
                               std::string_view body) {
    return parse_hub(forge, headers, body);
}

}  // namespace lastgood::forge
