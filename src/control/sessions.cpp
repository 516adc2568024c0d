#include "control/sessions.h"

#include <algorithm>

#include "lastgood/base/secret.h"

namespace lastgood::control {
namespace {

constexpr std::size_t kRandomBytes = 32;

}  // namespace

bool Sessions::is_over(const Session& session, Instant now) {
    return now - session.used >= limits::kSessionIdleMax ||
           now - session.begun >= limits::kSessionAgeMax;
}

const Session& Sessions::begin(Role role, std::string name, std::string token, Instant now) {
    sessions_.remove_if([now](const Session& one) { return is_over(one, now); });
    while (sessions_.size() >= limits::kSessionsMax) sessions_.pop_back();
    sessions_.push_front({random_hex(kRandomBytes), random_hex(kRandomBytes), std::move(name),
                          std::move(token), role, now, now});
    return sessions_.front();
}

const Session* Sessions::use(std::string_view id, std::string_view key, Instant now) {
    sessions_.remove_if([now](const Session& one) { return is_over(one, now); });
    const auto found =
        std::find_if(sessions_.begin(), sessions_.end(),
                     [id](const Session& session) { return same_secret(session.id, id); });
    if (found == sessions_.end() || !same_secret(found->key, key)) return nullptr;
    found->used = now;
    sessions_.splice(sessions_.begin(), sessions_, found);
    return &sessions_.front();
}

bool Sessions::holds(std::string_view id, Instant now) const {
    return std::any_of(sessions_.begin(), sessions_.end(), [id, now](const Session& session) {
        return same_secret(session.id, id) && !is_over(session, now);
    });
}

void Sessions::end(std::string_view id) {
    sessions_.remove_if([id](const Session& session) { return same_secret(session.id, id); });
}

void Sessions::keep(const std::function<Role(const std::string& token)>& role_of) {
    sessions_.remove_if(
        [&role_of](const Session& session) { return role_of(session.token) != session.role; });
}

}  // namespace lastgood::control
