#include "fleet/memory.h"

#include "fleet/fields.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::fleet {
namespace {

constexpr std::size_t kFileBytesMax = 16 << 20;

std::string path_in(const std::string& folder) {
    return folder + "/memory.json";
}

Json one_json(const core::MemberMemory& memory) {
    Json json = {{"cluster", std::to_string(memory.cluster)}, {"revision", memory.revision}};
    put_number(json, "seen", memory.seen.number);
    put_text(json, "seen_id", memory.seen.id);
    put_commit(json, "seen_commit", memory.seen.commit);
    if (memory.seen.at != WallTime{}) put_time(json, "seen_at", memory.seen.at);
    put_text(json, "wish", memory.wish);
    put_commit(json, "granted", memory.granted);
    json["order"] = memory.order;
    put_text(json, "tried_wish", memory.tried_wish);
    put_commits(json, "tried", {memory.tried.begin(), memory.tried.end()});
    json["outcome"] = core::to_string(memory.outcome);
    put_text(json, "reason", memory.reason);
    json["orders"] = memory.orders;
    if (memory.refusal) {
        json["refusal"] = {{"up_to", memory.refusal->up_to}, {"reason", memory.refusal->reason}};
    }
    put_commits(json, "quarantine", {memory.quarantine.begin(), memory.quarantine.end()});
    put_commits(json, "bad_before", {memory.bad_before.begin(), memory.bad_before.end()});
    return json;
}

std::set<CommitId> commit_set(const Json& json, const char* name) {
    const auto commits = commits_of(json, name);
    return {commits.begin(), commits.end()};
}

core::MemberMemory one_of(const Json& json) {
    core::MemberMemory memory;
    const std::string cluster = text_of(json, "cluster");
    if (cluster.empty() || cluster.find_first_not_of("0123456789") != std::string::npos ||
        cluster.size() > 20) {
        throw BadField{"cluster is no number"};
    }
    memory.cluster = std::strtoull(cluster.c_str(), nullptr, 10);
    memory.revision = number_of(json, "revision");
    memory.seen = {number_of(json, "seen"), text_of(json, "seen_id"),
                   maybe_commit(json, "seen_commit"),
                   maybe_time(json, "seen_at").value_or(WallTime{})};
    memory.wish = text_of(json, "wish");
    memory.granted = maybe_commit(json, "granted");
    memory.order = static_cast<std::uint64_t>(number_of(json, "order"));
    memory.tried_wish = text_of(json, "tried_wish");
    memory.tried = commit_set(json, "tried");
    memory.outcome = word_of<core::GrantOutcome>(json, "outcome", core::parse_grant_outcome);
    memory.reason = text_of(json, "reason");
    memory.orders = static_cast<std::uint64_t>(number_of(json, "orders"));
    if (has(json, "refusal")) {
        const Json& refusal = map_of(json, "refusal");
        memory.refusal = core::Refusal{number_of(refusal, "up_to"), text_of(refusal, "reason")};
    }
    memory.quarantine = commit_set(json, "quarantine");
    memory.bad_before = commit_set(json, "bad_before");
    return memory;
}

}  // namespace

std::string encode(const AgentMemory& memory) {
    Json apps = Json::object();
    for (const auto& [app, one] : memory.apps) apps[app.str()] = one_json(one);
    return Json{{"lease", memory.lease}, {"apps", std::move(apps)}}.dump(
        -1, ' ', false, Json::error_handler_t::replace);
}

Expected<AgentMemory> decode_memory(std::string_view text) {
    return read_object<AgentMemory>(text, "the fleet's memory", [](const Json& json) {
        AgentMemory memory;
        memory.lease = number_of(json, "lease");
        for (const auto& [name, one] : map_of(json, "apps").items()) {
            auto app = AppName::parse(name);
            if (!app) throw BadField{"an app's name is none"};
            memory.apps.emplace(*std::move(app), one_of(an_object(one)));
        }
        return memory;
    });
}

Expected<AgentMemory> load_memory(const std::string& folder) {
    if (!sys::exists(path_in(folder))) return AgentMemory{};
    auto text = sys::read_file(path_in(folder), kFileBytesMax);
    if (!text) return text.error();
    auto memory = decode_memory(*text);
    if (!memory) return Error{path_in(folder) + ": " + memory.error().what, ""};
    return memory;
}

Expected<void> save_memory(const std::string& folder, const AgentMemory& memory) {
    if (auto made = sys::make_directories(folder, 0750); !made) return made;
    return sys::write_file_atomically(path_in(folder), encode(memory), 0640);
}

}  // namespace lastgood::fleet
