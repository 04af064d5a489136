// SPDX-License-Identifier: Apache-2.0
#include "http/sse.hpp"
#include "http/static_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace berth::http {
namespace {

class Pages {
public:
    Pages() {
        char name[] = "/tmp/berth-pages-XXXXXX";
        directory = ::mkdtemp(name);
        write("index.html", "<html>");
        write("favicon.svg", "<svg>");
        write("assets/app-1a2b.js", "plain");
        write("assets/app-1a2b.js.gz", "gzipped");
        write("assets/app-1a2b.js.br", "brotli");
        write(".secret", "x");
        std::filesystem::create_symlink("/etc/passwd", directory + "/link.txt");
        StaticConfig config;
        config.directory = directory;
        config.page_prefixes = {"/", "/sign-in", "/desktops"};
        files = StaticFiles::load(config).value();
    }
    ~Pages() { std::filesystem::remove_all(directory); }
    void write(const std::string& name, const std::string& text) {
        const auto path = std::filesystem::path{directory} / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream{path} << text;
    }
    std::optional<Response> find(std::string path, std::string name = {}, std::string value = {}) {
        Request request;
        request.method = "GET";
        request.path = std::move(path);
        if (!name.empty()) request.headers.emplace_back(std::move(name), std::move(value));
        return files.find(request);
    }
    std::string directory;
    StaticFiles files;
};

TEST(StaticFiles, AnswersFilesWithTypeAndPolicy) {
    Pages pages;
    const auto page = pages.find("/index.html");
    ASSERT_TRUE(page);
    EXPECT_EQ(*page->shared_body, "<html>");
    EXPECT_EQ(net::find_header(page->headers, "content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(net::find_header(page->headers, "cache-control"), "no-cache");
    const auto asset = pages.find("/assets/app-1a2b.js");
    ASSERT_TRUE(asset);
    EXPECT_EQ(net::find_header(asset->headers, "cache-control"),
              "public, max-age=31536000, immutable");
    EXPECT_EQ(net::find_header(asset->headers, "vary"), "Accept-Encoding");
}

TEST(StaticFiles, AnswersThePagesOfTheApplicationWithTheIndex) {
    Pages pages;
    for (const auto* path : {"/", "/sign-in", "/desktops/abc", "/desktops/abc/ended"}) {
        const auto page = pages.find(path);
        ASSERT_TRUE(page) << path;
        EXPECT_EQ(*page->shared_body, "<html>");
    }
    for (const auto* path : {"/nope", "/desktopsx", "/assets/none.js", "/assets", "/.secret",
                             "/link.txt", "/../index.html", "/assets/app-1a2b.js.gz", ""}) {
        EXPECT_FALSE(pages.find(path)) << path;
    }
}

TEST(StaticFiles, ChoosesTheCompressedFormTheClientTakes) {
    Pages pages;
    const auto body = [&](const char* accepted) {
        return *pages.find("/assets/app-1a2b.js", "Accept-Encoding", accepted)->shared_body;
    };
    EXPECT_EQ(body("gzip, deflate, br"), "brotli");
    EXPECT_EQ(body("gzip, br;q=0"), "gzipped");
    EXPECT_EQ(body("gzip;q=0.5"), "gzipped");
    EXPECT_EQ(body("GZIP"), "gzipped");
    EXPECT_EQ(body("identity"), "plain");
    EXPECT_EQ(body("xgzip"), "plain");
}

TEST(StaticFiles, Answers304ForTheVersionTheClientHas) {
    Pages pages;
    const auto first = pages.find("/index.html");
    const auto etag = std::string{net::find_header(first->headers, "etag")};
    EXPECT_EQ(pages.find("/index.html", "If-None-Match", "\"x\", W/" + etag)->status, 304);
    EXPECT_EQ(pages.find("/index.html", "If-None-Match", "\"x\"")->status, 200);
}

TEST(StaticFiles, SaysWhichDirectoryIsMissing) {
    StaticConfig config;
    config.directory = "/nowhere/at/all";
    const auto files = StaticFiles::load(config);
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().code(), Errc::not_found);
}

TEST(Sse, FramesAnEventInOneLineOfData) {
    EXPECT_EQ(encode_event(7, "session", R"({"a":1})"),
              "id: 7\nevent: session\ndata: {\"a\":1}\n\n");
    EXPECT_EQ(encode_event(0, "", "a\nb\rc"), "data: a b c\n\n");
    EXPECT_EQ(encode_retry(3000), "retry: 3000\n\n");
    EXPECT_EQ(heartbeat(), ":\n\n");
}

TEST(Sse, ResumesFromHeaderOrQuery) {
    Request request;
    EXPECT_EQ(*resume_id(request), std::nullopt);
    request.query = "after=12";
    EXPECT_EQ(*resume_id(request), 12U);
    request.headers.emplace_back("Last-Event-ID", "34");
    EXPECT_EQ(*resume_id(request), 34U) << "the header is what the browser really saw last";
    for (const auto* bad : {"x", "-1", "1 ", "18446744073709551616"}) {
        request.headers[0].second = bad;
        EXPECT_FALSE(resume_id(request)) << bad;
    }
}

} // namespace
} // namespace berth::http
