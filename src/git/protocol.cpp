#include "git/protocol.h"

#include <array>
#include <nlohmann/json.hpp>

namespace lastgood::git {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<Op, const char*>, 5> kOps = {
    {{Op::list_tip, "list_tip"},
     {Op::fetch, "fetch"},
     {Op::materialise, "materialise"},
     {Op::seal, "seal"},
     {Op::remove_releases, "remove_releases"}}};

Json id_json(const std::optional<CommitId>& id) {
    return id ? Json(id->hex()) : Json(nullptr);
}

std::optional<CommitId> optional_id(const Json& json) {
    if (json.is_null()) return std::nullopt;
    auto id = CommitId::parse(json.get<std::string>());
    if (!id) throw std::invalid_argument("a commit id is malformed");
    return id;
}

CommitId needed_id(const Json& json) {
    auto id = optional_id(json);
    if (!id) throw std::invalid_argument("a commit id is missing");
    return *id;
}

Json remote_json(const Remote& remote) {
    return {{"url", remote.url},
            {"branch", remote.branch},
            {"mirror", remote.mirror},
            {"transport", static_cast<int>(remote.transport)},
            {"ssh_key", remote.auth.ssh_key},
            {"known_hosts", remote.auth.known_hosts},
            {"username", remote.auth.username},
            {"token_file", remote.auth.token_file}};
}

Remote remote_value(const Json& json) {
    Remote remote;
    json.at("url").get_to(remote.url);
    json.at("branch").get_to(remote.branch);
    json.at("mirror").get_to(remote.mirror);
    remote.transport = static_cast<config::Transport>(json.at("transport").get<int>());
    json.at("ssh_key").get_to(remote.auth.ssh_key);
    json.at("known_hosts").get_to(remote.auth.known_hosts);
    json.at("username").get_to(remote.auth.username);
    json.at("token_file").get_to(remote.auth.token_file);
    return remote;
}

Json value_json(const std::optional<CommitId>& tip) {
    return id_json(tip);
}
Json value_json(bool done) {
    return done;
}
Json value_json(const std::vector<std::string>& texts) {
    return texts;
}

Json value_json(const FetchResult& result) {
    Json facts = Json::array();
    for (const auto& fact : result.facts) {
        facts.push_back({{"id", fact.id.hex()},
                         {"present", fact.present},
                         {"is_commit", fact.is_commit},
                         {"on_ref", fact.on_ref},
                         {"ancestor_of_live", fact.ancestor_of_live},
                         {"descends_from_live", fact.descends_from_live},
                         {"ancestor_of", fact.ancestor_of}});
    }
    return {{"tip", id_json(result.tip)}, {"facts", std::move(facts)}};
}

Json value_json(const Released& released) {
    return {{"subject", released.text.subject},
            {"author", released.text.author},
            {"files", released.files},
            {"bytes", released.bytes}};
}

void read_value(const Json& json, std::optional<CommitId>& tip) {
    tip = optional_id(json);
}
void read_value(const Json& json, bool& done) {
    json.get_to(done);
}
void read_value(const Json& json, std::vector<std::string>& texts) {
    json.get_to(texts);
}

void read_value(const Json& json, FetchResult& result) {
    result.tip = optional_id(json.at("tip"));
    for (const auto& entry : json.at("facts")) {
        CommitFacts facts{needed_id(entry.at("id")), false, false, false, false, false, {}};
        entry.at("present").get_to(facts.present);
        entry.at("is_commit").get_to(facts.is_commit);
        entry.at("on_ref").get_to(facts.on_ref);
        entry.at("ancestor_of_live").get_to(facts.ancestor_of_live);
        entry.at("descends_from_live").get_to(facts.descends_from_live);
        entry.at("ancestor_of").get_to(facts.ancestor_of);
        result.facts.push_back(std::move(facts));
    }
}

void read_value(const Json& json, Released& released) {
    json.at("subject").get_to(released.text.subject);
    json.at("author").get_to(released.text.author);
    json.at("files").get_to(released.files);
    json.at("bytes").get_to(released.bytes);
}

std::string dump(const Json& json) {
    // Foreign text may have slipped in as no valid UTF-8: replaced, never thrown on.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename T>
std::string encode_result(const GitResult<T>& result) {
    if (result.value) return dump({{"ok", true}, {"value", value_json(*result.value)}});
    return dump({{"ok", false},
                 {"what", result.error.error.what},
                 {"mend", result.error.error.mend},
                 {"permanent", result.error.permanent}});
}

}  // namespace

std::string encode(const Request& request) {
    Json json{{"remote", remote_json(request.remote)}};
    for (const auto& [op, name] : kOps) {
        if (op == request.op) json["op"] = name;
    }
    json["live"] = id_json(request.fetch.live);
    json["candidates"] = Json::array();
    for (const auto& id : request.fetch.candidates) json["candidates"].push_back(id.hex());
    json["commit"] = id_json(request.commit);
    json["directory"] = request.directory;
    json["releases"] = Json::array();
    for (const auto& [id, directory] : request.releases) {
        json["releases"].push_back({{"commit", id.hex()}, {"directory", directory}});
    }
    return dump(json);
}

Expected<Request> decode_request(std::string_view line) {
    try {
        const Json json = Json::parse(line);
        Request request;
        const auto wanted = json.at("op").get<std::string>();
        bool known = false;
        for (const auto& [op, name] : kOps) {
            if (wanted != name) continue;
            request.op = op;
            known = true;
        }
        if (!known) return Error{"git-worker knows no request " + wanted, ""};
        request.remote = remote_value(json.at("remote"));
        request.fetch.live = optional_id(json.at("live"));
        for (const auto& id : json.at("candidates")) {
            request.fetch.candidates.push_back(needed_id(id));
        }
        request.commit = optional_id(json.at("commit"));
        json.at("directory").get_to(request.directory);
        for (const auto& entry : json.at("releases")) {
            request.releases.emplace_back(needed_id(entry.at("commit")),
                                          entry.at("directory").get<std::string>());
        }
        return request;
    } catch (const std::exception& error) {
        return Error{std::string("git-worker can't read its request: ") + error.what(), ""};
    }
}

std::string encode_answer(const GitResult<std::optional<CommitId>>& result) {
    return encode_result(result);
}
std::string encode_answer(const GitResult<FetchResult>& result) {
    return encode_result(result);
}
std::string encode_answer(const GitResult<Released>& result) {
    return encode_result(result);
}
std::string encode_answer(const GitResult<bool>& result) {
    return encode_result(result);
}
std::string encode_answer(const GitResult<std::vector<std::string>>& result) {
    return encode_result(result);
}

template <typename T>
GitResult<T> decode_answer(std::string_view line) {
    GitResult<T> result;
    try {
        const Json json = Json::parse(line);
        if (json.at("ok").get<bool>()) {
            T value{};
            read_value(json.at("value"), value);
            result.value = std::move(value);
            return result;
        }
        json.at("what").get_to(result.error.error.what);
        json.at("mend").get_to(result.error.error.mend);
        json.at("permanent").get_to(result.error.permanent);
    } catch (const std::exception& error) {
        result.error.error.what = std::string("git-worker's answer can't be read: ") + error.what();
    }
    return result;
}

template GitResult<std::optional<CommitId>> decode_answer(std::string_view);
template GitResult<FetchResult> decode_answer(std::string_view);
template GitResult<Released> decode_answer(std::string_view);
template GitResult<bool> decode_answer(std::string_view);
template GitResult<std::vector<std::string>> decode_answer(std::string_view);

}  // namespace lastgood::git
