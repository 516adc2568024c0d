#include "lastgood/logs/system_journal.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "process/world.h"

namespace lastgood::logs {
namespace {

// In the journal's place: what it gets, and how slow it can be. The real one is asked end to end.
class SystemJournalTest : public ::testing::Test {
  protected:
    SystemJournalTest() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        EXPECT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    std::string next() {
        char entry[4096];
        const ssize_t got = recv(socket.get(), entry, sizeof entry, MSG_DONTWAIT);
        return {entry, got > 0 ? static_cast<std::size_t>(got) : 0};
    }

    test::TempDir dir;
    std::string path = dir.file("socket");
    sys::Fd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(SystemJournalTest, GetsEachLineWithItsFields) {
    SystemJournal journal("shop", path);
    journal.send("blue", "out", "hello", 6);
    EXPECT_EQ(next(),
              "MESSAGE=hello\nPRIORITY=6\nSYSLOG_IDENTIFIER=shop\nLASTGOOD_APP=shop\n"
              "LASTGOOD_SLOT=blue\nLASTGOOD_STREAM=out\n");
    journal.send("blue", "err", "two\nlines", 4);
    const std::string size("\x09\0\0\0\0\0\0\0", 8);
    EXPECT_TRUE(next().starts_with("MESSAGE\n" + size + "two\nlines\nPRIORITY=4\n"));
}

TEST_F(SystemJournalTest, IsNeverWaitedForAndHearsOfWhatItMissed) {
    SystemJournal journal("shop", path);
    int sent = 0;
    while (journal.lost() == 0 && sent < 100'000)
        journal.send("blue", "out", std::to_string(sent++), 6);
    ASSERT_EQ(journal.lost(), 1U);
    journal.send("blue", "out", "also lost", 6);
    while (!next().empty()) continue;
    journal.send("blue", "out", "after", 6);
    EXPECT_TRUE(next().starts_with("MESSAGE=2 lines did not get into the journal"));
    EXPECT_TRUE(next().starts_with("MESSAGE=after\n"));
    EXPECT_EQ(journal.lost(), 0U);
}

TEST(SystemJournalNotThere, IsPassedOver) {
    SystemJournal journal("shop", "/nowhere/socket");
    journal.send("blue", "out", "hello", 6);
    EXPECT_EQ(journal.lost(), 0U);
}

}  // namespace
}  // namespace lastgood::logs
