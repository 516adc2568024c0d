// What a member of etcd, or whoever took its place, sends: answers, watches, values of the group.
#include <cstdint>
#include <string_view>

#include "fleet/etcd_json.h"
#include "fleet/memory.h"
#include "fleet/watch_feed.h"
#include "fuzz/check.h"
#include "lastgood/fleet/channel.h"
#include "lastgood/fleet/group_view.h"
#include "lastgood/fleet/values.h"

using namespace lastgood;
using namespace lastgood::fleet;

namespace {

// What was read is written so that it is read the same again.
template <typename T>
void value(std::string_view text) {
    const auto read = decode<T>(text);
    if (!read) return;
    const auto again = decode<T>(encode(*read));
    FUZZ_CHECK(again.ok());
    FUZZ_CHECK(encode(*again) == encode(*read));
}

void answers(std::string_view text) {
    (void)read_range(text);
    (void)read_txn(text);
    (void)read_grant(text);
    (void)read_keep_alive(text);
    (void)read_login(text);
    (void)read_status(text);
    (void)read_members(text);
    (void)read_error(text);
}

void watch(std::string_view text) {
    WatchFeed feed({{"a", {}, 1}, {"b", {}, 7}});
    GroupView group(group_prefix("g"));
    const auto on_news = [&group](const WatchNews& news) {
        FUZZ_CHECK(news.range < 2);
        for (const Event& event : news.events) {
            FUZZ_CHECK(event.kv.mod_revision >= (news.range == 0 ? 1 : 7));
            if (event.deleted) {
                group.remove(event.kv.key);
            } else {
                (void)group.put(event.kv);
            }
        }
        return true;
    };
    // In two pieces it is the same stream.
    const auto middle = text.size() / 2;
    if (feed.take(text.substr(0, middle), on_news)) (void)feed.take(text.substr(middle), on_news);
}

void keys(std::string_view text) {
    const auto line = text.find('\n');
    if (line == std::string_view::npos) return;
    GroupView group(group_prefix("g"));
    const KeyValue kv{"/lastgood/g/" + std::string(text.substr(0, line)),
                      std::string(text.substr(line + 1)),
                      1,
                      1,
                      1,
                      0};
    (void)group.put(kv);
    group.remove(kv.key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    answers(text);
    watch(text);
    keys(text);
    value<core::Proposal>(text);
    value<core::Wish>(text);
    value<core::Rollout>(text);
    value<core::FleetGood>(text);
    value<core::BadCommit>(text);
    value<core::Grant>(text);
    value<core::FleetEntry>(text);
    value<core::FleetPause>(text);
    value<core::HostRecord>(text);
    value<core::HostApp>(text);
    if (const auto memory = decode_memory(text)) {
        const auto again = decode_memory(encode(*memory));
        FUZZ_CHECK(again.ok() && *again == *memory);
    }
    if (const auto message = decode_to_agent(text))
        FUZZ_CHECK(decode_to_agent(encode(*message)).ok());
    if (const auto message = decode_from_agent(text)) {
        FUZZ_CHECK(decode_from_agent(encode(*message)).ok());
    }
    return 0;
}
