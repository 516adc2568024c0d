#include "config/yaml.h"

#include "config/fixture.h"
#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

std::string place(const Loaded& loaded) {
    if (loaded.faults.size() != 1) return faults_of(loaded);
    return std::to_string(loaded.faults[0].line) + ":" + std::to_string(loaded.faults[0].column);
}

int line_of_only_fault(const std::string& yaml) {
    const auto loaded = World{}.read(yaml);
    EXPECT_EQ(loaded.faults.size(), 1U) << yaml << faults_of(loaded);
    EXPECT_TRUE(contains(faults_of(loaded), "YAML: ")) << faults_of(loaded);
    return loaded.faults.empty() ? 0 : loaded.faults[0].line;
}

TEST(Yaml, SyntaxErrorsAreFaultsWithTheirPlace) {
    EXPECT_EQ(line_of_only_fault("apps:\n  a: [1, 2\nb: 1\n"), 3);
    EXPECT_EQ(line_of_only_fault("apps:\n\ta: 1\n"), 2);
    EXPECT_EQ(place(World{}.read("a: *nowhere\n")), "1:4");
    EXPECT_EQ(line_of_only_fault("apps:\n  a: b: c\n"), 2);
    const std::string colon = faults_of(World{}.read(one_app("build: echo \"a: b\"\n")));
    EXPECT_TRUE(contains(colon, "quote the whole value")) << colon;
}

TEST(Yaml, ATabThatIndentsIsToldAsThat) {
    for (const std::string yaml : {"apps:\n\ta:\n\t\trepo: /srv/a.git\n",
                                   "apps:\n  a:\n  \trepo: /srv/a.git\n  \trun: x\n"}) {
        const auto loaded = World{}.read(yaml);
        ASSERT_EQ(loaded.faults.size(), 1U) << yaml << faults_of(loaded);
        EXPECT_TRUE(contains(faults_of(loaded), "a tab can't indent a line")) << faults_of(loaded);
    }
}

TEST(Yaml, WhatTheLibrarySaysIsExplained) {
    const std::vector<std::pair<std::string, std::string>> table = {
        {"run x\nbranch: b\n", "a colon that is missing in the line before"},
        {"build: [a, b\nbranch: c\n", "a ] or a comma that is missing"},
        {"env: { A: b\nbranch: c\n", "a } or a comma that is missing"},
        {"paths: [*.js]\n", "quote a value that begins with *"},
        {"branch: @x\n", "quote a value that begins with such a character"}};
    for (const auto& [lines, words] : table) {
        const std::string faults = faults_of(World{}.read(one_app(lines)));
        EXPECT_TRUE(contains(faults, words)) << lines << faults;
    }
    const std::string indented = faults_of(World{}.read(one_app("branch: b\n") + "   poll: 1m\n"));
    EXPECT_TRUE(contains(indented, "begin the line as far in as the keys")) << indented;
}

TEST(Yaml, AQuoteThatIsNotClosedIsAFault) {
    for (const std::string quote : {"\"", "'"}) {
        for (const std::string end : {"", "\n", "\nc: d\n"}) {
            const auto loaded = World{}.read("a: " + quote + "b" + end);
            ASSERT_EQ(loaded.faults.size(), 1U) << end;
            EXPECT_EQ(loaded.faults[0].message, "YAML: a quoted text is not closed");
        }
    }
}

TEST(Yaml, BlocksOfTextKeepTheirLines) {
    for (const std::string end : {"", "\n", "\n\n", "\n...\n"}) {
        const auto loaded =
            World{}.read("apps:\n  a:\n    repo: /a\n    run: |\n      cd x\n      exec y" + end);
        ASSERT_TRUE(loaded.config) << faults_of(loaded);
        EXPECT_EQ(loaded.config->apps[0].run.text, "cd x\nexec y\n");
    }
}

TEST(Yaml, DuplicateKeysAreFaultsAtAnyDepth) {
    const auto loaded = World{}.read(one_app("poll: 1m\npoll: 2m\nenv: { A: x, A: y }"));
    ASSERT_EQ(loaded.faults.size(), 2U) << faults_of(loaded);
    EXPECT_EQ(loaded.faults[0].text(),
              "/etc/lastgood/lastgood.yaml:6:5: the key `poll` is given twice, first on line 5");
    EXPECT_EQ(loaded.faults[1].line, 7);
    EXPECT_EQ(loaded.faults[1].column, 18);
}

TEST(Yaml, NothingOfTheFileReachesATerminalAsItIs) {
    for (const std::string odd : {"\x1b[2J", "\\e[2J", "\\n", "\\x9b2J", "\\r"}) {
        const std::string quoted = "\"x" + odd + "\"";
        for (const std::string key : {"branch", "listen", "env_file", "poll", "workdir", "repo"}) {
            const auto loaded =
                World{}.read("apps:\n  a:\n    run: ./a\n    webhook: { secret_file: " + quoted +
                             " }\n    " + key + ": " + quoted + "\n");
            EXPECT_FALSE(loaded.faults.empty());
            for (const Fault& fault : loaded.faults) {
                EXPECT_EQ(fault.message, printable(fault.message));
            }
        }
    }
}

TEST(Yaml, EmptyAndOddDocumentsAreFaults) {
    for (const char* yaml : {"", "\n", "# only a comment\n", "---\n", "~\n"}) {
        const auto loaded = World{}.read(yaml);
        ASSERT_EQ(loaded.faults.size(), 1U) << yaml << faults_of(loaded);
        EXPECT_TRUE(contains(loaded.faults[0].message, "`lastgood init`")) << yaml;
    }
    EXPECT_TRUE(contains(faults_of(World{}.read("- a\n")), "expected a map of keys, not a list"));
    EXPECT_TRUE(contains(faults_of(World{}.read("a\n")), "not a single value"));
    EXPECT_TRUE(contains(faults_of(World{}.read("a: 1\n---\nb: 1\n")), "only one YAML document"));
    EXPECT_TRUE(contains(faults_of(World{}.read("? [a]\n: b\n")), "a key must be a word"));
    EXPECT_TRUE(contains(faults_of(World{}.read("a: !include x\n")), "tags are not used"));
    EXPECT_TRUE(contains(faults_of(World{}.read("a: \"x\\0y\"\n")), "NUL"));
    EXPECT_EQ(place(World{}.read("a: b\nc: d\xff\n")), "2:5");
}

TEST(Yaml, AnchorsWorkForWhatIsWrittenOften) {
    const auto loaded = World{}.read(
        "apps:\n  a: { repo: /a, run: a, env: &env { A: x } }\n  b: { repo: /b, run: b, env: *env "
        "}\n");
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    EXPECT_EQ(loaded.config->apps[1].env.at("A"), "x");
    EXPECT_TRUE(contains(faults_of(World{}.read("a: &a [*a]\n")), "alias"));
    EXPECT_TRUE(contains(faults_of(World{}.read("a: &a {b: 1}\nc: {<<: *a}\n")), "merge keys"));
}

TEST(Yaml, AnchorsThatMultiplyAreStopped) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        const std::string name = "a" + std::to_string(i);
        bomb += name + ": &" + name + " [";
        for (int j = 0; j < 9; ++j) bomb.append(last).append(", ");
        bomb.append(last).append("]\n");
    }
    EXPECT_TRUE(contains(faults_of(World{}.read(bomb)), "too many values"));
}

TEST(Yaml, SizeAndDepthAreBounded) {
    EXPECT_TRUE(
        contains(faults_of(World{}.read("a: " + std::string(1 << 20, 'x'))), "larger than"));
    EXPECT_TRUE(contains(
        faults_of(World{}.read("a: " + std::string(40, '[') + std::string(40, ']') + "\n")),
        "nested too deeply"));
    for (const char* piece :
         {"[", "{", "- ", "? ", "{a: ", "&a ", "*a ", "! ", "\"", "|\n", "- &a "}) {
        std::string hostile;
        while (hostile.size() < 20'000) hostile += piece;
        EXPECT_FALSE(World{}.read(hostile).faults.empty()) << piece;
    }
}

TEST(Yaml, PlacesCountFromOne) {
    const auto document = read_yaml("a: b\nc:\n  - d\n  - 'e'\n");
    ASSERT_EQ(document.root.entries.size(), 2U);
    EXPECT_EQ(document.root.entries[0].mark, (Mark{1, 1}));
    EXPECT_EQ(document.root.entries[0].value.mark, (Mark{1, 4}));
    EXPECT_EQ(document.root.entries[1].value.items.at(0).mark, (Mark{3, 5}));
    EXPECT_EQ(document.root.entries[1].value.items.at(1).mark, (Mark{4, 5}));
}

TEST(Variables, AreTakenFromTheEnvironment) {
    World world;
    world.variables = {{"A", "1"}, {"B", "x: [y"}, {"EMPTY", ""}};
    const App app = app_with(
        "env: { A: '${A}${A}', B: \"${B}\", C: '${NO:-a b}', D: '${EMPTY:-x}', E: 'e${EMPTY}', F: "
        "'$A $ $$', G: '$${A} ${A}', H: '${NO:-}' }",
        world);
    EXPECT_EQ(app.env, (std::map<std::string, std::string>{{"A", "11"},
                                                           {"B", "x: [y"},
                                                           {"C", "a b"},
                                                           {"D", "x"},
                                                           {"E", "e"},
                                                           {"F", "$A $ $$"},
                                                           {"G", "${A} 1"},
                                                           {"H", ""}}));
    EXPECT_EQ(app_with("keep_releases: ${A}", world).rules.keep_releases, 1);
    EXPECT_EQ(app_with("build: [[echo, '${A}']]", world).build.at(0).argv.at(1), "1");
}

TEST(Variables, ThatAreNotSetAreFaultsThatNameThem) {
    EXPECT_TRUE(contains(fault_with("poll: ${NOT_SET}"), "NOT_SET is not set"));
    EXPECT_TRUE(contains(fault_with("build: ['a', '${NOT_SET}']"), "NOT_SET is not set"));
    EXPECT_TRUE(contains(fault_with("env: { A: '${NOT_SET}' }"), "NOT_SET is not set"));
    EXPECT_TRUE(contains(fault_with("env: { A: '${' }"), "without its }"));
    EXPECT_TRUE(contains(fault_with("env: { A: '${A-b}' }"), "names no environment variable"));
    EXPECT_TRUE(contains(fault_with("env: { A: '${1}' }"), "names no environment variable"));
}

}  // namespace
}  // namespace lastgood::config
