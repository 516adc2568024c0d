#include "receiver/channel.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "lastgood/base/strings.h"
#include "receiver/settings_json.h"

namespace lastgood::receiver {
namespace {

using Json = nlohmann::json;

constexpr int kLevelLast = static_cast<int>(config::LogLevel::debug);
constexpr int kEventKindLast = static_cast<int>(forge::EventKind::other);

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json delivery_json(const DeliveryAsk& ask) {
    const forge::Delivery& delivery = ask.incoming.delivery;
    Json updates = Json::array();
    for (const auto& update : delivery.updates) {
        updates.push_back({update.ref, update.after ? Json(update.after->hex()) : Json()});
    }
    return {{"type", "delivery"},
            {"seq", ask.seq},
            {"app", ask.incoming.app ? Json(ask.incoming.app->str()) : Json()},
            {"sender", ask.incoming.sender},
            {"dropped", ask.incoming.updates_dropped},
            {"id", delivery.id},
            {"provider", delivery.provider},
            {"event", delivery.event},
            {"kind", static_cast<int>(delivery.kind)},
            {"updates", std::move(updates)},
            {"repository", delivery.repository_urls},
            {"bytes", delivery.bytes}};
}

struct DaemonEncoder {
    Json operator()(const Ready&) const { return {{"type", "ready"}}; }
    Json operator()(const LogLine& line) const {
        return {{"type", "log"}, {"level", static_cast<int>(line.level)}, {"text", line.text}};
    }
    Json operator()(const DeliveryAsk& ask) const { return delivery_json(ask); }
    Json operator()(const HealthAsk& ask) const { return {{"type", "health"}, {"seq", ask.seq}}; }
    Json operator()(const StatusAsk& ask) const {
        return {{"type", "status"},
                {"seq", ask.seq},
                {"app", ask.question.app.str()},
                {"id", ask.question.delivery}};
    }
};

struct ReceiverEncoder {
    Json operator()(const HookSettings& settings) const { return settings_json(settings); }
    Json operator()(const Replies& replies) const {
        Json list = Json::array();
        for (const auto& reply : replies.list) {
            list.push_back({reply.seq, reply.answer.status, reply.answer.body_json});
        }
        return {{"type", "replies"}, {"list", std::move(list)}};
    }
};

// Reads an enum that is sent as its number; throws as nlohmann does.
template <typename Enum>
Enum read_enum(const Json& json, const char* key, int last) {
    const int number = json.at(key).get<int>();
    if (number < 0 || number > last) throw std::out_of_range(key);
    return static_cast<Enum>(number);
}

DeliveryAsk read_delivery(const Json& json) {
    DeliveryAsk ask{json.at("seq").get<std::uint64_t>(), {}};
    if (!json.at("app").is_null()) ask.incoming.app = read_app(json);
    ask.incoming.sender = json.at("sender").get<std::string>();
    ask.incoming.updates_dropped = json.at("dropped").get<std::size_t>();
    forge::Delivery& delivery = ask.incoming.delivery;
    delivery.id = json.at("id").get<std::string>();
    delivery.provider = json.at("provider").get<std::string>();
    delivery.event = json.at("event").get<std::string>();
    delivery.kind = read_enum<forge::EventKind>(json, "kind", kEventKindLast);
    delivery.bytes = json.at("bytes").get<std::uint64_t>();
    delivery.repository_urls = json.at("repository").get<std::vector<std::string>>();
    if (delivery.repository_urls.size() > limits::kRepositoryUrlsMax) {
        throw std::out_of_range("repository");
    }
    const Json& updates = json.at("updates");
    if (!updates.is_array() || updates.size() > limits::kRefsPerDeliveryMax) {
        throw std::out_of_range("updates");
    }
    for (const auto& update : updates) {
        forge::RefUpdate read{update.at(0).get<std::string>(), std::nullopt};
        if (!update.at(1).is_null()) {
            read.after = CommitId::parse(update.at(1).get_ref<const std::string&>());
            if (!read.after) throw std::out_of_range("commit");
        }
        delivery.updates.push_back(std::move(read));
    }
    return ask;
}

ToDaemon read_to_daemon(const Json& json) {
    const std::string type = json.at("type").get<std::string>();
    if (type == "ready") return Ready{};
    if (type == "health") return HealthAsk{json.at("seq").get<std::uint64_t>()};
    if (type == "delivery") return read_delivery(json);
    if (type == "status") {
        return StatusAsk{json.at("seq").get<std::uint64_t>(),
                         {read_app(json), json.at("id").get<std::string>()}};
    }
    if (type != "log") throw std::out_of_range("type");
    return LogLine{read_enum<config::LogLevel>(json, "level", kLevelLast),
                   printable(json.at("text").get_ref<const std::string&>())};
}

ToReceiver read_to_receiver(const Json& json) {
    const std::string type = json.at("type").get<std::string>();
    if (type == "replies") {
        Replies replies;
        for (const auto& reply : json.at("list")) {
            replies.list.push_back({reply.at(0).get<std::uint64_t>(),
                                    {reply.at(1).get<int>(), reply.at(2).get<std::string>()}});
        }
        return replies;
    }
    if (type != "settings") throw std::out_of_range("type");
    return read_settings(json);
}

template <typename Message, typename Read>
Expected<Message> decode(std::string_view text, Read read) {
    try {
        return read(Json::parse(text));
    } catch (const std::exception& error) {
        return Error{"bad message on the receiver's channel: " + printable(error.what(), 200), {}};
    }
}

}  // namespace

std::string encode(const ToDaemon& message) {
    return dump(std::visit(DaemonEncoder{}, message));
}

std::string encode(const ToReceiver& message) {
    return dump(std::visit(ReceiverEncoder{}, message));
}

Expected<ToDaemon> decode_to_daemon(std::string_view text) {
    return decode<ToDaemon>(text, read_to_daemon);
}

Expected<ToReceiver> decode_to_receiver(std::string_view text) {
    return decode<ToReceiver>(text, read_to_receiver);
}

Expected<ChannelPair> make_channel() {
    auto pair = sys::make_message_channel();
    if (!pair) return pair.error();
    return ChannelPair{std::move(pair->ours), std::move(pair->theirs)};
}

}  // namespace lastgood::receiver
