#include "session_fixture.h"

namespace lastgood::git {
namespace {

class Rescue : public SessionFixture {
  protected:
    void release_of(const std::string& script) {
        in_origin(script + "\ngit add -A; git commit -q --allow-empty -m release");
        commit = id_of("main");
        must_fetch();
        const auto result = runner().materialise(*commit, release);
        ASSERT_TRUE(result.value.has_value()) << result.error.error.text();
    }
    std::vector<std::string> remove() {
        auto result = runner().remove({{*commit, release}});
        EXPECT_TRUE(result.value.has_value()) << result.error.error.text();
        EXPECT_FALSE(sys::exists(release));
        EXPECT_EQ(in_mirror("git for-each-ref refs/lastgood/releases"), "");
        return result.value.value_or(std::vector<std::string>{});
    }
    std::string rescued_ref() {
        return in_mirror("git for-each-ref --format='%(refname)' refs/lastgood/rescued");
    }

    std::string release = folder / "releases/one";
    std::optional<CommitId> commit;
};

TEST_F(Rescue, AnUntouchedReleaseGoesWithoutATrace) {
    release_of("ln -s file link; echo x >run; chmod +x run");
    EXPECT_TRUE(remove().empty());
    EXPECT_EQ(rescued_ref(), "");
}

TEST_F(Rescue, EditsOfTrackedFilesBecomeACommit) {
    release_of("mkdir d; echo a >d/a; echo b >d/b; ln -s file link; echo k >keep");
    write_text(release + "/d/a", "typed by a person\n");
    write_text(release + "/file", "9\n");  // of the same size
    shell(release, "ln -sf d link; chmod +x keep");
    const auto rescued = remove();
    ASSERT_EQ(rescued.size(), 1U);
    const std::string ref = rescued_ref();
    EXPECT_TRUE(ref.starts_with("refs/lastgood/rescued/" + commit->hex() + "-")) << ref;
    EXPECT_EQ(rescued[0], in_mirror("git rev-parse " + ref) + " (4 files)");
    EXPECT_EQ(in_mirror("git rev-parse " + ref + "^"), commit->hex());
    EXPECT_EQ(in_mirror("git show " + ref + ":d/a"), "typed by a person");
    EXPECT_EQ(in_mirror("git show " + ref + ":file"), "9");
    EXPECT_EQ(in_mirror("git diff --name-only " + ref + "^ " + ref), "d/a\nfile\nkeep\nlink");
    EXPECT_EQ(in_mirror("git log -1 --format=%an " + ref), "lastgood");
}

TEST_F(Rescue, MissingAndUntrackedFilesAreNoEdits) {
    release_of("echo a >a");
    std::filesystem::remove(release + "/a");
    write_text(release + "/built/output", "made by the build");
    EXPECT_TRUE(remove().empty());
}

TEST_F(Rescue, LineEndingsThatTheCheckoutMadeAreNoEdits) {
    release_of("echo '*.bat eol=crlf' >.gitattributes; printf 'a\\nb\\n' >x.bat");
    ASSERT_EQ(read_text(release + "/x.bat"), "a\r\nb\r\n");
    EXPECT_TRUE(remove().empty());
}

TEST_F(Rescue, NoLinkInTheReleaseIsFollowed) {
    write_text(folder / "secret/a", "not the release's");
    release_of("mkdir d; echo a >d/a");
    std::filesystem::remove_all(release + "/d");
    std::filesystem::create_directory_symlink(folder / "secret", release + "/d");
    EXPECT_TRUE(remove().empty());
    EXPECT_EQ(read_text(folder / "secret/a"), "not the release's");
}

TEST_F(Rescue, ADirectoryThatIsGoneAlreadyIsNoError) {
    release_of("");
    std::filesystem::remove_all(release);
    EXPECT_TRUE(remove().empty());
}

TEST_F(Rescue, AFailureOfOneReleaseIsToldAndDoesNotKeepTheOthers) {
    release_of("");
    write_text(release + "/file", "edited");
    const std::string impossible = folder / std::string(300, 'x');
    const auto result = runner().remove({{*commit, impossible}, {*commit, release}});
    EXPECT_FALSE(sys::exists(release));
    ASSERT_FALSE(result.value.has_value());
    EXPECT_NE(result.error.error.what.find(impossible), std::string::npos);
    EXPECT_NE(result.error.error.what.find(in_mirror("git rev-parse " + rescued_ref())),
              std::string::npos)
        << result.error.error.what;
}

TEST_F(Rescue, TheMirrorIsPackedWhenThatIsDue) {
    must_fetch();
    in_mirror("git config gc.autoPackLimit 1; git config fetch.unpackLimit 1");
    for (const char* text : {"a", "b", "c"}) {
        in_origin(std::string("echo ") + text + " >file; git commit -qam " + text);
        must_fetch();
    }
    const std::string count = "ls objects/pack/*.pack | wc -l";
    ASSERT_GT(std::stoi(in_mirror(count)), 2);
    const auto result = runner().maintain();
    ASSERT_TRUE(result.value.has_value()) << result.error.error.text();
    EXPECT_GT(*result.value, 1000U);
    EXPECT_LT(*result.value, 1'000'000U);
    EXPECT_EQ(in_mirror(count), "1");
    EXPECT_EQ(must_fetch().tip, id_of("main"));
}

}  // namespace
}  // namespace lastgood::git
