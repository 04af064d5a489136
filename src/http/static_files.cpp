// SPDX-License-Identifier: Apache-2.0
#include "http/static_files.hpp"

#include "http/field_rules.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace berth::http {
namespace {

namespace fs = std::filesystem;

struct Type {
    std::string_view extension;
    std::string_view name;
};

constexpr std::array types{
    Type{".html", "text/html; charset=utf-8"},
    Type{".js", "text/javascript; charset=utf-8"},
    Type{".mjs", "text/javascript; charset=utf-8"},
    Type{".css", "text/css; charset=utf-8"},
    Type{".json", "application/json"},
    Type{".map", "application/json"},
    Type{".webmanifest", "application/manifest+json"},
    Type{".svg", "image/svg+xml"},
    Type{".png", "image/png"},
    Type{".jpg", "image/jpeg"},
    Type{".webp", "image/webp"},
    Type{".ico", "image/x-icon"},
    Type{".woff2", "font/woff2"},
    Type{".wasm", "application/wasm"},
    Type{".txt", "text/plain; charset=utf-8"},
    Type{".wav", "audio/wav"},
    Type{".oga", "audio/ogg"},
};

// FNV-1a: distinguishes versions of a file; nobody gains anything from a collision.
std::string etag_of(std::string_view bytes) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : bytes) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 1099511628211ULL;
    }
    std::ostringstream text;
    text << '"' << std::hex << hash << '-' << bytes.size() << '"';
    return text.str();
}

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

// Whether the coding is acceptable: "gzip", "gzip;q=0.5", but not "gzip;q=0" (RFC 9110 12.5.3).
bool accepts(std::string_view list, std::string_view coding) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        const auto item = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        const auto semicolon = item.find(';');
        if (!iequals(trim(item.substr(0, semicolon)), coding)) continue;
        if (semicolon == std::string_view::npos) return true;
        const auto weight = trim(item.substr(semicolon + 1));
        return weight.find_first_of("123456789") != std::string_view::npos;
    }
    return false;
}

bool matches(std::string_view if_none_match, std::string_view etag) {
    while (!if_none_match.empty()) {
        const auto comma = std::min(if_none_match.find(','), if_none_match.size());
        auto item = trim(if_none_match.substr(0, comma));
        if (item.substr(0, 2) == "W/") item.remove_prefix(2);
        if (item == "*" || item == etag) return true;
        if_none_match.remove_prefix(std::min(comma + 1, if_none_match.size()));
    }
    return false;
}

Result<std::string> read_file(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream bytes;
    bytes << in.rdbuf();
    if (!in) return Error{Errc::internal, "cannot read " + path.string()};
    return std::move(bytes).str();
}

} // namespace

std::string_view content_type_of(std::string_view name) noexcept {
    for (const auto& type : types) {
        if (ends_with(name, type.extension)) return type.name;
    }
    return "application/octet-stream";
}

Result<StaticFiles> StaticFiles::load(const StaticConfig& config) {
    StaticFiles files;
    files.page_prefixes_ = config.page_prefixes;
    std::error_code ec;
    const fs::path root{config.directory};
    if (!fs::is_directory(root, ec)) {
        return Error{Errc::not_found, "no directory of web pages: " + config.directory};
    }
    std::map<std::string, Variant> found;
    std::size_t total = 0;
    auto entry = fs::recursive_directory_iterator{root, ec};
    for (; !ec && entry != fs::recursive_directory_iterator{}; entry.increment(ec)) {
        const auto name = entry->path().filename().string();
        const bool is_hidden = name.front() == '.';
        if (entry->is_directory() && (is_hidden || entry->is_symlink())) {
            entry.disable_recursion_pending();
        }
        if (is_hidden || entry->is_symlink() || !entry->is_regular_file()) continue;
        auto bytes = read_file(entry->path());
        if (!bytes) return bytes.error();
        total += bytes->size();
        if (total > config.largest_total) return Error{Errc::too_large, "web pages are too large"};
        Variant variant;
        variant.etag = etag_of(*bytes);
        variant.bytes = std::make_shared<const std::string>(std::move(*bytes));
        found["/" + entry->path().lexically_relative(root).generic_string()] = std::move(variant);
    }
    if (ec) return Error{Errc::internal, "cannot list web pages: " + ec.message()};
    for (const auto& [path, variant] : found) {
        const auto plain = path.substr(0, path.size() - 3);
        const bool is_compressed = ends_with(path, ".gz") || ends_with(path, ".br");
        if (is_compressed && found.contains(plain)) continue;
        File file;
        file.plain = variant;
        file.content_type = content_type_of(path);
        file.is_hashed = std::string_view{path}.substr(0, config.hashed_prefix.size())
            == config.hashed_prefix;
        if (const auto gz = found.find(path + ".gz"); gz != found.end()) file.gzip = gz->second;
        if (const auto br = found.find(path + ".br"); br != found.end()) file.brotli = br->second;
        files.files_.emplace(path, std::move(file));
    }
    return files;
}

bool StaticFiles::is_page(std::string_view path) const {
    for (const std::string_view prefix : page_prefixes_) {
        if (path == prefix) return true;
        if (prefix != "/" && path.size() > prefix.size() && path[prefix.size()] == '/'
            && path.substr(0, prefix.size()) == prefix) {
            return true;
        }
    }
    return false;
}

std::optional<Response> StaticFiles::find(const Request& request) const {
    auto file = files_.find(request.path);
    if (file == files_.end() && is_page(request.path)) file = files_.find("/index.html");
    if (file == files_.end()) return std::nullopt;
    return answer(file->second, request);
}

Response StaticFiles::answer(const File& file, const Request& request) const {
    Response response;
    const auto accepted = request.header("accept-encoding");
    const auto* variant = &file.plain;
    const char* coding = nullptr;
    if (file.brotli.bytes && accepts(accepted, "br")) {
        variant = &file.brotli;
        coding = "br";
    } else if (file.gzip.bytes && accepts(accepted, "gzip")) {
        variant = &file.gzip;
        coding = "gzip";
    }
    if (file.gzip.bytes || file.brotli.bytes) {
        response.headers.emplace_back("Vary", "Accept-Encoding");
    }
    response.headers.emplace_back("ETag", variant->etag);
    response.headers.emplace_back(
        "Cache-Control", file.is_hashed ? "public, max-age=31536000, immutable" : "no-cache"
    );
    if (matches(request.header("if-none-match"), variant->etag)) {
        response.status = 304;
        return response;
    }
    response.headers.emplace_back("Content-Type", file.content_type);
    if (coding != nullptr) response.headers.emplace_back("Content-Encoding", coding);
    response.shared_body = variant->bytes;
    return response;
}

} // namespace berth::http
