#include "lastgood/base/sys/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "base/temp_dir.h"

namespace lastgood::sys {
namespace {

using test::put;
using test::TempDir;

mode_t mode_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(lstat(path.c_str(), &info), 0);
    return info.st_mode & 07777;
}

bool says(const Error& error, const std::string& word) {
    return error.what.find(word) != std::string::npos;
}

TEST(ReadFile, TakesAFileUpToItsBoundAndNotAByteMore) {
    const TempDir dir;
    const std::string path = dir / "file";
    const std::string content = std::string(20'000, 'x') + std::string("\0\n", 2);
    put(path, content);
    auto whole = read_file(path, content.size());
    ASSERT_TRUE(whole);
    EXPECT_EQ(*whole, content);
    auto refused = read_file(path, content.size() - 1);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(says(refused.error(), path)) << refused.error().what;
    EXPECT_FALSE(read_file("/dev/zero", 100'000)) << "endless";
}

TEST(ReadFile, NamesWhatCannotBeRead) {
    const TempDir dir;
    auto missing = read_file(dir / "missing", 10);
    ASSERT_FALSE(missing);
    EXPECT_TRUE(says(missing.error(), dir / "missing"));
    EXPECT_TRUE(says(missing.error(), "No such file"));
    EXPECT_FALSE(read_file(dir.path(), 10)) << "a folder";
}

TEST(WriteFileAtomically, MakesAndReplacesWithTheModeAndLeavesNothingElse) {
    const TempDir dir;
    const std::string path = dir / "file";
    ASSERT_TRUE(write_file_atomically(path, "one", 0600));
    EXPECT_EQ(mode_of(path), 0600U);
    ASSERT_TRUE(write_file_atomically(path, "two", 0400));
    EXPECT_EQ(*read_file(path, 100), "two");
    EXPECT_EQ(mode_of(path), 0400U);
    EXPECT_EQ(dir.entries(), 1);
}

TEST(WriteFileAtomically, ShowsAReaderTheOldOrTheNewNeverAMix) {
    const TempDir dir;
    const std::string path = dir / "file";
    const std::string a(50'000, 'a');
    const std::string b(70'000, 'b');
    ASSERT_TRUE(write_file_atomically(path, a, 0600));
    std::atomic<bool> done{false};
    std::atomic<int> mixed{0};
    std::thread reader([&] {
        while (!done) {
            auto seen = read_file(path, 1 << 20);
            if (!seen || (*seen != a && *seen != b)) ++mixed;
        }
    });
    for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(write_file_atomically(path, i % 2 == 0 ? b : a, 0600));
    }
    done = true;
    reader.join();
    EXPECT_EQ(mixed, 0);
}

TEST(WriteFileAtomically, LeavesTheOldAndNoStrayWhenItFailsHalfWay) {
    const TempDir dir;
    const std::string path = dir / "file";
    put(path, "old");
    EXPECT_TRUE(test::in_child([&] {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{1000, 1000};
        setrlimit(RLIMIT_FSIZE, &limit);
        return !write_file_atomically(path, std::string(5000, 'n'), 0600).ok();
    }));
    EXPECT_EQ(*read_file(path, 100), "old");
    EXPECT_EQ(dir.entries(), 1);
}

TEST(WriteFileAtomically, LeavesNoStrayWhenTheTargetIsAFolder) {
    const TempDir dir;
    ASSERT_TRUE(make_directories(dir / "folder/inside"));
    auto failed = write_file_atomically(dir / "folder", "x", 0600);
    ASSERT_FALSE(failed);
    EXPECT_TRUE(says(failed.error(), dir / "folder"));
    EXPECT_EQ(dir.entries(), 1);
}

TEST(ReplaceSymlink, PointsANewAndAnExistingLinkAtItsTarget) {
    const TempDir dir;
    const std::string link = dir / "current";
    ASSERT_TRUE(make_directories(dir / "one"));
    ASSERT_TRUE(replace_symlink(link, "one"));
    EXPECT_EQ(std::filesystem::read_symlink(link), "one");
    // Not into the folder that the link points at.
    ASSERT_TRUE(replace_symlink(link, "missing"));
    EXPECT_EQ(std::filesystem::read_symlink(link), "missing");
    EXPECT_TRUE(std::filesystem::is_empty(dir / "one"));
    EXPECT_EQ(dir.entries(), 2);
}

TEST(ReplaceSymlink, IsNeverMissingWhileItChanges) {
    const TempDir dir;
    const std::string link = dir / "current";
    ASSERT_TRUE(replace_symlink(link, "0"));
    std::atomic<bool> done{false};
    std::atomic<int> missing{0};
    std::thread reader([&] {
        while (!done) missing += exists(link) ? 0 : 1;
    });
    for (int i = 1; i < 100; ++i) EXPECT_TRUE(replace_symlink(link, std::to_string(i)));
    done = true;
    reader.join();
    EXPECT_EQ(missing, 0);
}

TEST(ReplaceSymlink, FailsWithoutAStrayWhereAFolderIsInTheWay) {
    const TempDir dir;
    ASSERT_TRUE(make_directories(dir / "current"));
    EXPECT_FALSE(replace_symlink(dir / "current", "x"));
    EXPECT_TRUE(is_directory(dir / "current"));
    EXPECT_EQ(dir.entries(), 1);
}

TEST(RemoveTree, RemovesEverythingButFollowsNoLink) {
    const TempDir dir;
    ASSERT_TRUE(make_directories(dir / "outside"));
    put(dir / "outside/kept", "x");
    ASSERT_TRUE(make_directories(dir / "tree/a/b/c"));
    put(dir / "tree/a/b/file", "x");
    for (const char* name : {"tree/link", "tree/a/b/c/link", "top"}) {
        std::filesystem::create_directory_symlink(dir / "outside", dir / name);
    }
    ASSERT_EQ(mkfifo((dir / "tree/fifo").c_str(), 0600), 0);
    EXPECT_TRUE(remove_tree(dir / "tree"));
    EXPECT_FALSE(exists(dir / "tree"));
    EXPECT_TRUE(remove_tree(dir / "top")) << "a link itself";
    EXPECT_FALSE(exists(dir / "top"));
    EXPECT_TRUE(exists(dir / "outside/kept"));
}

TEST(RemoveTree, FindsNothingWrongWithAPathThatIsNotThere) {
    const TempDir dir;
    EXPECT_TRUE(remove_tree(dir / "missing"));
    EXPECT_TRUE(remove_tree(dir / "missing/deeper"));
}

TEST(RemoveTree, OpensReadOnlyFoldersAsTheirOwner) {
    const TempDir dir;
    if (getuid() == 0) {
        ASSERT_EQ(chown(dir.path().c_str(), test::kNobody, test::kNobody), 0);
    }
    // Root passes over permissions, so it must be somebody else.
    EXPECT_TRUE(test::as_nobody([&] {
        if (!make_directories(dir / "tree/a/b")) return false;
        put(dir / "tree/a/b/file", "x");
        put(dir / "tree/a/file", "x");
        chmod((dir / "tree/a/b").c_str(), 0500);
        chmod((dir / "tree/a").c_str(), 0000);
        return unlink((dir / "tree/a/file").c_str()) != 0 && remove_tree(dir / "tree").ok();
    }));
    EXPECT_FALSE(exists(dir / "tree"));
}

TEST(RemoveTree, NamesWhatItMayNotRemove) {
    const TempDir dir;
    ASSERT_TRUE(make_directories(dir / "tree/inside"));
    ASSERT_EQ(chmod(dir.path().c_str(), 0555), 0);
    EXPECT_TRUE(test::as_nobody([&] {
        auto removed = remove_tree(dir / "tree");
        return !removed && says(removed.error(), dir / "tree");
    }));
    EXPECT_TRUE(exists(dir / "tree"));
    chmod(dir.path().c_str(), 0700);
}

TEST(MakeDirectories, MakesAllThatAreMissingWithTheMode) {
    const TempDir dir;
    ASSERT_TRUE(make_directories(dir / "a/b/c", 0700));
    EXPECT_TRUE(is_directory(dir / "a/b/c"));
    EXPECT_EQ(mode_of(dir / "a"), 0700U);
    EXPECT_EQ(mode_of(dir / "a/b/c"), 0700U);
    EXPECT_TRUE(make_directories(dir / "a/b/c", 0755)) << "again";
    EXPECT_EQ(mode_of(dir / "a/b/c"), 0700U) << "an old folder keeps its mode";
    EXPECT_TRUE(make_directories(dir / "a//d/"));
    EXPECT_TRUE(is_directory(dir / "a/d"));
    EXPECT_TRUE(make_directories("/"));
}

TEST(MakeDirectories, TakesRelativePathsWithNamesOfAnyLength) {
    const TempDir dir;
    EXPECT_TRUE(test::in_child([&] {
        return chdir(dir.path().c_str()) == 0 && make_directories("a/b/c").ok() &&
               make_directories("long/er").ok() && make_directories("x").ok();
    }));
    EXPECT_TRUE(is_directory(dir / "a/b/c"));
    EXPECT_TRUE(is_directory(dir / "long/er"));
}

TEST(MakeDirectories, FailsOverAFileAndNamesIt) {
    const TempDir dir;
    put(dir / "file", "x");
    auto over = make_directories(dir / "file");
    ASSERT_FALSE(over);
    EXPECT_TRUE(says(over.error(), dir / "file")) << over.error().what;
    auto below = make_directories(dir / "file/sub/folder");
    ASSERT_FALSE(below);
    EXPECT_TRUE(says(below.error(), dir / "file")) << below.error().what;
    EXPECT_EQ(*read_file(dir / "file", 10), "x");
}

TEST(Descriptors, TakeAllBytesThroughAFullPipe) {
    auto pipe = make_pipe(O_CLOEXEC);
    ASSERT_TRUE(pipe);
    const std::string sent(1 << 20, 'x');  // far more than a pipe holds
    std::size_t got = 0;
    std::thread reader([&] {
        char buffer[10'000];
        for (ssize_t n = 0; (n = read(pipe->read.get(), buffer, sizeof buffer)) > 0;) {
            got += static_cast<std::size_t>(n);
        }
    });
    EXPECT_TRUE(write_all(pipe->write.get(), sent));
    pipe->write.reset();
    reader.join();
    EXPECT_EQ(got, sent.size());
}

TEST(Descriptors, BlockOrNotAsTheyAreTold) {
    auto pipe = make_pipe(O_CLOEXEC);
    ASSERT_TRUE(pipe);
    ASSERT_TRUE(set_nonblocking(pipe->read.get(), true));
    char c = 0;
    EXPECT_EQ(read(pipe->read.get(), &c, 1), -1);
    EXPECT_EQ(errno, EAGAIN);
    ASSERT_TRUE(set_nonblocking(pipe->read.get(), false));
    EXPECT_EQ(fcntl(pipe->read.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_FALSE(set_nonblocking(-1, true));
}

}  // namespace
}  // namespace lastgood::sys
