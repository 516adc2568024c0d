#include <sys/stat.h>

#include "session_fixture.h"

namespace lastgood::git {
namespace {

class Release : public SessionFixture {
  protected:
    Release() { release = folder / "releases/one"; }

    // Commits what the script left in the origin, brings it to the mirror, writes it out.
    GitResult<Released> release_of(const std::string& script) {
        in_origin(script + "\ngit add -A; git commit -q --allow-empty -m release");
        return release_tip();
    }
    GitResult<Released> release_tip() {
        commit = id_of("main");
        must_fetch();
        return runner().materialise(*commit, release);
    }
    // A commit whose tree git itself would refuse, put straight into the mirror: `script` prints
    // the tree's id there; $blob is a file, $link a link's target.
    GitResult<Released> release_hostile(const std::string& script) {
        must_fetch();
        commit =
            commit_id(in_mirror("blob=$(echo pwned | git hash-object -w --stdin)\n"
                                "link=$(printf %s '" +
                                folder.path() + "/outside' | git hash-object -w --stdin)\n" +
                                script + "\ngit commit-tree -m evil $tree"));
        return runner().materialise(*commit, release);
    }

    std::string release;
    std::optional<CommitId> commit;
};

mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
    return status.st_mode;
}

TEST_F(Release, HoldsTheCommitsFilesAndTellsWhoWroteIt) {
    in_origin(
        "mkdir -p sub/deep; echo x >sub/deep/x; : >empty; printf '#!/bin/sh\\n' >run.sh; chmod +x "
        "run.sh; ln -s sub/deep link; ln -s /etc/hosts out; git add -A\n"
        "git commit -qm 'Subject line\n\nbody'");
    const auto result = release_tip();
    ASSERT_TRUE(result.value.has_value()) << result.error.error.text();
    EXPECT_EQ(result.value->text.subject, "Subject line");
    EXPECT_EQ(result.value->text.author, "Ann Author <ann@example.org>");
    EXPECT_EQ(result.value->files, 6U);
    EXPECT_EQ(read_text(release + "/sub/deep/x"), "x\n");
    EXPECT_EQ(read_text(release + "/file"), "3\n");
    EXPECT_EQ(std::filesystem::read_symlink(release + "/link"), "sub/deep");
    EXPECT_EQ(std::filesystem::read_symlink(release + "/out"), "/etc/hosts");
    EXPECT_EQ(std::filesystem::file_size(release + "/empty"), 0U);
    EXPECT_NE(mode_of(release + "/run.sh") & S_IXUSR, 0U);
    EXPECT_EQ(mode_of(release + "/file") & S_IXUSR, 0U);
    EXPECT_FALSE(sys::exists(release + "/.git"));
}

TEST_F(Release, IsProtectedByARefAndCanBeSealed) {
    ASSERT_TRUE(release_of("").value.has_value());
    EXPECT_EQ(in_mirror("git rev-parse refs/lastgood/releases/" + commit->hex()), commit->hex());
    const auto sealed = runner().seal(release);
    EXPECT_TRUE(sealed.value.has_value()) << sealed.error.error.text();
    EXPECT_FALSE(runner().seal(folder / "nowhere").value.has_value());
}

TEST_F(Release, ReplacesWhatWasInTheDirectory) {
    write_text(release + "/left/over", "old");
    write_text(release + "/file", "old");
    ASSERT_TRUE(release_of("").value.has_value());
    EXPECT_FALSE(sys::exists(release + "/left"));
    EXPECT_EQ(read_text(release + "/file"), "3\n");
}

TEST_F(Release, OfAnOlderCommitComesAfterANewerOne) {
    ASSERT_TRUE(release_of("echo new >file").value.has_value());
    const auto older = runner().materialise(id_of("main~1"), folder / "releases/two");
    ASSERT_TRUE(older.value.has_value()) << older.error.error.text();
    EXPECT_EQ(read_text(folder / "releases/two/file"), "3\n");
    EXPECT_EQ(read_text(release + "/file"), "new\n");
}

TEST_F(Release, EqualsGitArchiveForThousandsOfFiles) {
    const auto result = release_of(
        "for d in $(seq 1 60); do mkdir -p dir$d/sub; for f in $(seq 1 25); do\n"
        "echo $d $f >dir$d/f$f; echo $f $d >dir$d/sub/g$f; done; done; chmod +x dir7/f3");
    ASSERT_TRUE(result.value.has_value()) << result.error.error.text();
    EXPECT_EQ(result.value->files, 3001U);
    in_origin("mkdir ../archive; git archive main | tar -x -C ../archive");
    EXPECT_EQ(shell(folder.path(), "diff -r --no-dereference archive releases/one"), "");
    const std::string modes = "find . -type f -perm -100 | sort";
    EXPECT_EQ(shell(folder / "archive", modes), shell(release, modes));
}

TEST_F(Release, KeepsOddButHonestNames) {
    const std::string names[] = {"a b",      "-rf",         "$(id)",      "quo'te\"", "new\nline",
                                 "\xff\xfe", "back\\slash", ".gitignore", "git~10",   "..."};
    for (const auto& name : names) write_text((folder / "origin/odd/") + name, name);
    const auto result = release_of("git add -f odd");
    ASSERT_TRUE(result.value.has_value()) << result.error.error.text();
    for (const auto& name : names) EXPECT_EQ(read_text(release + "/odd/" + name), name);
}

TEST_F(Release, FollowsTheCommitsAttributesAsGitDoes) {
    const auto result = release_of(
        "mkdir -p sub '!first'; printf '*.bat eol=crlf\\n' >.gitattributes\n"
        "printf 'id.txt ident\\n*.bat -text\\n' >sub/.gitattributes\n"
        "printf 'a\\nb\\n' | tee '!a.bat' x.bat sub/x.bat '!first/y.bat' >/dev/null\n"
        "echo '$Id$' >sub/id.txt");
    ASSERT_TRUE(result.value.has_value()) << result.error.error.text();
    shell(folder.path(), "git clone -q origin clone; rm -rf clone/.git");
    EXPECT_EQ(read_text(folder / "clone/x.bat"), "a\r\nb\r\n");
    EXPECT_EQ(shell(folder.path(), "diff -r clone releases/one"), "");
}

TEST_F(Release, LeavesAnEmptyDirectoryForASubmodule) {
    const auto result = release_of(
        "git update-index --add --cacheinfo 160000,$(git rev-parse main),module\nmkdir module");
    ASSERT_TRUE(result.value.has_value()) << result.error.error.text();
    EXPECT_TRUE(sys::is_directory(release + "/module"));
    EXPECT_TRUE(std::filesystem::is_empty(release + "/module"));
}

TEST_F(Release, OfAnEmptyTreeIsAnEmptyDirectory) {
    const auto result = release_of("git rm -q file");
    ASSERT_TRUE(result.value.has_value()) << result.error.error.text();
    EXPECT_EQ(result.value->files, 0U);
    EXPECT_TRUE(std::filesystem::is_empty(release));
}

TEST_F(Release, CutsALongSubjectWhereACharacterEnds) {
    std::string subject = "x";
    for (int i = 0; i < 150; ++i) subject += "\xc3\xa9";
    in_origin("git commit -q --allow-empty -m '" + subject + "'");
    const auto result = release_tip();
    ASSERT_TRUE(result.value.has_value()) << result.error.error.text();
    EXPECT_EQ(result.value->text.subject, subject.substr(0, 199));
}

TEST_F(Release, OfACommitThatTheMirrorHasNotIsAnError) {
    must_fetch();
    const auto result = runner().materialise(commit_id(std::string(40, 'c')), release);
    ASSERT_FALSE(result.value.has_value());
    EXPECT_NE(result.error.error.what.find(std::string(40, 'c')), std::string::npos);
}

struct Hostile {
    const char* name;
    const char* script;  // sets $tree
    const char* told;    // part of the path in the message
};

class HostileTree : public Release, public ::testing::WithParamInterface<Hostile> {};

INSTANTIATE_TEST_SUITE_P(
    Of, HostileTree,
    ::testing::Values(
        Hostile{"DotGit", R"sh(tree=$(printf '100644 blob %s\t.git\n' $blob | git mktree))sh",
                ".git"},
        Hostile{"DotGitFolder",
                R"sh(sub=$(printf '100755 blob %s\tconfig\n' $blob | git mktree)
                   tree=$(printf '040000 tree %s\t.GIT\n' $sub | git mktree))sh",
                ".GIT"},
        Hostile{"ShortName", R"sh(tree=$(printf '100644 blob %s\tgit~1\n' $blob | git mktree))sh",
                "git~1"},
        Hostile{"Ignorable",
                R"sh(tree=$(printf '100644 blob %s\t.g\342\200\214it\0' $blob | git mktree -z))sh",
                ".g"},
        Hostile{"DotDot",
                R"sh(sub=$(printf '100644 blob %s\tesc\n' $blob | git mktree)
                   tree=$(printf '040000 tree %s\t..\n' $sub | git mktree))sh",
                ".."},
        Hostile{"Backslash",
                R"sh(tree=$(printf '100644 blob %s\t..\\esc\0' $blob | git mktree -z))sh", "esc"},
        Hostile{"Slash",
                R"sh(tree=$(printf "100644 ../esc\\0$(echo $blob |
                     perl -pe 'chomp; s/(..)/sprintf("\\%03o", hex $1)/ge')" |
                     git hash-object -t tree -w --literally --stdin))sh",
                "../esc"},
        Hostile{"LinkAndFolder",
                R"sh(sub=$(printf '100644 blob %s\tfile\n' $blob | git mktree)
                   o() { echo $1 | perl -pe 'chomp; s/(..)/sprintf("\\%03o", hex $1)/ge'; }
                   tree=$(printf "120000 a\\0$(o $link)40000 a\\0$(o $sub)" |
                     git hash-object -t tree -w --literally --stdin))sh",
                "a"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(HostileTree, IsRefusedForGoodAndWritesNothing) {
    std::filesystem::create_directories(folder / "outside");
    const auto result = release_hostile(GetParam().script);
    ASSERT_FALSE(result.value.has_value());
    EXPECT_TRUE(result.error.permanent) << result.error.error.text();
    EXPECT_NE(result.error.error.what.find("refused"), std::string::npos)
        << result.error.error.what;
    EXPECT_NE(result.error.error.what.find(GetParam().told), std::string::npos)
        << result.error.error.what;
    EXPECT_FALSE(sys::exists(release));
    EXPECT_FALSE(sys::exists(folder / "releases/esc") || sys::exists(folder / "esc"));
    EXPECT_TRUE(std::filesystem::is_empty(folder / "outside"));
}

// A few kilobytes in the pack, hundreds of megabytes on the disk.
TEST_F(Release, AFileThatInflatesBeyondAllMeasureIsRefused) {
    in_origin("head -c 300000000 /dev/zero >bomb; git add bomb; git commit -qm bomb; rm bomb");
    for (const auto transport : {config::Transport::git, config::Transport::libgit2}) {
        remote.transport = transport;
        restart_session();
        const auto result = release_tip();
        ASSERT_FALSE(result.value.has_value());
        EXPECT_TRUE(result.error.permanent);
        EXPECT_NE(result.error.error.what.find("bomb has 286MB, more than the 256MB"),
                  std::string::npos)
            << result.error.error.what;
        EXPECT_FALSE(sys::exists(release));
    }
}

TEST_F(Release, WithTooManyLevelsIsRefused) {
    const auto result = release_hostile(
        "tree=$(printf '100644 blob %s\\tf\\n' $blob | git mktree)\n"
        "for i in $(seq 1 300); do tree=$(printf '040000 tree %s\\td\\n' $tree | git mktree); "
        "done");
    ASSERT_FALSE(result.value.has_value());
    EXPECT_TRUE(result.error.permanent);
}

TEST_F(Release, WithATreeThatMultipliesItselfIsRefused) {
    const auto result = release_hostile(
        "tree=$(printf '160000 commit %s\\tf\\n' $(git rev-parse "
        "refs/lastgood/upstream/heads/main) | "
        "git mktree --missing)\n"
        "for i in 1 2 3 4 5 6 7; do tree=$(for n in 0 1 2 3 4 5 6 7 8 9; do\n"
        "printf '040000 tree %s\\t%s\\n' $tree $n; done | git mktree); done");
    ASSERT_FALSE(result.value.has_value());
    EXPECT_TRUE(result.error.permanent) << result.error.error.text();
    EXPECT_NE(result.error.error.what.find("too many entries"), std::string::npos);
}

}  // namespace
}  // namespace lastgood::git
