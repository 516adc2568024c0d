// Releases that are made of what older ones left.
#include <sys/stat.h>

#include <random>

#include "git/release_index.h"
#include "session_fixture.h"

namespace lastgood::git {
namespace {

class Reuse : public SessionFixture {
  protected:
    Reuse() {
        std::filesystem::create_directories(folder / "releases");
        in_origin(
            "mkdir -p a/b c; for i in 1 2 3 4 5; do echo $i >a/b/$i; echo $i >c/$i; done\n"
            "ln -s c link; chmod +x c/5; git add -A; git commit -qm files");
    }

    std::string place(const CommitId& commit) { return folder / ("releases/" + commit.hex()); }

    CommitId commit_of(const std::string& script) {
        in_origin(script + "\ngit add -A; git commit -q --allow-empty -m next");
        must_fetch();
        return id_of("main");
    }

    Released make(const CommitId& commit, const std::optional<CommitId>& previous = {},
                  config::Materialise way = config::Materialise::automatic) {
        MaterialiseRequest request{.commit = commit, .directory = place(commit), .way = way};
        if (previous) request.previous.emplace(*previous, place(*previous));
        auto made = runner().materialise(request);
        EXPECT_TRUE(made.value.has_value()) << made.error.error.text();
        return made.value.value_or(Released{});
    }

    void retire(const CommitId& commit, const std::vector<std::string>& keep = {}) {
        auto removed = runner().remove({{commit, place(commit)}}, true, keep);
        EXPECT_TRUE(removed.value.has_value()) << removed.error.error.text();
        EXPECT_FALSE(sys::exists(place(commit)));
    }

    // Byte for byte, names, modes and links.
    void expect_as_archived(const CommitId& commit) {
        const std::string archive = folder / "archive";
        shell(folder.path(), "rm -rf archive; mkdir archive");
        in_origin("git -c tar.umask=0022 archive " + commit.hex() + " | tar -x -C " + archive);
        EXPECT_EQ(shell(folder.path(), "diff -r --no-dereference archive " + place(commit)), "");
        const std::string modes = "find . -not -type l -printf '%p %y %m\\n' | sort";
        EXPECT_EQ(shell(archive, modes), shell(place(commit), modes));
    }

    [[nodiscard]] bool exact() const {
        return ReleaseIndex::tells_writes_apart(folder / "releases");
    }
};

ino_t inode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
    return status.st_ino;
}

TEST_F(Reuse, OfTheSpareOnlyWhatChangedIsWritten) {
    const CommitId one = commit_of("");
    EXPECT_EQ(make(one).written, 12U);
    const ino_t kept = inode_of(place(one) + "/a/b/1");
    retire(one);
    EXPECT_TRUE(sys::is_directory(folder / "releases/.spare"));

    const CommitId two = commit_of("echo new >c/2");
    const Released made = make(two);
    EXPECT_EQ(made.files, 12U);
    if (exact()) {
        EXPECT_EQ(made.written, 1U);
        EXPECT_EQ(inode_of(place(two) + "/a/b/1"), kept);
    }
    EXPECT_FALSE(sys::exists(folder / "releases/.spare"));
    expect_as_archived(two);
}

TEST_F(Reuse, WhatABuildOrAPersonDidToTheSpareIsUndone) {
    const CommitId one = commit_of("");
    make(one);
    shell(place(one),
          "echo edited >a/b/1; echo more >>c/1; chmod 600 c/2; rm c/3; rm link; mkdir link\n"
          "mkdir -p build/deep a/b/out; touch build/deep/x a/b/out/y z; chmod 700 a\n"
          "rm -r c/4; ln -s /etc/hosts c/4; touch -d 2020-01-01 c/5");
    retire(one);
    const CommitId two = commit_of("echo new >a/b/2");
    make(two);
    expect_as_archived(two);
}

// As if the file had been changed behind our back with its times set back.
TEST_F(Reuse, AChangeIsSeenAlsoWhereItsTimeWasSetBack) {
    const CommitId one = commit_of("");
    make(one);
    shell(place(one),
          "touch -r c/1 ../stamp; printf X >c/1; printf '\\n' >>c/1; touch -r ../stamp c/1");
    retire(one);
    const CommitId two = commit_of("");
    make(two);
    expect_as_archived(two);
}

TEST_F(Reuse, FilesFoldersAndLinksMayTakeEachOthersPlaces) {
    const CommitId one = commit_of("");
    make(one);
    retire(one);
    const CommitId two = commit_of(
        "rm -r c; echo file >c; rm a/b/1; mkdir a/b/1; echo x >a/b/1/x; rm link; echo plain >link\n"
        "rm a/b/2; ln -s 3 a/b/2; chmod +x a/b/4");
    make(two);
    expect_as_archived(two);
    retire(two);
    const CommitId three = commit_of("git rm -qr a; git mv c d; rm link; ln -s d link");
    make(three);
    expect_as_archived(three);
}

TEST_F(Reuse, AFolderThatBecameALinkLeadsNobodyOut) {
    std::filesystem::create_directories(folder / "outside");
    const CommitId one = commit_of("");
    make(one);
    retire(one);
    shell(folder / "releases/.spare", "mv c ../was-c; ln -s " + (folder / "outside") + " c");
    const CommitId two = commit_of("echo new >c/2; echo more >c/9");
    make(two);
    expect_as_archived(two);
    EXPECT_TRUE(std::filesystem::is_empty(folder / "outside"));
}

TEST_F(Reuse, WhereAttributesChangeAllIsWrittenAnew) {
    const CommitId one = commit_of("printf 'a\\nb\\n' >x.bat");
    make(one);
    retire(one);
    const CommitId two = commit_of("echo '*.bat eol=crlf' >.gitattributes");
    EXPECT_EQ(make(two).written, 14U);
    EXPECT_EQ(read_text(place(two) + "/x.bat"), "a\r\nb\r\n");
    retire(two);
    const CommitId three = commit_of("echo x >c/1");
    const Released made = make(three);
    if (exact()) {
        EXPECT_EQ(made.written, 1U);
    }
    EXPECT_EQ(read_text(place(three) + "/x.bat"), "a\r\nb\r\n");
}

TEST_F(Reuse, FoldersOfACacheStayInTheSpare) {
    const CommitId one = commit_of("");
    make(one);
    shell(place(one), "mkdir -p c/cache/deep other; touch c/cache/deep/x other/y");
    retire(one, {"c/cache"});
    EXPECT_TRUE(sys::exists(folder / "releases/.spare/c/cache/deep/x"));
    EXPECT_FALSE(sys::exists(folder / "releases/.spare/other"));
}

TEST_F(Reuse, CopyWritesAllAnewAndLeavesNoSpare) {
    const CommitId one = commit_of("");
    make(one);
    retire(one);
    const CommitId two = commit_of("echo new >c/2");
    EXPECT_EQ(make(two, one, config::Materialise::copy).written, 12U);
    EXPECT_FALSE(sys::exists(folder / "releases/.spare"));
    expect_as_archived(two);
}

TEST_F(Reuse, ADamagedIndexCostsNothingButTime) {
    const CommitId one = commit_of("");
    make(one);
    retire(one);
    write_text(folder / "releases/.index/.spare", "DIRC nonsense");
    const CommitId two = commit_of("echo new >c/2");
    EXPECT_EQ(make(two).written, 12U);
    EXPECT_FALSE(sys::exists(folder / "releases/.spare"));
    expect_as_archived(two);
}

TEST_F(Reuse, EditsAreSavedBeforeAReleaseBecomesTheSpare) {
    const CommitId one = commit_of("");
    make(one);
    write_text(place(one) + "/c/1", "typed at night\n");
    auto removed = runner().remove({{one, place(one)}}, true);
    ASSERT_TRUE(removed.value.has_value()) << removed.error.error.text();
    ASSERT_EQ(removed.value->size(), 1U);
    EXPECT_EQ(in_mirror("git show " + removed.value->front().substr(0, 40) + ":c/1"),
              "typed at night");
}

// A history that does everything to its files, each release made of one of the older ones.
TEST_F(Reuse, EachReleaseOfARandomHistoryEqualsItsArchive) {
    std::mt19937 random(std::random_device{}());  // NOLINT: printed below
    const auto seed = random();
    SCOPED_TRACE("seed " + std::to_string(seed));
    random.seed(seed);
    const auto below = [&random](std::size_t count) { return random() % count; };
    const std::vector<std::string> names = {"a",     "b c",   "d/e",   "d/f/g", "-x",  "d/f/h",
                                            "$(id)", "k/'q'", "k/\"r", "m/n/o", "m/p", "crlf.bat",
                                            "m",     "k",     "d/f",   "z/\xff"};
    std::vector<CommitId> made;
    for (int i = 0; i < 25; ++i) {
        for (std::size_t changes = 1 + below(5); changes > 0; --changes) {
            const std::string path = (folder / "origin/") + names[below(names.size())];
            std::error_code taken;
            std::filesystem::remove_all(path, taken);
            std::filesystem::create_directories(std::filesystem::path(path).parent_path(), taken);
            if (taken) continue;
            switch (below(4)) {
                case 0:
                    break;
                case 1:
                    std::filesystem::create_symlink("../target" + std::to_string(i), path);
                    break;
                default:
                    write_text(path, "line\n" + std::to_string(below(4)) + "\n");
                    if (below(3) == 0) chmod(path.c_str(), 0755);
            }
        }
        if (below(8) == 0) write_text(folder / "origin/.gitattributes", "*.bat eol=crlf\n");
        if (below(8) == 0) std::filesystem::remove(folder / "origin/.gitattributes");
        const CommitId commit = commit_of("");
        const auto previous = made.empty() ? std::nullopt : std::optional(made.back());
        make(commit, previous);
        expect_as_archived(commit);
        made.push_back(commit);
        if (made.size() > 2) retire(made[made.size() - 3]);
    }
}

}  // namespace
}  // namespace lastgood::git
