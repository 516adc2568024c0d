#include "fleet/etcd_json.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::fleet {
namespace {

using Json = nlohmann::json;

// What the reading of one answer stops at.
struct NotThat {
    std::string what;
};

std::string number(std::int64_t value) {
    return std::to_string(value);
}

Json range_of(const RangeAsk& ask) {
    Json json = {{"key", base64_encode(ask.key)}};
    if (!ask.end.empty()) json["range_end"] = base64_encode(ask.end);
    if (ask.revision != 0) json["revision"] = number(ask.revision);
    if (ask.limit != 0) json["limit"] = number(ask.limit);
    if (ask.serializable) json["serializable"] = true;
    if (ask.keys_only) json["keys_only"] = true;
    if (ask.count_only) json["count_only"] = true;
    if (ask.min_mod_revision != 0) json["min_mod_revision"] = number(ask.min_mod_revision);
    return json;
}

struct OpJson {
    Json operator()(const Put& put) const {
        Json json = {{"key", base64_encode(put.key)}, {"value", base64_encode(put.value)}};
        if (put.lease != 0) json["lease"] = number(put.lease);
        return {{"request_put", std::move(json)}};
    }
    Json operator()(const Delete& gone) const {
        Json json = {{"key", base64_encode(gone.key)}};
        if (!gone.end.empty()) json["range_end"] = base64_encode(gone.end);
        return {{"request_delete_range", std::move(json)}};
    }
    Json operator()(const RangeAsk& ask) const { return {{"request_range", range_of(ask)}}; }
};

Json ops_json(const std::vector<Op>& ops) {
    Json list = Json::array();
    for (const Op& op : ops) list.push_back(std::visit(OpJson{}, op));
    return list;
}

const char* is_word(Compare::Is is) {
    switch (is) {
        case Compare::Is::equal:
            return "EQUAL";
        case Compare::Is::not_equal:
            return "NOT_EQUAL";
        case Compare::Is::greater:
            return "GREATER";
        case Compare::Is::less:
            return "LESS";
    }
    return "EQUAL";
}

Json compare_json(const Compare& compare) {
    Json json = {{"key", base64_encode(compare.key)}, {"result", is_word(compare.is)}};
    switch (compare.what) {
        case Compare::What::created:
            json["target"] = "CREATE";
            json["create_revision"] = number(compare.number);
            break;
        case Compare::What::modified:
            json["target"] = "MOD";
            json["mod_revision"] = number(compare.number);
            break;
        case Compare::What::version:
            json["target"] = "VERSION";
            json["version"] = number(compare.number);
            break;
        case Compare::What::lease:
            json["target"] = "LEASE";
            json["lease"] = number(compare.number);
            break;
        case Compare::What::value:
            json["target"] = "VALUE";
            json["value"] = base64_encode(compare.value);
            break;
    }
    return json;
}

// ---- reading; a member that is missing is zero
const Json& object(const Json& json) {
    if (!json.is_object()) throw NotThat{"expected an object"};
    return json;
}

std::int64_t integer(const Json& json, const char* name) {
    const auto found = json.find(name);
    if (found == json.end() || found->is_null()) return 0;
    if (found->is_number_integer()) return found->get<std::int64_t>();
    if (!found->is_string()) throw NotThat{std::string(name) + " is no number"};
    const auto& text = found->get_ref<const std::string&>();
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) throw NotThat{std::string(name) + " is no number"};
    return value;
}

std::uint64_t identity(const Json& json, const char* name) {
    const auto found = json.find(name);
    if (found == json.end()) return 0;
    if (!found->is_string()) throw NotThat{std::string(name) + " is no number"};
    const auto& text = found->get_ref<const std::string&>();
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) throw NotThat{std::string(name) + " is no number"};
    return value;
}

bool flag(const Json& json, const char* name) {
    const auto found = json.find(name);
    if (found == json.end()) return false;
    if (!found->is_boolean()) throw NotThat{std::string(name) + " is neither true nor false"};
    return found->get<bool>();
}

std::string text(const Json& json, const char* name) {
    const auto found = json.find(name);
    if (found == json.end()) return {};
    if (!found->is_string()) throw NotThat{std::string(name) + " is no text"};
    return found->get<std::string>();
}

std::string bytes(const Json& json, const char* name) {
    auto decoded = base64_decode(text(json, name));
    if (!decoded) throw NotThat{std::string(name) + " is no base64"};
    return *std::move(decoded);
}

const Json& list(const Json& json, const char* name) {
    static const Json kNone = Json::array();
    const auto found = json.find(name);
    if (found == json.end() || found->is_null()) return kNone;
    if (!found->is_array()) throw NotThat{std::string(name) + " is no list"};
    return *found;
}

Revision revision_of(const Json& json) {
    const auto found = json.find("header");
    return found == json.end() ? 0 : integer(object(*found), "revision");
}

KeyValue key_value(const Json& json) {
    object(json);
    return {bytes(json, "key"),
            bytes(json, "value"),
            integer(json, "create_revision"),
            integer(json, "mod_revision"),
            integer(json, "version"),
            integer(json, "lease")};
}

RangeAnswer range_answer(const Json& json) {
    RangeAnswer answer;
    answer.revision = revision_of(object(json));
    if (json.contains("header")) answer.cluster = identity(json.at("header"), "cluster_id");
    for (const Json& kv : list(json, "kvs")) answer.kvs.push_back(key_value(kv));
    answer.count = integer(json, "count");
    answer.more = flag(json, "more");
    return answer;
}

LeaseAnswer lease_answer(const Json& json) {
    const std::int64_t seconds = std::max<std::int64_t>(0, integer(json, "TTL"));
    constexpr std::int64_t kSecondsMax = 1'000'000'000;
    return {integer(json, "ID"), std::chrono::seconds(std::min(seconds, kSecondsMax)),
            revision_of(json)};
}

Event event(const Json& json) {
    Event event;
    const std::string type = text(object(json), "type");
    event.deleted = type == "DELETE";
    if (!event.deleted && !type.empty() && type != "PUT") throw NotThat{"an unknown event"};
    const auto kv = json.find("kv");
    if (kv == json.end()) throw NotThat{"an event without its key"};
    event.kv = key_value(*kv);
    return event;
}

Error not_that(const std::string& what) {
    return {"etcd's answer is none (" + what + ")",
            "check that the address is etcd's client port, of version 3.4 or newer"};
}

// `read` may throw NotThat and what the library throws.
template <typename T>
Expected<T> reading(std::string_view json, T (*read)(const Json&)) {
    try {
        const Json parsed = Json::parse(json);
        return read(object(parsed));
    } catch (const NotThat& wrong) {
        return not_that(wrong.what);
    } catch (const Json::exception&) {
        return not_that("no JSON");
    }
}

}  // namespace

std::string range_json(const RangeAsk& ask) {
    return range_of(ask).dump();
}

std::string txn_json(const TxnAsk& ask) {
    Json compares = Json::array();
    for (const Compare& compare : ask.when) compares.push_back(compare_json(compare));
    return Json{{"compare", std::move(compares)},
                {"success", ops_json(ask.then)},
                {"failure", ops_json(ask.otherwise)}}
        .dump();
}

std::string grant_json(LeaseId lease, Millis ttl) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(ttl).count();
    return Json{{"ID", number(lease)}, {"TTL", number(seconds)}}.dump();
}

std::string lease_json(LeaseId lease) {
    return Json{{"ID", number(lease)}}.dump();
}

std::string login_json(const std::string& user, const std::string& password) {
    return Json{{"name", to_utf8(user)}, {"password", to_utf8(password)}}.dump();
}

std::string watch_json(const std::vector<WatchAsk>& asks) {
    std::string all;
    std::int64_t id = 0;
    for (const WatchAsk& ask : asks) {
        Json json = {{"key", base64_encode(ask.key)},
                     {"watch_id", number(++id)},
                     {"progress_notify", true},
                     {"fragment", true}};
        if (!ask.end.empty()) json["range_end"] = base64_encode(ask.end);
        if (ask.from != 0) json["start_revision"] = number(ask.from);
        all += Json{{"create_request", std::move(json)}}.dump();
    }
    return all;
}

Expected<RangeAnswer> read_range(std::string_view json) {
    return reading<RangeAnswer>(json, range_answer);
}

Expected<TxnAnswer> read_txn(std::string_view json) {
    return reading<TxnAnswer>(json, [](const Json& txn) {
        TxnAnswer answer{flag(txn, "succeeded"), revision_of(txn)};
        if (txn.contains("header")) answer.cluster = identity(txn.at("header"), "cluster_id");
        for (const Json& one : list(txn, "responses")) {
            const auto range = object(one).find("response_range");
            if (range != one.end()) answer.ranges.push_back(range_answer(*range));
        }
        return answer;
    });
}

Expected<LeaseAnswer> read_grant(std::string_view json) {
    return reading<LeaseAnswer>(json, lease_answer);
}

Expected<LeaseAnswer> read_keep_alive(std::string_view json) {
    return reading<LeaseAnswer>(json, [](const Json& envelope) {
        const auto result = envelope.find("result");
        if (result == envelope.end()) throw NotThat{"no result"};
        return lease_answer(object(*result));
    });
}

Expected<LeaseAnswer> read_revoke(std::string_view json) {
    return reading<LeaseAnswer>(json, [](const Json& answer) {
        return LeaseAnswer{0, Millis(0), revision_of(answer)};
    });
}

Expected<std::string> read_login(std::string_view json) {
    return reading<std::string>(json, [](const Json& answer) {
        std::string token = text(answer, "token");
        const bool plain =
            std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
        if (token.empty() || !plain || token.size() > limits::kEtcdTokenBytesMax) {
            throw NotThat{"no token"};
        }
        return token;
    });
}

Expected<Status> read_status(std::string_view json) {
    return reading<Status>(json, [](const Json& answer) {
        Status status;
        const auto header = answer.find("header");
        if (header == answer.end()) throw NotThat{"no header"};
        status.version = text(answer, "version");
        status.member = identity(object(*header), "member_id");
        status.leader = identity(answer, "leader");
        status.revision = revision_of(answer);
        status.database_bytes = integer(answer, "dbSize");
        for (const Json& error : list(answer, "errors")) {
            if (error.is_string()) status.errors.push_back(error.get<std::string>());
        }
        return status;
    });
}

Expected<std::vector<Member>> read_members(std::string_view json) {
    return reading<std::vector<Member>>(json, [](const Json& answer) {
        std::vector<Member> members;
        for (const Json& one : list(answer, "members")) {
            Member member{identity(object(one), "ID"), text(one, "name"), {}};
            for (const Json& url : list(one, "clientURLs")) {
                if (url.is_string()) member.client_urls.push_back(url.get<std::string>());
            }
            members.push_back(std::move(member));
        }
        return members;
    });
}

namespace {

// Newer gateways have no `error` around or beside them, in an answer that is no stream's.
std::optional<EtcdError> error_of(const Json& json) {
    const auto error = json.find("error");
    const bool named = error != json.end();
    if (!named && !(json.contains("code") && json.contains("message"))) return std::nullopt;
    const Json& told = named && error->is_object() ? *error : json;
    EtcdError found;
    found.message = named && error->is_string() ? error->get<std::string>() : text(told, "message");
    found.code = static_cast<int>(integer(told, "grpc_code"));
    if (found.code == 0) found.code = static_cast<int>(integer(told, "code"));
    found.message = printable(found.message, limits::kReasonBytesMax);
    if (found.code == 0) found.code = 2;
    return found;
}

WatchMessage watch_message(const Json& json) {
    WatchMessage message;
    message.watch = integer(json, "watch_id");
    message.revision = revision_of(json);
    message.created = flag(json, "created");
    message.cancelled = flag(json, "canceled");
    message.reason = printable(text(json, "cancel_reason"), limits::kReasonBytesMax);
    message.compacted = integer(json, "compact_revision");
    for (const Json& one : list(json, "events")) message.events.push_back(event(one));
    return message;
}

}  // namespace

std::optional<EtcdError> read_error(std::string_view json) {
    try {
        const Json parsed = Json::parse(json);
        return parsed.is_object() ? error_of(parsed) : std::nullopt;
    } catch (const NotThat&) {
        return std::nullopt;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

std::variant<WatchMessage, EtcdError, Error> read_watch_message(std::string_view json) {
    try {
        const Json parsed = Json::parse(json);
        if (auto error = error_of(object(parsed))) return *std::move(error);
        const auto result = parsed.find("result");
        if (result == parsed.end()) return not_that("no result");
        return watch_message(object(*result));
    } catch (const NotThat& wrong) {
        return not_that(wrong.what);
    } catch (const Json::exception&) {
        return not_that("no JSON");
    }
}

}  // namespace lastgood::fleet
