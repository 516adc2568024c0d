#include "lastgood/logs/line_capture.h"

#include <fcntl.h>

#include "lastgood/base/limits.h"
#include "logs/line_format.h"
#include "process/world.h"

namespace lastgood::logs {
namespace {

class LineCaptureTest : public test::World {
  protected:
    LineCaptureTest() {
        auto pipe = sys::make_pipe(O_CLOEXEC);
        EXPECT_TRUE(pipe.ok());
        in = std::move(pipe->write);
        capture = std::make_unique<LineCapture>(loop, std::move(pipe->read), log, tail, Slot::blue,
                                                Stream::out);
    }
    void write(std::string_view bytes) { EXPECT_TRUE(sys::write_all(in.get(), bytes).ok()); }
    // The lines without their times.
    std::string logged() {
        std::istringstream lines(test::read_all(dir.file("logs/output.log")));
        std::string text;
        std::string line;
        while (std::getline(lines, line))
            text += line.substr(std::min<std::size_t>(25, line.size())) + "\n";
        return text;
    }

    OutputLog log{dir.file("logs/output.log"), config::LogFormat::text, {0, 5, false}, nullptr};
    Tail tail;
    sys::Fd in;
    std::unique_ptr<LineCapture> capture;
};

TEST(OutputLogAsJson, IsReadBackAsItWasWritten) {
    test::TempDir dir;
    {
        OutputLog log(dir.file("output.log"), config::LogFormat::json, {0, 5, false}, nullptr);
        log.append(Slot::green, Stream::err, "say \"hi\"\t\xff", true);
        log.append(Slot::green, Stream::out, "more?", false);
        log.flush();
    }
    std::istringstream lines(test::read_all(dir.file("output.log")));
    std::vector<std::string> told;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(line.starts_with("{\"time\":\"20")) << line;
        const auto parsed = parse_line(line);
        ASSERT_TRUE(parsed) << line;
        told.push_back(parsed->first + " " + parsed->second + (parsed->whole ? " | " : " > ") +
                       parsed->text);
    }
    EXPECT_EQ(
        (std::vector<std::string>{"green err | say \"hi\"\t\xEF\xBF\xBD", "green out > more?"}),
        told);
}

TEST_F(LineCaptureTest, EachLineGetsTimeSlotAndStream) {
    const WallTime before = wall_now();
    write("one\ntwo\n");
    ASSERT_TRUE(until([&] { return logged() == "blue out | one\nblue out | two\n"; })) << logged();
    const auto time = parse_rfc3339(test::read_all(dir.file("logs/output.log")).substr(0, 24));
    ASSERT_TRUE(time.has_value());
    EXPECT_GE(*time, before);
    EXPECT_LE(*time, wall_now());
}

TEST_F(LineCaptureTest, LinesThatComeTogetherKeepTheirOwnSlotAndStream) {
    log.append(Slot::blue, Stream::out, "a", true);
    log.append(Slot::blue, Stream::out, "", true);
    log.append(Slot::blue, Stream::err, "b", true);
    log.append(Slot::green, Stream::err, "c", true);
    log.append(Slot::green, Stream::err, "d", false);
    log.append(Slot::green, Stream::err, "e", true);
    log.flush();
    EXPECT_EQ(logged(),
              "blue out | a\nblue out | \nblue err | b\ngreen err | c\ngreen err > d\n"
              "green err | e\n");
}

TEST_F(LineCaptureTest, KeepsBytesAsTheyAre) {
    const std::string bytes("a\0b\xff\x1b[31m\r", 10);
    write(bytes + "\n");
    ASSERT_TRUE(until([&] { return logged() == "blue out | " + bytes + "\n"; }));
    // For people, and so without the layout.
    EXPECT_EQ(tail.lines(), std::vector<std::string>{"a\\x00b\\xff\\x1b[31m"});
}

TEST_F(LineCaptureTest, AForgedPrefixStaysText) {
    write("2026-05-01T12:00:00.123Z green err | forged\n");
    ASSERT_TRUE(until([&] { return !logged().empty(); }));
    EXPECT_EQ(logged(), "blue out | 2026-05-01T12:00:00.123Z green err | forged\n");
}

TEST_F(LineCaptureTest, WritesAPieceWithoutNewlineAfterOneIdleSecond) {
    write("prompt> ");
    const Instant begun = BootClock::now();
    ASSERT_TRUE(until([&] { return logged() == "blue out > prompt> \n"; }));
    EXPECT_GE(BootClock::now() - begun, Millis{900});
    write("answer\n");
    EXPECT_TRUE(until([&] { return logged().ends_with("blue out | answer\n"); }));
}

TEST_F(LineCaptureTest, PiecesOfALineThatComeSoonAreOneLine) {
    write("first ");
    loop.run_once(Millis{50});
    write("second\n");
    EXPECT_TRUE(until([&] { return logged() == "blue out | first second\n"; })) << logged();
}

TEST_F(LineCaptureTest, SplitsLinesThatAreTooLongAndMarksThem) {
    const std::string longest(limits::kLineBytesMax, 'x');
    write(longest + "\n");  // fits in the pipe, whole
    ASSERT_TRUE(until([&] { return logged() == "blue out | " + longest + "\n"; }));
    write(longest + "y\n");
    EXPECT_TRUE(until([&] { return logged().ends_with(" > " + longest + "\nblue out | y\n"); }));
}

TEST_F(LineCaptureTest, FinishTakesAllThatIsInThePipeAlsoWhenItIsHeldOpen) {
    std::string lines;
    for (int i = 0; i < 50'000; ++i) lines += "line " + std::to_string(i) + "\n";
    write(lines);
    write("last words");
    capture->finish();
    EXPECT_TRUE(logged().ends_with("blue out | line 49999\nblue out > last words\n"));
    std::vector<std::string> last;
    for (int i = 50'001 - static_cast<int>(limits::kTailLines); i < 50'000; ++i) {
        last.push_back("line " + std::to_string(i));
    }
    last.emplace_back("last words");
    EXPECT_EQ(tail.lines(), last);
}

TEST_F(LineCaptureTest, FlushesThePieceAtTheEndOfThePipe) {
    write("half");
    in.reset();
    EXPECT_TRUE(until([&] { return logged() == "blue out > half\n"; }, Millis{500}));
}

TEST(Tail, IsBoundedInBytesToo) {
    Tail tail;
    for (int i = 0; i < 10; ++i) tail.add(std::string(5000, static_cast<char>('0' + i)));
    EXPECT_EQ(tail.lines(), std::vector<std::string>{std::string(5000, '9')});
}

}  // namespace
}  // namespace lastgood::logs
