#include "config/secrets.h"

#include <algorithm>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

constexpr const char* kMake = "make one with: openssl rand -hex 32";

std::string how_to_write(const std::string& path) {
    return "write one with: " + how_to_write_secret(path);
}

// What the secret is read from, before it is taken apart; nothing when a fault was told.
struct Source {
    std::string text;
    std::string name;  // "the file /etc/…", for faults
    std::string mend;
};

std::optional<Source> from_file(const Section& section, const std::string& key,
                                SecretPlace& place) {
    std::string path;
    section.file(key, path);
    if (path.empty()) return std::nullopt;
    place = {SecretPlace::Kind::file, path};
    auto content = section.reading().environment.read_secret_file(path);
    if (!content) {
        const Error why{content.error().what,
                        content.error().mend.empty() ? how_to_write(path) : content.error().mend};
        section.fault(key, section.value(key)->mark, why.text());
        return std::nullopt;
    }
    return Source{*std::move(content), "the file " + path, how_to_write(path)};
}

std::optional<Source> from_variable(const Section& section, const std::string& key,
                                    SecretPlace& place) {
    const auto name = section.text(key);
    if (!name) return std::nullopt;
    place = {SecretPlace::Kind::variable, *name};
    auto value = section.reading().environment.variable(*name);
    if (!value) {
        section.fault(key, section.value(key)->mark,
                      "the environment variable " + printable(*name, 100) + " is not set");
        return std::nullopt;
    }
    return Source{*std::move(value), "the environment variable " + printable(*name, 100), kMake};
}

std::optional<Source> from_here(const Section& section, const std::string& key,
                                SecretPlace& place) {
    auto text = section.text(key);
    if (!text) return std::nullopt;
    place = {SecretPlace::Kind::config, {}};
    if (!section.reading().environment.file_is_private) {
        section.fault(key, section.mark_of(key),
                      "a secret may stand in a config that only its owner can read; chmod 600 " +
                          section.reading().file + ", or use " + key + "_file");
        return std::nullopt;
    }
    return Source{*std::move(text), "the secret", kMake};
}

std::string weakness(const std::string& secret) {
    const bool control = std::any_of(secret.begin(), secret.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    if (control) return "has control characters in a secret";
    if (secret.size() < limits::kSecretBytesMin) {
        return "has a secret of less than " + std::to_string(limits::kSecretBytesMin) +
               " characters";
    }
    return "";
}

void take_lines(const Section& section, std::string_view key, const Source& source,
                Secrets& secrets) {
    const Mark mark = section.mark_of(key);
    for (const std::string& line : split(without_byte_order_mark(source.text), '\n')) {
        const std::string secret(trim(line));
        if (secret.empty()) continue;
        if (secret.starts_with("# ")) {
            section.fault(key, mark,
                          source.name +
                              " has a comment, which counts as a secret as each line "
                              "does; remove it");
            return;
        }
        if (const std::string why = weakness(secret); !why.empty()) {
            section.fault(key, mark, source.name + " " + why + "; " + source.mend);
            return;
        }
        secrets.values.push_back(secret);
    }
    if (secrets.values.empty()) {
        section.fault(key, mark, source.name + " is empty; " + source.mend);
    }
    if (secrets.values.size() > limits::kSecretsMax) {
        section.fault(key, mark,
                      source.name + " has more than " + std::to_string(limits::kSecretsMax) +
                          " secrets; remove the old ones");
    }
}

}  // namespace

Secrets read_secrets(const Section& section, const std::string& stem) {
    Secrets secrets;
    const std::string by_file = stem + "_file";
    const std::string by_variable = stem + "_env";
    std::string key;
    for (const std::string& name : {by_file, by_variable, stem}) {
        if (!section.has(name)) continue;
        if (secrets.named) {
            section.fault(name, section.mark_of(name),
                          key + " is there already; keep one of the two");
            continue;
        }
        secrets.named = true;
        secrets.mark = section.mark_of(name);
        key = name;
    }
    if (!secrets.named || section.value(key) == nullptr) return secrets;
    const auto source = key == by_file       ? from_file(section, key, secrets.place)
                        : key == by_variable ? from_variable(section, key, secrets.place)
                                             : from_here(section, key, secrets.place);
    if (source) take_lines(section, key, *source, secrets);
    return secrets;
}

void read_provider(const Section& webhook, Provider& into) {
    Choices<Provider> choices;
    for (const Provider provider : core::all_providers()) {
        choices.emplace_back(core::to_string(provider), provider);
    }
    webhook.choice<Provider>("provider", into, choices);
}

namespace {

// Both sign as Standard Webhooks says.
struct TokenTexts {
    std::string needs;
    std::string too_short;
};

std::optional<TokenTexts> token_texts(Provider provider) {
    if (provider == Provider::gitlab) {
        return TokenTexts{
            "gitlab needs a signing token, which is whsec_ and base64 after it; create one in "
            "GitLab's webhook settings, or use provider gitlab-token for a plain secret token",
            "let GitLab make a new one"};
    }
    if (provider == Provider::standard) {
        const std::string make = "make one with: echo \"whsec_$(openssl rand -base64 32)\"";
        return TokenTexts{
            "standard needs a signing token, which is whsec_ and base64 after it; " + make, make};
    }
    return std::nullopt;
}

}  // namespace

std::string fault_for(Provider provider, const std::string& secret) {
    const auto texts = token_texts(provider);
    if (!texts) return "";
    constexpr std::string_view kPrefix = "whsec_";
    const bool token = secret.starts_with(kPrefix);
    const auto key =
        token ? base64_decode(std::string_view(secret).substr(kPrefix.size())) : std::nullopt;
    if (!key || key->empty()) return texts->needs;
    if (key->size() < limits::kSecretBytesMin) {
        return "the signing token holds less than " + std::to_string(limits::kSecretBytesMin) +
               " bytes; " + texts->too_short;
    }
    return "";
}

}  // namespace lastgood::config
