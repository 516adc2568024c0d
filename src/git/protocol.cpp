#include "git/protocol.h"

#include <array>
#include <nlohmann/json.hpp>

#include "git/settings_json.h"

namespace lastgood::git {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<Op, const char*>, 8> kOps = {
    {{Op::list_tip, "list_tip"},
     {Op::fetch, "fetch"},
     {Op::verify, "verify"},
     {Op::materialise, "materialise"},
     {Op::seal, "seal"},
     {Op::remove_releases, "remove_releases"},
     {Op::maintain, "maintain"},
     {Op::examine, "examine"}}};

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

Json rules_json(const config::RepositoryRules& rules) {
    return {{"keys", rules.keys}, {"root", rules.root}, {"listens", rules.listens}};
}

config::RepositoryRules rules_value(const Json& json) {
    return {json.at("keys").get<std::vector<std::string>>(), json.at("root").get<std::string>(),
            json.at("listens").get<bool>()};
}

Json remote_json(const Remote& remote) {
    Json others = Json::array();
    for (const auto& other : remote.others) others.push_back({other.branch, other.tags});
    return {{"others", std::move(others)},       {"owner", remote.owner},
            {"depth", remote.depth.value_or(0)}, {"url", remote.url},
            {"branch", remote.followed.branch},  {"tags", remote.followed.tags},
            {"mirror", remote.mirror},           {"transport", static_cast<int>(remote.transport)},
            {"ssh_key", remote.auth.ssh_key},    {"known_hosts", remote.auth.known_hosts},
            {"username", remote.auth.username},  {"token_file", remote.auth.token_file},
            {"ca_file", remote.auth.ca_file},    {"proxy", remote.auth.proxy}};
}

Remote remote_value(const Json& json) {
    Remote remote;
    for (const auto& other : json.at("others")) {
        remote.others.push_back({other.at(0).get<std::string>(), other.at(1).get<std::string>()});
    }
    json.at("owner").get_to(remote.owner);
    if (const int depth = json.at("depth").get<int>(); depth > 0) remote.depth = depth;
    json.at("url").get_to(remote.url);
    json.at("branch").get_to(remote.followed.branch);
    json.at("tags").get_to(remote.followed.tags);
    json.at("mirror").get_to(remote.mirror);
    remote.transport = static_cast<config::Transport>(json.at("transport").get<int>());
    json.at("ssh_key").get_to(remote.auth.ssh_key);
    json.at("known_hosts").get_to(remote.auth.known_hosts);
    json.at("username").get_to(remote.auth.username);
    json.at("token_file").get_to(remote.auth.token_file);
    json.at("ca_file").get_to(remote.auth.ca_file);
    json.at("proxy").get_to(remote.auth.proxy);
    return remote;
}

Json verify_json(const VerifyRequest& request) {
    return {{"commit", request.commit.hex()},
            {"since", id_json(request.since)},
            {"allowed_signers", request.verify.allowed_signers},
            {"gpg_keyring", request.verify.gpg_keyring},
            {"all", request.verify.all}};
}

VerifyRequest verify_value(const Json& json) {
    VerifyRequest request{needed_id(json.at("commit")), optional_id(json.at("since")), {}};
    json.at("allowed_signers").get_to(request.verify.allowed_signers);
    json.at("gpg_keyring").get_to(request.verify.gpg_keyring);
    json.at("all").get_to(request.verify.all);
    return request;
}

Json materialise_json(const MaterialiseRequest& request) {
    Json caches = Json::array();
    for (const auto& cache : request.caches) caches.push_back({cache.path, cache.key});
    Json json{{"commit", request.commit.hex()},
              {"directory", request.directory},
              {"submodules", request.submodules},
              {"export_ignore", request.export_ignore},
              {"way", static_cast<int>(request.way)},
              {"caches", std::move(caches)},
              {"repository", rules_json(request.repository)}};
    if (request.owner) json["owner"] = {request.owner->uid, request.owner->gid};
    if (request.previous) {
        json["previous"] = {request.previous->first.hex(), request.previous->second};
    }
    return json;
}

MaterialiseRequest materialise_value(const Json& json) {
    MaterialiseRequest request{.commit = needed_id(json.at("commit")), .directory = {}};
    json.at("directory").get_to(request.directory);
    json.at("submodules").get_to(request.submodules);
    json.at("export_ignore").get_to(request.export_ignore);
    request.way = static_cast<config::Materialise>(json.at("way").get<int>());
    for (const auto& cache : json.at("caches")) {
        request.caches.push_back({cache.at(0).get<std::string>(), cache.at(1).get<std::string>()});
    }
    request.repository = rules_value(json.at("repository"));
    if (json.contains("owner")) {
        const Json& owner = json.at("owner");
        request.owner = ReleaseOwner{owner.at(0).get<uid_t>(), owner.at(1).get<gid_t>()};
    }
    if (json.contains("previous")) {
        const Json& previous = json.at("previous");
        request.previous.emplace(needed_id(previous.at(0)), previous.at(1).get<std::string>());
    }
    return request;
}

Json value_json(const std::optional<CommitId>& tip) {
    return id_json(tip);
}
Json value_json(bool done) {
    return done;
}
Json value_json(std::uint64_t bytes) {
    return bytes;
}
Json value_json(const std::vector<std::string>& texts) {
    return texts;
}

Json value_json(const std::vector<Finding>& findings) {
    Json list = Json::array();
    for (const Finding& one : findings) {
        list.push_back({one.check, static_cast<int>(one.verdict), one.found, one.mend});
    }
    return list;
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
                         {"ancestor_of", fact.ancestor_of},
                         {"paths_changed", fact.paths_changed},
                         {"skip_asked", fact.skip_asked}});
    }
    return {{"tip", id_json(result.tip)},
            {"tip_tag", result.tip_tag},
            {"live_known", result.live_known},
            {"facts", std::move(facts)}};
}

Json value_json(const Released& released) {
    return {{"subject", released.text.subject},
            {"author", released.text.author},
            {"files", released.files},
            {"bytes", released.bytes},
            {"written", released.written},
            {"notes", released.notes},
            {"settings", settings_json(released.settings)}};
}

void read_value(const Json& json, std::optional<CommitId>& tip) {
    tip = optional_id(json);
}
void read_value(const Json& json, bool& done) {
    json.get_to(done);
}
void read_value(const Json& json, std::uint64_t& bytes) {
    json.get_to(bytes);
}
void read_value(const Json& json, std::vector<std::string>& texts) {
    json.get_to(texts);
}

void read_value(const Json& json, std::vector<Finding>& findings) {
    for (const auto& entry : json) {
        findings.push_back({entry.at(0).get<std::string>(),
                            static_cast<Verdict>(entry.at(1).get<int>()),
                            entry.at(2).get<std::string>(), entry.at(3).get<std::string>()});
    }
}

void read_value(const Json& json, FetchResult& result) {
    result.tip = optional_id(json.at("tip"));
    json.at("tip_tag").get_to(result.tip_tag);
    json.at("live_known").get_to(result.live_known);
    for (const auto& entry : json.at("facts")) {
        CommitFacts facts{.id = needed_id(entry.at("id"))};
        entry.at("present").get_to(facts.present);
        entry.at("is_commit").get_to(facts.is_commit);
        entry.at("on_ref").get_to(facts.on_ref);
        entry.at("ancestor_of_live").get_to(facts.ancestor_of_live);
        entry.at("descends_from_live").get_to(facts.descends_from_live);
        entry.at("ancestor_of").get_to(facts.ancestor_of);
        entry.at("paths_changed").get_to(facts.paths_changed);
        entry.at("skip_asked").get_to(facts.skip_asked);
        result.facts.push_back(std::move(facts));
    }
}

void read_value(const Json& json, Released& released) {
    json.at("subject").get_to(released.text.subject);
    json.at("author").get_to(released.text.author);
    json.at("files").get_to(released.files);
    json.at("bytes").get_to(released.bytes);
    json.at("written").get_to(released.written);
    json.at("notes").get_to(released.notes);
    released.settings = settings_value(json.at("settings"));
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
    json["paths"] = request.fetch.paths;
    json["repository"] = rules_json(request.fetch.repository);
    json["asked"] = request.fetch.asked.time_since_epoch().count();
    if (request.verify) json["verify"] = verify_json(*request.verify);
    if (request.materialise) json["materialise"] = materialise_json(*request.materialise);
    json["directory"] = request.directory;
    json["keep_spare"] = request.remove.keep_spare;
    json["keep_folders"] = request.remove.keep_folders;
    json["releases"] = Json::array();
    for (const auto& [id, directory] : request.remove.releases) {
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
        json.at("paths").get_to(request.fetch.paths);
        request.fetch.repository = rules_value(json.at("repository"));
        request.fetch.asked = Instant(Instant::duration(json.at("asked").get<Instant::rep>()));
        if (json.contains("verify")) request.verify = verify_value(json.at("verify"));
        if (json.contains("materialise")) {
            request.materialise = materialise_value(json.at("materialise"));
        }
        json.at("directory").get_to(request.directory);
        json.at("keep_spare").get_to(request.remove.keep_spare);
        json.at("keep_folders").get_to(request.remove.keep_folders);
        for (const auto& entry : json.at("releases")) {
            request.remove.releases.emplace_back(needed_id(entry.at("commit")),
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
std::string encode_answer(const GitResult<std::uint64_t>& result) {
    return encode_result(result);
}
std::string encode_answer(const GitResult<std::vector<std::string>>& result) {
    return encode_result(result);
}
std::string encode_answer(const GitResult<std::vector<Finding>>& result) {
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
template GitResult<std::uint64_t> decode_answer(std::string_view);
template GitResult<std::vector<std::string>> decode_answer(std::string_view);
template GitResult<std::vector<Finding>> decode_answer(std::string_view);

}  // namespace lastgood::git
