#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/fixture.h"

namespace lastgood::config {
namespace {

class Load : public testing::Test {
  protected:
    Load() {
        std::string name = (std::filesystem::temp_directory_path() / "lastgood-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = name;
    }
    ~Load() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text, mode_t mode) {
        const std::string path = folder_ / name;
        std::ofstream(path) << text;
        ::chmod(path.c_str(), mode);
        return path;
    }

    std::filesystem::path folder_;
};

TEST_F(Load, ReadsTheFileItsSecretsAndTheEnvironment) {
    write("secret", "0123456789abcdef\n", 0600);
    ::setenv("LG_TEST_BRANCH", "next", 1);
    const auto path = write("lastgood.yaml",
                            "webhook: { listen: \"127.0.0.1:1\", secret_file: secret }\n" +
                                one_app("branch: ${LG_TEST_BRANCH}"),
                            0644);
    const auto loaded = load(path);
    ::unsetenv("LG_TEST_BRANCH");
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    EXPECT_EQ(loaded.config->apps[0].followed.branch, "next");
    EXPECT_EQ(loaded.config->apps[0].webhook.secrets.at(0), "0123456789abcdef");
    EXPECT_EQ(loaded.config->path, path);
}

TEST_F(Load, AnInlineSecretNeedsAFileOfItsOwnerAlone) {
    const std::string text = "webhook: { secret: 0123456789abcdef }\n" + one_app("");
    for (const mode_t mode : {0600, 0400, 0700}) {
        EXPECT_TRUE(load(write("a.yaml", text, mode)).config) << mode;
        std::filesystem::remove(folder_ / "a.yaml");
    }
    for (const mode_t mode : {0640, 0604, 0644, 0610}) {
        EXPECT_TRUE(contains(faults_of(load(write("a.yaml", text, mode))), "chmod 600")) << mode;
        std::filesystem::remove(folder_ / "a.yaml");
    }
}

TEST_F(Load, ASecretFileThatCannotBeReadIsToldApartFromAMissingOne) {
    const std::string rest = " }\n" + one_app("");
    const auto missing = load(write("a.yaml", "webhook: { secret_file: missing" + rest, 0644));
    ASSERT_EQ(missing.faults.size(), 1U);
    EXPECT_TRUE(contains(missing.faults[0].message, "openssl rand -hex 32 | sudo install "))
        << missing.faults[0].text();
    const auto folder = load(write("b.yaml", "webhook: { secret_file: ." + rest, 0644));
    ASSERT_EQ(folder.faults.size(), 1U);
    EXPECT_TRUE(contains(folder.faults[0].message, "check who may read it"))
        << folder.faults[0].text();
    write("huge", std::string(100'000, 'x'), 0600);
    EXPECT_EQ(load(write("c.yaml", "webhook: { secret_file: huge" + rest, 0644)).faults.size(), 1U);
}

TEST_F(Load, AMissingFileAFolderAndAHugeFileAreOneFaultEach) {
    const std::string missing = folder_ / "missing.yaml";
    const auto loaded = load(missing);
    ASSERT_EQ(loaded.faults.size(), 1U);
    EXPECT_TRUE(loaded.faults[0].text().starts_with(missing + ":1:1: "));
    EXPECT_TRUE(contains(loaded.faults[0].message, "--config"));
    EXPECT_EQ(load(folder_).faults.size(), 1U);
    EXPECT_EQ(load(write("huge.yaml", std::string(2 << 20, '#'), 0644)).faults.size(), 1U);
}

}  // namespace
}  // namespace lastgood::config
