// SPDX-License-Identifier: Apache-2.0
#include "ssh/known_hosts.hpp"

#include "base/log.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace berth::ssh {
namespace {

using Bytes = std::vector<unsigned char>;

std::optional<Bytes> decode_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > 64 * 1024) return std::nullopt;
    // OpenSSL takes the padding for zeros, wherever it stands.
    auto end = text.find('=');
    if (end != std::string_view::npos && end + 2 < text.size()) return std::nullopt;
    Bytes bytes(text.size() / 4 * 3);
    auto n = EVP_DecodeBlock(
        bytes.data(),
        reinterpret_cast<const unsigned char*>(text.data()),
        static_cast<int>(text.size())
    );
    if (n < 0) return std::nullopt;
    auto padding = static_cast<std::size_t>(std::count(text.end() - 2, text.end(), '='));
    bytes.resize(static_cast<std::size_t>(n) - padding); // OpenSSL counts the padding in
    return bytes;
}

std::string encode_base64(const unsigned char* bytes, std::size_t size) {
    std::string text((size + 2) / 3 * 4 + 1, '\0');
    auto n = EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size)
    );
    text.resize(static_cast<std::size_t>(n));
    return text;
}

std::string lower(std::string_view text) {
    std::string result{text};
    std::ranges::transform(result, result.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return result;
}

std::string name_hash(const Bytes& salt, std::string_view name) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    HMAC(
        EVP_sha1(),
        salt.data(),
        static_cast<int>(salt.size()),
        reinterpret_cast<const unsigned char*>(name.data()),
        name.size(),
        mac.data(),
        &size
    );
    return encode_base64(mac.data(), size);
}

// "|1|salt|hash"
bool fits_hash(std::string_view pattern, std::string_view name) {
    pattern.remove_prefix(3);
    auto bar = pattern.find('|');
    if (bar == std::string_view::npos) return false;
    auto salt = decode_base64(pattern.substr(0, bar));
    return salt && name_hash(*salt, name) == pattern.substr(bar + 1);
}

// '*' and '?' as in ssh_config(5) PATTERNS; no recursion, since the file may be hostile.
bool fits_wildcard(std::string_view pattern, std::string_view name) {
    std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
    while (n < name.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n]) && pattern[p] != '*') {
            ++p, ++n;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool fits_patterns(std::string_view patterns, std::string_view name) {
    bool is_fitting = false;
    while (!patterns.empty()) {
        auto end = patterns.find(',');
        auto one = patterns.substr(0, end);
        patterns.remove_prefix(end == std::string_view::npos ? patterns.size() : end + 1);
        bool is_negated = one.starts_with('!');
        if (is_negated) one.remove_prefix(1);
        bool fits = one.starts_with("|1|") ? fits_hash(one, name) : fits_wildcard(lower(one), name);
        if (fits && is_negated) return false;
        is_fitting = is_fitting || fits;
    }
    return is_fitting;
}

std::string_view next_word(std::string_view& line) {
    auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return line = {};
    auto end = line.find_first_of(" \t\r", begin);
    auto word = line.substr(begin, end == std::string_view::npos ? end : end - begin);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end);
    return word;
}

// Calls visit(line without its end) for each line.
template <class Visit>
void for_lines(std::string_view text, Visit visit) {
    while (!text.empty()) {
        auto end = text.find('\n');
        visit(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

// Empty when there is none; nothing when it is there and cannot be read to its end.
std::optional<std::string> read_file(const std::string& path) {
    std::string text;
    if (path.empty()) return text;
    int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 && errno == ENOENT) return text;
    if (file < 0) return std::nullopt;
    std::array<char, 16 * 1024> piece{};
    ssize_t n = 1;
    while (n > 0 && text.size() <= limits::ssh_known_hosts) {
        n = ::read(file, piece.data(), piece.size());
        if (n > 0) text.append(piece.data(), static_cast<std::size_t>(n));
        if (n < 0 && errno == EINTR) n = 1;
    }
    ::close(file);
    if (n != 0) return std::nullopt;
    return text;
}

Error failed(const std::string& path, std::string_view doing) {
    return Error{
        Errc::unavailable,
        std::string{doing} + " " + path + ": " + std::strerror(errno)};
}

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        auto n = ::write(file, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

// Complete or not at all, for its owner only.
Status replace_file(const std::string& path, std::string_view text) {
    auto fresh = path + ".new";
    ::unlink(fresh.c_str());
    int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return failed(fresh, "create");
    bool is_written = write_all(file, text) && ::fsync(file) == 0;
    ::close(file);
    if (!is_written) return failed(fresh, "write");
    if (::rename(fresh.c_str(), path.c_str()) != 0) return failed(path, "replace");
    return {};
}

// Among several writers of the file; ends with the object.
class FileLock {
public:
    explicit FileLock(const std::string& path)
        : file_{::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)} {
        if (file_ >= 0) ::flock(file_, LOCK_EX);
    }
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    ~FileLock() {
        if (file_ >= 0) ::close(file_);
    }

private:
    int file_;
};

struct Opinion {
    bool speaks = false, has_key = false, is_revoked = false;
    HostKey other;
};

Opinion opinion_of(std::string_view text, const Target& target, const HostKey& key) {
    Opinion opinion;
    for (auto& known : find_known(text, target.key_name)) {
        bool is_same = known.type == key.type && known.blob == key.blob;
        if (known.marker == KnownKey::Marker::revoked) opinion.is_revoked |= known.blob == key.blob;
        if (known.marker != KnownKey::Marker::none) continue;
        opinion.speaks = true;
        opinion.has_key |= is_same;
        // Of several the one of the same type tells most.
        if (!is_same && (opinion.other.type.empty() || known.type == key.type)) {
            opinion.other.type = known.type;
            opinion.other.blob = known.blob;
            opinion.other.fingerprint = fingerprint_of(known.blob);
        }
    }
    return opinion;
}

} // namespace

std::string fingerprint_of(std::string_view blob) {
    auto bytes = decode_base64(blob);
    if (!bytes) return {};
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(bytes->data(), bytes->size(), digest.data(), &size, EVP_sha256(), nullptr);
    auto text = encode_base64(digest.data(), size);
    while (text.ends_with('=')) text.pop_back();
    return "SHA256:" + text;
}

std::string key_name(std::string_view host, std::uint16_t port) {
    auto name = lower(host);
    return port == 22 ? name : "[" + name + "]:" + std::to_string(port);
}

std::vector<KnownKey> find_known(std::string_view text, std::string_view name) {
    std::vector<KnownKey> found;
    for_lines(text, [&](std::string_view line) {
        KnownKey known;
        auto word = next_word(line);
        if (word.empty() || word.starts_with('#')) return;
        if (word == "@revoked") known.marker = KnownKey::Marker::revoked;
        else if (word == "@cert-authority") known.marker = KnownKey::Marker::authority;
        else if (word.starts_with('@')) return;
        auto patterns = known.marker == KnownKey::Marker::none ? word : next_word(line);
        known.type = next_word(line);
        known.blob = next_word(line);
        if (known.blob.empty() || !fits_patterns(patterns, name)) return;
        found.push_back(std::move(known));
    });
    return found;
}

std::string known_line(std::string_view name, const HostKey& key, NameForm form) {
    std::string shown{name};
    if (form == NameForm::hashed) {
        Bytes salt(20);
        if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) == 1)
            shown = "|1|" + encode_base64(salt.data(), salt.size()) + "|" + name_hash(salt, name);
    }
    return shown + " " + key.type + " " + key.blob + "\n";
}

std::string without_name(std::string_view text, std::string_view name) {
    std::string kept;
    for_lines(text, [&](std::string_view line) {
        auto rest = line;
        auto patterns = next_word(rest);
        bool is_plain = !patterns.empty() && !patterns.starts_with('#') && !patterns.starts_with('@');
        bool is_this = is_plain && (patterns.starts_with("|1|") ? fits_hash(patterns, name)
                                                                : lower(patterns) == name);
        if (!is_this) kept.append(line).push_back('\n');
    });
    return kept;
}

KeyCheck KnownHosts::check(const Target& target, const HostKey& key) const {
    KeyCheck result;
    auto own_text = read_file(own_);
    if (!own_text) return result; // what it says cannot be known: nothing is trusted
    auto own = opinion_of(*own_text, target, key);
    Opinion others;
    for (const auto& path : target.known_hosts) {
        auto opinion = opinion_of(read_file(path).value_or(""), target, key);
        others.is_revoked |= opinion.is_revoked;
        others.has_key |= opinion.has_key;
        if (!others.speaks || others.other.type.empty()) others.other = opinion.other;
        others.speaks |= opinion.speaks;
    }
    const auto& decisive = own.speaks ? own : others;
    if (own.is_revoked || others.is_revoked) result.verdict = KeyVerdict::revoked;
    else if (decisive.has_key) result.verdict = KeyVerdict::ok;
    else if (decisive.speaks) result.verdict = KeyVerdict::changed;
    if (result.verdict == KeyVerdict::changed) result.known = decisive.other;
    return result;
}

std::vector<std::string> KnownHosts::known_types(const Target& target) const {
    std::vector<std::string> types;
    auto add = [&](const std::string& path) {
        auto text = read_file(path).value_or("");
        for (const auto& known : find_known(text, target.key_name)) {
            if (known.marker == KnownKey::Marker::none && std::ranges::count(types, known.type) == 0)
                types.push_back(known.type);
        }
    };
    add(own_);
    if (!types.empty()) return types;
    for (const auto& path : target.known_hosts) add(path);
    return types;
}

Status KnownHosts::put(std::string_view name, const HostKey& key, NameForm form) const {
    return rewrite(name, known_line(name, key, form));
}

Status KnownHosts::forget(std::string_view name) const { return rewrite(name, {}); }

Status KnownHosts::rewrite(std::string_view name, std::string_view added) const {
    if (own_.empty()) return Error{Errc::unavailable, "there is no known_hosts file of our own"};
    FileLock lock{own_};
    auto old = read_file(own_);
    if (!old) return Error{Errc::unavailable, own_ + " cannot be read"};
    auto text = without_name(*old, name);
    text += added;
    return replace_file(own_, text);
}

} // namespace berth::ssh
