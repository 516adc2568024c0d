#include "daemon/reload.h"

#include <gtest/gtest.h>

#include <functional>

namespace lastgood::daemon {
namespace {

config::App app() {
    config::App app{.name = *AppName::parse("a")};
    app.repo = "/srv/a.git";
    app.run = {{"/bin/sh", "-c", "./a"}, "./a"};
    app.listen = {{"127.0.0.1", 3000}};
    app.env = {{"A", "1"}};
    return app;
}

AppChange after(const std::function<void(config::App&)>& change) {
    config::App changed = app();
    change(changed);
    return change_of(app(), changed);
}

TEST(Reload, WhatNoProcessIsStartedWithLeavesItAlone) {
    EXPECT_EQ(AppChange::settings, after([](auto&) {}));
    EXPECT_EQ(AppChange::settings, after([](auto& a) { a.poll = Millis(1'000); }));
    EXPECT_EQ(AppChange::settings, after([](auto& a) { a.paths = {"src/"}; }));
    EXPECT_EQ(AppChange::settings, after([](auto& a) { a.rules.probation = Millis(1); }));
    EXPECT_EQ(AppChange::settings, after([](auto& a) { a.followed.branch = "next"; }));
    EXPECT_EQ(AppChange::settings, after([](auto& a) { a.webhook.secrets = {"new"}; }));
    EXPECT_EQ(AppChange::settings, after([](auto& a) { a.ready.within = Millis(1); }));
    EXPECT_EQ(AppChange::settings, after([](auto& a) { a.memory_max = 1 << 20; }));
}

TEST(Reload, WhatAProcessIsStartedWithNeedsAFreshOne) {
    EXPECT_EQ(AppChange::fresh_process, after([](auto& a) { a.env["A"] = "2"; }));
    EXPECT_EQ(AppChange::fresh_process, after([](auto& a) { a.env["B"] = "1"; }));
    EXPECT_EQ(AppChange::fresh_process, after([](auto& a) { a.env_file = "/etc/a.env"; }));
    EXPECT_EQ(AppChange::fresh_process, after([](auto& a) { a.run.argv = {"./b"}; }));
    EXPECT_EQ(AppChange::fresh_process, after([](auto& a) { a.workdir = "sub"; }));
    EXPECT_EQ(AppChange::fresh_process, after([](auto& a) { a.limits.nofile = 100; }));
    EXPECT_EQ(AppChange::fresh_process, after([](auto& a) { a.preload = true; }));
}

TEST(Reload, AnotherAddressOrUserIsAnotherPlace) {
    EXPECT_EQ(AppChange::another_place, after([](auto& a) { a.listen[0].port = 3001; }));
    EXPECT_EQ(AppChange::another_place, after([](auto& a) { a.listen.clear(); }));
    EXPECT_EQ(AppChange::another_place, after([](auto& a) { a.account.user = "web"; }));
}

TEST(Reload, NamesWhatOnlyARestartChanges) {
    config::Config before;
    before.webhook.listen = config::ListenAddress{"0.0.0.0", 8787};
    config::Config next = before;
    EXPECT_TRUE(keep_for_restart(before, next).empty());
    next.state_dir = "/srv/lastgood";
    next.webhook.listen->port = 9000;
    next.log.keep = 9;
    EXPECT_EQ((std::vector<std::string>{"state_dir", "webhook.listen", "log"}),
              keep_for_restart(before, next));
    EXPECT_EQ(before.state_dir, next.state_dir);
    EXPECT_EQ(8787, next.webhook.listen->port);
    EXPECT_EQ(before.log.keep, next.log.keep);
}

}  // namespace
}  // namespace lastgood::daemon
