// Reads the receiver's part of the config.
#pragma once

#include "config/app.h"
#include "config/section.h"

namespace lastgood::config {

// `top` is the file's top level. What apps take from it goes into `defaults`. Gives the place of
// webhook.listen.
Mark read_webhook(const Section& top, Webhook& into, AppDefaults& defaults);

// The key `tls` of a section, which is of that kind.
void read_tls(const Section& section, SectionKind kind, TlsPaths& into);

// A list of networks, or a single one.
void read_networks(const Section& section, std::string_view key, std::vector<Network>& into);

}  // namespace lastgood::config
