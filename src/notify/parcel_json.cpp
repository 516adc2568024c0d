// Parcels and what came of them, as they pass between the daemon and its notifier.
#include <nlohmann/json.hpp>

#include "lastgood/notify/parcel.h"

namespace lastgood::notify {
namespace {

using nlohmann::json;

std::string dumped(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

struct Encode {
    json operator()(const HttpParcel& parcel) const {
        return {{"kind", "http"},
                {"method", parcel.request.method},
                {"url", parcel.request.url},
                {"headers", parcel.request.headers},
                {"body", parcel.request.body},
                {"ca_file", parcel.ca_file}};
    }
    json operator()(const ProgramParcel& parcel) const {
        return {{"kind", "program"},
                {"argv", parcel.argv},
                {"env", parcel.env},
                {"input", parcel.input},
                {"sendmail", parcel.is_sendmail}};
    }
    json operator()(const ForgeParcel& parcel) const {
        const config::ForgeStatus& status = parcel.status;
        return {{"kind", "forge"},
                {"provider", core::to_string(parcel.place.provider)},
                {"site", parcel.place.site},
                {"api", parcel.place.api},
                {"repository", parcel.place.repository},
                {"token", status.token},
                {"context", status.context},
                {"environment", status.environment},
                {"url", status.url},
                {"ca_file", status.ca_file},
                {"message", encode_message(parcel.message)}};
    }
};

Parcel http_of(const json& from) {
    HttpParcel parcel;
    parcel.request.method = from.at("method").get<std::string>();
    parcel.request.url = from.at("url").get<std::string>();
    from.at("headers").get_to(parcel.request.headers);
    parcel.request.body = from.at("body").get<std::string>();
    parcel.ca_file = from.at("ca_file").get<std::string>();
    return parcel;
}

Parcel program_of(const json& from) {
    ProgramParcel parcel;
    from.at("argv").get_to(parcel.argv);
    from.at("env").get_to(parcel.env);
    parcel.input = from.at("input").get<std::string>();
    parcel.is_sendmail = from.at("sendmail").get<bool>();
    return parcel;
}

Expected<Parcel> forge_of(const json& from) {
    ForgeParcel parcel;
    const auto provider = core::parse_provider(from.at("provider").get<std::string>());
    if (!provider) return Error{"a parcel names an unknown forge", ""};
    parcel.place = {*provider, from.at("site").get<std::string>(),
                    from.at("api").get<std::string>(), from.at("repository").get<std::string>()};
    config::ForgeStatus& status = parcel.status;
    const auto get = [&from](const char* key, std::string& into) {
        into = from.at(key).get<std::string>();
    };
    get("token", status.token);
    get("context", status.context);
    get("environment", status.environment);
    get("url", status.url);
    get("ca_file", status.ca_file);
    auto message = decode_message(from.at("message").get<std::string>());
    if (!message) return message.error();
    parcel.message = *std::move(message);
    return Parcel(std::move(parcel));
}

const char* name_of(core::Sent::Kind kind) {
    switch (kind) {
        case core::Sent::Kind::delivered:
            return "delivered";
        case core::Sent::Kind::again:
            return "again";
        case core::Sent::Kind::never:
            break;
    }
    return "never";
}

}  // namespace

std::string encode_parcel(const Parcel& parcel) {
    return dumped(std::visit(Encode{}, parcel));
}

Expected<Parcel> decode_parcel(const std::string& text) {
    try {
        const json from = json::parse(text);
        const auto kind = from.at("kind").get<std::string>();
        if (kind == "http") return http_of(from);
        if (kind == "program") return program_of(from);
        if (kind == "forge") return forge_of(from);
        return Error{"a parcel of an unknown kind", ""};
    } catch (const std::exception& failure) {
        return Error{std::string("a parcel can't be read: ") + failure.what(), ""};
    }
}

std::string encode_sent(const core::Sent& sent) {
    json out = {{"kind", name_of(sent.kind)}, {"why", sent.why}};
    if (sent.asked_pause) out["pause_ms"] = sent.asked_pause->count();
    return dumped(out);
}

Expected<core::Sent> decode_sent(const std::string& text) {
    try {
        const json from = json::parse(text);
        core::Sent sent;
        const auto kind = from.at("kind").get<std::string>();
        for (const auto one :
             {core::Sent::Kind::delivered, core::Sent::Kind::again, core::Sent::Kind::never}) {
            if (kind == name_of(one)) sent.kind = one;
        }
        sent.why = from.at("why").get<std::string>();
        if (from.contains("pause_ms")) {
            sent.asked_pause = Millis(from.at("pause_ms").get<std::int64_t>());
        }
        return sent;
    } catch (const std::exception& failure) {
        return Error{std::string("the notifier's answer can't be read: ") + failure.what(), ""};
    }
}

}  // namespace lastgood::notify
