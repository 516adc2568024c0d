#include "cli/programs.h"

#include <sys/stat.h>

#include "base/temp_dir.h"

namespace lastgood::cli {
namespace {

std::optional<std::string> shell_word(const std::string& text) {
    return program_of({{"/bin/sh", "-c", text}, text});
}

TEST(Programs, AreWhatACommandBeginsWith) {
    EXPECT_EQ(shell_word("node dist/server.js"), "node");
    EXPECT_EQ(shell_word("exec  ./server --port 3000"), "./server");
    EXPECT_EQ(shell_word("NODE_ENV=production exec node ."), "node");
    EXPECT_EQ(shell_word("env A=b python3 app.py"), "python3");
    EXPECT_EQ(program_of({{"/usr/bin/node", "x"}, ""}), "/usr/bin/node");
    for (const char* shells : {"cd dist && node .", "$NODE server.js", "\"my server\" x", "",
                               "if true; then node; fi", "env -i node", "(node)"}) {
        EXPECT_FALSE(shell_word(shells)) << shells;
    }
}

std::vector<std::string> named(const std::string& line) {
    return named_programs({{"/bin/sh", "-c", line}, line});
}

TEST(Programs, AreFoundInEachPartOfALine) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(named("[ -d node_modules ] || npm ci --include=dev"), Names{"npm"});
    EXPECT_EQ(named("cd web && npm ci && npm run build | tee log"), (Names{"npm", "tee"}));
    EXPECT_EQ(named("A=1 go build -o server .\nstrip server"), (Names{"go", "strip"}));
    EXPECT_EQ(named(".venv/bin/python -m pip install ."), Names{});
    EXPECT_EQ(named("npm run build 2>&1 | tee log"), (Names{"npm", "tee"}));
    EXPECT_EQ(named("make &>log; strip server >&2 || exit 1"), (Names{"make", "strip"}));
    EXPECT_EQ(named("if true; then exit 3; else return; fi"), Names{});
    EXPECT_EQ(named("make \"CC=gcc && g++\""), Names{"make"});
    EXPECT_EQ(named("echo 'npm && go'"), Names{});
    EXPECT_EQ(named_programs({{"bundle", "install"}, ""}), Names{"bundle"});
}

TEST(Programs, AreLookedForInEachFolder) {
    const test::TempDir folder;
    test::put(folder / "tool", "#!/bin/sh");
    EXPECT_EQ(find_program("tool", "/nonexistent:" + folder.path()), "");
    chmod((folder / "tool").c_str(), 0755);
    EXPECT_EQ(find_program("tool", ":/nonexistent:" + folder.path()), folder / "tool");
    EXPECT_EQ(how_to_install("bundle"), "apt install bundler");
    EXPECT_EQ(how_to_install("yarn"), "npm install --global yarn");
    EXPECT_EQ(how_to_install("deno"), "install it");
}

}  // namespace
}  // namespace lastgood::cli
