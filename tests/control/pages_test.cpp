// The dashboard's files, as they are in the program.
#include "control/pages.h"

#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace lastgood::control {
namespace {

http::Request asking(std::vector<std::pair<std::string, std::string>> headers = {}) {
    http::Request request;
    request.method = "GET";
    request.headers = std::move(headers);
    return request;
}

std::string header(const http::Response& response, const std::string& name) {
    for (const auto& [one, value] : response.headers) {
        if (one == name) return value;
    }
    return {};
}

TEST(Pages, AreFoundByTheirPath) {
    ASSERT_NE(find_page("/"), nullptr);
    EXPECT_EQ(find_page("/")->type, "text/html; charset=utf-8");
    EXPECT_EQ(find_page("/main.js")->type, "text/javascript; charset=utf-8");
    EXPECT_EQ(find_page("/nothing"), nullptr);
    EXPECT_EQ(find_page("/../main.js"), nullptr);
    EXPECT_EQ(find_page(""), nullptr);
}

TEST(Pages, GoPackedToThoseWhoTakeIt) {
    const Page& page = *find_page("/main.js");
    EXPECT_EQ(page_response(page, asking()).body, page.plain);
    const auto packed = page_response(page, asking({{"accept-encoding", "br, gzip;q=0.9"}}));
    EXPECT_EQ(packed.body, page.gzipped);
    EXPECT_EQ(header(packed, "Content-Encoding"), "gzip");
    EXPECT_LT(page.gzipped.size(), page.plain.size() / 2);
    EXPECT_TRUE(page.gzipped.starts_with("\x1f\x8b"));
}

TEST(Pages, AreNotSentTwice) {
    const Page& page = *find_page("/");
    const auto first = page_response(page, asking());
    const auto second = page_response(page, asking({{"if-none-match", header(first, "ETag")}}));
    EXPECT_EQ(second.status, 304);
    EXPECT_TRUE(second.body.empty());
    EXPECT_EQ(page_response(page, asking({{"if-none-match", "\"other\""}})).status, 200);
}

TEST(Pages, OnlyGiveThemselves) {
    http::Request request = asking();
    request.method = "POST";
    EXPECT_EQ(page_response(*find_page("/"), request).status, 405);
}

TEST(Pages, AreSmall) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < kPagesCount; ++i) bytes += kPages[i].plain.size();
    EXPECT_LT(bytes, 150'000U);
}

// Text from outside gets into the page as text only, and the page asks nobody else for anything.
TEST(Pages, HaveNoWayForHtmlAndNoOutsideResource) {
    for (std::size_t i = 0; i < kPagesCount; ++i) {
        const std::string text(kPages[i].plain);
        for (const std::string word :
             {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser",
              "eval(", "new Function", "srcdoc", "createContextualFragment"}) {
            EXPECT_EQ(text.find(word), std::string::npos) << kPages[i].path << ": " << word;
        }
        std::smatch found;
        const std::regex address("https?://(?!www\\.w3\\.org/2000/svg)");
        EXPECT_FALSE(std::regex_search(text, found, address)) << kPages[i].path;
    }
}

// Each module that is named is there, and the first page asks for all of them at once.
TEST(Pages, NameOnlyFilesThatAreThere) {
    const std::string first(find_page("/")->plain);
    const std::regex name("(?:from |import |href=|src=)\"(\\./)?([a-z_]+\\.(?:js|css|svg))\"");
    std::set<std::string> modules;
    for (std::size_t i = 0; i < kPagesCount; ++i) {
        const std::string text(kPages[i].plain);
        for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) {
            const std::string path = "/" + (*at)[2].str();
            EXPECT_NE(find_page(path), nullptr) << kPages[i].path << " names " << path;
            if (path.ends_with(".js")) modules.insert((*at)[2].str());
        }
    }
    EXPECT_GE(modules.size(), 8U);
    for (const auto& module : modules) {
        EXPECT_NE(first.find("\"" + module + "\""), std::string::npos) << module;
    }
}

}  // namespace
}  // namespace lastgood::control
