#include "lastgood/base/time.h"

#include <gtest/gtest.h>

#include "lastgood/base/http_date.h"
#include "lastgood/base/random.h"

namespace lastgood {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsAWholeNumberAndAUnit) {
    EXPECT_EQ(parse_duration("0s"), 0ms);
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("10m"), 10min);
    EXPECT_EQ(parse_duration("2h"), 2h);
    EXPECT_EQ(parse_duration("7d"), 168h);
}

TEST(Duration, IsNothingWhenMalformed) {
    for (const char* text : {"", "5", "s", "-5s", "+5s", "1.5s", "5 s", " 5s", "5s ", "5S", "1h30m",
                             "5sec", "0x5s", "99999999999999999999s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
    EXPECT_FALSE(parse_duration(std::string_view("5s\0", 3)));
}

TEST(Duration, StopsAtTenYears) {
    EXPECT_EQ(parse_duration("3660d"), 3660 * 24h);
    EXPECT_FALSE(parse_duration("3661d"));
    EXPECT_FALSE(parse_duration("9223372036854775807ms"));
    EXPECT_FALSE(parse_duration("18446744073709551615h"));
}

TEST(Duration, ReadsShortForPeople) {
    EXPECT_EQ(format_duration(0ms), "0ms");
    EXPECT_EQ(format_duration(80ms), "80ms");
    EXPECT_EQ(format_duration(999ms), "999ms");
    EXPECT_EQ(format_duration(1480ms), "1.4s");
    EXPECT_EQ(format_duration(59999ms), "59.9s");
    EXPECT_EQ(format_duration(3min + 5s), "3m 5s");
    EXPECT_EQ(format_duration(2h + 10min), "2h 10m");
    EXPECT_EQ(format_duration(47h + 59min), "47h 59m");
    EXPECT_EQ(format_duration(76h), "3d 4h");
}

TEST(Size, IsInPowersOf1024) {
    EXPECT_EQ(parse_size("0"), 0U);
    EXPECT_EQ(parse_size("17"), 17U);
    EXPECT_EQ(parse_size("100B"), 100U);
    EXPECT_EQ(parse_size("512KB"), 512U * 1024);
    EXPECT_EQ(parse_size("10MB"), 10U << 20);
    EXPECT_EQ(parse_size("1GB"), 1U << 30);
}

TEST(Size, IsNothingWhenMalformedOrTooLarge) {
    for (const char* text : {"", "KB", "-1KB", "1.5MB", "1 MB", "1mb", "1kB", "1TB", "1MiB", "1KBB",
                             "18446744073709551616"}) {
        EXPECT_FALSE(parse_size(text)) << text;
    }
    EXPECT_EQ(parse_size("4294967296GB"), 1ULL << 62);
    EXPECT_FALSE(parse_size("4294967297GB"));
    EXPECT_EQ(parse_size("4611686018427387904"), 1ULL << 62);
    EXPECT_FALSE(parse_size("4611686018427387905"));
}

TEST(Size, ReadsShortForPeople) {
    EXPECT_EQ(format_size(0), "0B");
    EXPECT_EQ(format_size(1023), "1023B");
    EXPECT_EQ(format_size(1536), "1.5KB");
    EXPECT_EQ(format_size(10U << 20), "10.0MB");
    EXPECT_EQ(format_size(200U << 20), "200MB");
    EXPECT_EQ(format_size(3ULL << 40), "3.0TB");
}

TEST(Rfc3339, IsWrittenInUtcWithMilliseconds) {
    EXPECT_EQ(format_rfc3339(WallTime(0ms)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_rfc3339(WallTime(-1ms)), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(format_rfc3339(WallTime(1'777'636'800'123ms)), "2026-05-01T12:00:00.123Z");
}

TEST(Rfc3339, ReadsZonesAndFractionsOfAnyLength) {
    const WallTime noon(1'777'636'800'000ms);
    EXPECT_EQ(parse_rfc3339("2026-05-01T12:00:00Z"), noon);
    EXPECT_EQ(parse_rfc3339("2026-05-01T14:00:00+02:00"), noon);
    EXPECT_EQ(parse_rfc3339("2026-05-01T06:30:00-05:30"), noon);
    EXPECT_EQ(parse_rfc3339("2026-05-01T12:00:00.5Z"), noon + 500ms);
    EXPECT_EQ(parse_rfc3339("2026-05-01T12:00:00.123999999Z"), noon + 123ms);
    EXPECT_EQ(parse_rfc3339("2024-02-29T00:00:00Z"), WallTime(1'709'164'800'000ms));
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
    for (const char* text : {"",
                             "2026-05-01",
                             "2026-05-01 12:00:00Z",
                             "2026-05-01T12:00:00",
                             "2026-13-01T12:00:00Z",
                             "2026-00-01T12:00:00Z",
                             "2026-02-29T12:00:00Z",
                             "2026-05-32T12:00:00Z",
                             "2026-05-01T24:00:00Z",
                             "2026-05-01T12:60:00Z",
                             "2026-05-01T12:00:61Z",
                             "2026-5-1T12:00:00Z",
                             "2026- 5-01T12:00:00Z",
                             "2026-05-01T+1:00:00Z",
                             "2026-05-01T12:00:00.Z",
                             "2026-05-01T12:00:00Zjunk",
                             "2026-05-01T12:00:00+02:00junk",
                             "2026-05-01T12:00:00+2:00",
                             "2026-05-01T12:00:00+24:00",
                             "2026-05-01T12:00:00x02:00"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
    EXPECT_FALSE(parse_rfc3339(std::string_view("2026-05-01T12:00:00Z\0", 21)));
}

TEST(Rfc3339, ComesBackAsItWasWritten) {
    Random random(1);
    for (int i = 0; i < 10'000; ++i) {
        // Years 1970 to 9999.
        const WallTime time(Millis(static_cast<std::int64_t>(random.below(253'402'300'800'000))));
        ASSERT_EQ(parse_rfc3339(format_rfc3339(time)), time) << format_rfc3339(time);
    }
}

TEST(BootClock, NeverGoesBack) {
    Instant last = BootClock::now();
    for (int i = 0; i < 1000; ++i) {
        const Instant now = BootClock::now();
        ASSERT_GE(now, last);
        last = now;
    }
}

TEST(HttpDate, IsReadInTheOneFormThatIsSent) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
              parse_rfc3339("1994-11-06T08:49:37.000Z"));
    for (const char* bad : {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "06 Nov 1994 GMT"}) {
        EXPECT_FALSE(parse_http_date(bad)) << bad;
    }
}

}  // namespace
}  // namespace lastgood
