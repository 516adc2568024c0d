#include "cli/complete.h"

#include <gtest/gtest.h>

namespace lastgood::cli {
namespace {

CommandInfo program() {
    CommandInfo deploy{"deploy", "Put a commit live", {}, {}, {}};
    deploy.options = {{{"--json"}, "", "Print JSON", false, false},
                      {{"--no-wait"}, "", "Don't wait", false, false}};
    deploy.positionals = {{{"APP"}, "APP", "", true, false},
                          {{"COMMIT"}, "COMMIT", "", false, false}};
    CommandInfo rollback{"rollback", "Go back", {}, {}, {}};
    rollback.options = {{{"--to"}, "COMMIT", "", false, false}};
    rollback.positionals = {{{"APP"}, "APP", "", true, false}};
    CommandInfo release{"release", "Free one", {}, {}, {}};
    release.positionals = deploy.positionals;
    CommandInfo quarantine{"quarantine", "Show them", {}, {}, {release}};
    quarantine.positionals = {{{"APP"}, "APP", "", false, false}};
    CommandInfo logs{"logs", "Show output", {}, {}, {}};
    logs.options = {{{"-f", "--follow"}, "", "", false, false},
                    {{"--level"}, "LEVEL", "", false, false}};
    logs.positionals = {{{"APP"}, "APP", "", false, true}};
    CommandInfo whole{"lastgood", "", {}, {}, {deploy, rollback, quarantine, logs}};
    whole.options = {{{"--config"}, "FILE", "", false, false}};
    return whole;
}

std::vector<std::string> offered(const std::vector<std::string>& words) {
    std::vector<std::string> found;
    for (const Candidate& one : complete(program(), words).candidates) found.push_back(one.word);
    return found;
}

std::vector<Wanted> wanted(const std::vector<std::string>& words) {
    return complete(program(), words).wanted;
}

using Words = std::vector<std::string>;
using Wants = std::vector<Wanted>;

TEST(Complete, OffersCommandsByTheirBeginning) {
    EXPECT_EQ(offered({""}), (Words{"deploy", "rollback", "quarantine", "logs"}));
    EXPECT_EQ(offered({"de"}), Words{"deploy"});
    EXPECT_EQ(offered({"--config", "x.yaml", "ro"}), Words{"rollback"});
    EXPECT_EQ(offered({"nonsense", "de"}), Words{});
}

TEST(Complete, OffersTheOptionsOfTheCommandAndOfTheProgram) {
    EXPECT_EQ(offered({"deploy", "--"}), (Words{"--config", "--json", "--no-wait"}));
    EXPECT_EQ(offered({"deploy", "backend", "--n"}), Words{"--no-wait"});
    EXPECT_EQ(offered({"deploy", "--", "--n"}), Words{}) << "behind -- nothing is an option";
}

TEST(Complete, KnowsWhatEachPlaceTakes) {
    EXPECT_EQ(wanted({"deploy", ""}), Wants{Wanted::app});
    EXPECT_EQ(wanted({"deploy", "backend", ""}), Wants{Wanted::commit});
    EXPECT_EQ(wanted({"deploy", "--json", "backend", ""}), Wants{Wanted::commit});
    EXPECT_EQ(wanted({"deploy", "backend", "3f2a", ""}), Wants{});
    EXPECT_EQ(wanted({"rollback", "backend", "--to", ""}), Wants{Wanted::good_commit});
    EXPECT_EQ(wanted({"quarantine", "release", "backend", ""}), Wants{Wanted::quarantined});
    EXPECT_EQ(wanted({"logs", "a", "b", ""}), Wants{Wanted::app}) << "it takes many";
    EXPECT_EQ(wanted({"--config", ""}), Wants{Wanted::file});
    EXPECT_EQ(complete(program(), {"deploy", "backend", ""}).app, "backend");
    EXPECT_EQ(complete(program(), {"--config", "x.yaml", "deploy", ""}).config, "x.yaml");
}

TEST(Complete, OffersSubcommandsBesideApps) {
    EXPECT_EQ(offered({"quarantine", ""}), Words{"release"});
    EXPECT_EQ(wanted({"quarantine", ""}), Wants{Wanted::app});
}

TEST(Complete, OffersTheWordsOfAnOption) {
    EXPECT_EQ(offered({"logs", "--level", ""}).size(), 5U);
    EXPECT_EQ(offered({"logs", "-f", "--level", "w"}), Words{"warn"});
}

}  // namespace
}  // namespace lastgood::cli
