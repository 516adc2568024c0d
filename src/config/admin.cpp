#include "config/admin.h"

#include "config/secrets.h"
#include "config/values.h"
#include "config/webhook.h"

namespace lastgood::config {

Mark read_admin(const Section& top, Admin& into) {
    const auto admin = top.section("admin", SectionKind::admin);
    if (!admin) return {};
    if (!admin->has("listen")) {
        admin->fault("listen", admin->mark(), "is missing; the usual one is 127.0.0.1:8788");
    }
    if (auto listen = admin->by("listen", read_listen)) {
        if (listen->is_unix()) {
            admin->fault("listen", admin->value("listen")->mark,
                         "can't be a unix socket; the control API is on one anyway, "
                         "RUNTIME_DIR/control.sock");
        } else {
            into.listen = *std::move(listen);
        }
    }
    Secrets secrets = read_secrets(*admin, "token");
    if (!secrets.named) {
        admin->fault("token_file", admin->mark(),
                     "is missing: without a token nobody may sign in; write one with: " +
                         how_to_write_secret("/etc/lastgood/admin-token"));
    }
    into.tokens = std::move(secrets.values);
    into.place = std::move(secrets.place);
    Secrets looking = read_secrets(*admin, "read_token");
    into.read_tokens = std::move(looking.values);
    into.read_place = std::move(looking.place);
    read_tls(*admin, SectionKind::admin_tls, into.tls);
    read_networks(*admin, "trusted_proxies", into.trusted_proxies);
    const auto* listen = admin->value("listen");
    return listen == nullptr ? admin->mark() : listen->mark;
}

}  // namespace lastgood::config
