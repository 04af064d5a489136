// SPDX-License-Identifier: Apache-2.0
#pragma once
// The web pages, read into memory once. A request path is only ever compared with the names that
// were found then: it cannot reach the disk.

#include "http/message.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace berth::http {

struct StaticConfig {
    std::string directory;
    // Paths below these (and equal to them) answer index.html when no file has their name: the
    // pages of a single-page application. "/" means the path "/" only.
    std::vector<std::string> page_prefixes = {"/"};
    // Names below these carry a hash of their content and are cached for a year.
    std::string hashed_prefix = "/assets/";
    std::size_t largest_total = 64UL * 1024 * 1024;
};

class StaticFiles {
public:
    // Blocking; for the start. Symbolic links and hidden files are left out. A file "x.gz" or
    // "x.br" beside "x" is its compressed form and no file of its own. Errors: not_found,
    // too_large, internal.
    static Result<StaticFiles> load(const StaticConfig& config);

    // 200, 304 (If-None-Match), or nothing when there is no such file or page.
    std::optional<Response> find(const Request& request) const;
    bool empty() const noexcept { return files_.empty(); }
    std::size_t size() const noexcept { return files_.size(); }

private:
    struct Variant {
        std::shared_ptr<const std::string> bytes;
        std::string etag;
    };
    struct File {
        std::string content_type;
        bool is_hashed = false;
        Variant plain, gzip, brotli;
    };
    Response answer(const File& file, const Request& request) const;
    bool is_page(std::string_view path) const;

    std::map<std::string, File, std::less<>> files_; // by request path
    std::vector<std::string> page_prefixes_;
};

// By extension; application/octet-stream when unknown.
std::string_view content_type_of(std::string_view name) noexcept;

} // namespace berth::http
