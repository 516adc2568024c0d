// What is published beside the parser (schema, example, manual) must say what the parser does.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/fixture.h"
#include "lastgood/base/strings.h"
#include "lastgood/config/keys.h"

namespace lastgood::config {
namespace {

std::string project_file(const std::string& name) {
    std::ifstream file(std::string(LASTGOOD_TEST_DATA) + "/../../" + name);
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_FALSE(text.str().empty()) << name;
    return text.str();
}

std::vector<std::string> sorted(std::vector<std::string> words) {
    std::sort(words.begin(), words.end());
    return words;
}

TEST(Published, TheSchemaHasTheKeysThatTheParserKnows) {
    const auto schema = nlohmann::json::parse(project_file("config/lastgood.schema.json"));
    for (const SectionKeys& section : all_sections()) {
        const nlohmann::json* node = &schema;
        for (const std::string& part : split(section.place, '.')) {
            if (part.empty()) continue;
            node = part == "APP"  ? &node->at("additionalProperties")
                   : part == "[]" ? &node->at("items")
                                  : &node->at("properties").at(part);
        }
        std::vector<std::string> names;
        for (const auto& [name, rule] : node->at("properties").items()) names.push_back(name);
        EXPECT_EQ(names, sorted(section.known)) << section.place;
        EXPECT_EQ(node->at("additionalProperties").is_boolean(), true) << section.place;
    }
}

TEST(Published, TheManualNamesEachKey) {
    const std::string manual = project_file("docs/config.md");
    const auto apps_begin = manual.find("## An app");
    ASSERT_NE(apps_begin, std::string::npos);
    constexpr std::string_view kApp = "apps.APP";
    for (const SectionKeys& section : all_sections()) {
        std::string within(section.place);
        if (const auto entry = within.find(".[]"); entry != std::string::npos) {
            within.erase(entry, 3);
        }
        std::string_view place = within;
        const bool of_app = place.starts_with(kApp);
        if (of_app) place.remove_prefix(std::min(place.size(), kApp.size() + 1));
        const std::string part = of_app ? manual.substr(apps_begin) : manual.substr(0, apps_begin);
        for (const std::string& key : section.known) {
            const std::string name = place.empty() ? key : std::string(place) + "." + key;
            EXPECT_TRUE(contains(part, "| `" + name + "`")) << section.place << ": " << name;
        }
    }
}

TEST(Published, TheExampleIsAValidConfig) {
    World world;
    world.files["/etc/lastgood/secrets/backend"] = "0123456789abcdef0123456789abcdef\n";
    const auto loaded = world.read(project_file("config/lastgood.yaml"));
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    EXPECT_TRUE(loaded.config->webhook.listen);
    EXPECT_FALSE(loaded.config->apps.empty());
}

// Uncommented, the optional lines of the example must be valid as well.
TEST(Published, TheOptionalLinesOfTheExampleAreValidToo) {
    World world;
    world.files["/etc/lastgood/secrets/backend"] = "0123456789abcdef0123456789abcdef\n";
    world.files["/etc/lastgood/secrets/forge-token"] = "t0ken\n";
    world.files["/etc/lastgood/secrets/slack"] = "https://hooks.slack.com/services/x\n";
    world.files["/etc/lastgood/admin-token"] = "0123456789abcdef0123456789abcdef\n";
    std::string all;
    int optional = 0;
    for (std::string line : split(project_file("config/lastgood.yaml"), '\n')) {
        if (const auto at = line.find("#: "); at != std::string::npos) {
            line.replace(at, 3, "");
            ++optional;
        }
        all += line + "\n";
    }
    EXPECT_GE(optional, 10);
    const auto loaded = world.read(all);
    EXPECT_TRUE(loaded.config) << faults_of(loaded) << all;
}

}  // namespace
}  // namespace lastgood::config
