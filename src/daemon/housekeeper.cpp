#include "daemon/housekeeper.h"

#include <filesystem>

#include "daemon/mirrors.h"

namespace lastgood::daemon {
void Housekeeper::add(git::Remote remote) {
    const std::string path = real_mirror(remote);
    auto [place, is_new] = mirrors_.try_emplace(path);
    if (!is_new) return;
    place->second.remote = std::move(remote);
    schedule(place->second, limits::kMaintainFirst);
}

void Housekeeper::make_way(const git::Remote& remote) {
    const auto found = mirrors_.find(real_mirror(remote));
    if (found == mirrors_.end()) return;
    found->second.session.reset();
    // Each deployment brings a pack and may leave an old release's objects.
    schedule(found->second, limits::kMaintainFirst);
}

std::uint64_t Housekeeper::bytes(const git::Remote& remote) const {
    const auto found = mirrors_.find(real_mirror(remote));
    return found == mirrors_.end() ? 0 : found->second.bytes;
}

void Housekeeper::schedule(Mirror& mirror, Millis after) {
    mirror.timer = site_.loop.after(after, [this, &mirror] { begin(mirror); });
}

void Housekeeper::begin(Mirror& mirror) {
    std::error_code unknown;
    const bool is_there = std::filesystem::exists(mirror.remote.mirror, unknown);
    if (!is_there || is_busy_(real_mirror(mirror.remote)))
        return schedule(mirror, limits::kMaintainFirst);
    mirror.session = git::Session::open(site_.loop, site_.reaper, site_.program, mirror.remote);
    mirror.session->maintain([this, &mirror](const git::GitResult<std::uint64_t>& done) {
        mirror.session.reset();
        if (done.value) {
            mirror.bytes = *done.value;
        } else {
            site_.log.warn("git", done.error.error.text());
        }
        schedule(mirror, limits::kMaintainEvery);
    });
}

}  // namespace lastgood::daemon
