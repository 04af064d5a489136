// SPDX-License-Identifier: Apache-2.0
#include "crypto/rfb_secrets.hpp"

#include "base/assert.hpp"
#include "base/scope_exit.hpp"
#include "crypto/sodium.hpp"

#include <sodium.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace berth::crypto {
namespace {

constexpr std::size_t key_size = crypto_generichash_KEYBYTES;
static_assert(key_size == 32);
constexpr std::size_t secret_length = 8;
constexpr std::string_view symbols =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
static_assert(symbols.size() == 64);

Error unusable(const std::filesystem::path& file, std::string_view why) {
    return Error{Errc::unavailable, "key file " + file.string() + ": " + std::string{why}};
}

Error unusable(const std::filesystem::path& file, std::string_view what, int error) {
    return unusable(file, std::string{what} + ": " + std::strerror(error));
}

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// Makes a complete file under a name of its own and links it to the final one: a crash leaves no
// half key, and of two processes one wins.
Status make_key(const std::filesystem::path& file, RandomSource& random) {
    const auto folder = file.parent_path().empty() ? "." : file.parent_path();
    std::error_code ignored; // what is wrong with the folder shows at open
    if (!std::filesystem::exists(folder, ignored)) {
        std::filesystem::create_directories(folder.parent_path(), ignored);
        ::mkdir(folder.c_str(), 0700);
    }
    std::string key(key_size, '\0');
    random.fill(key.data(), key.size());
    const Secret wiped{key};
    sodium_memzero(key.data(), key.size());
    const auto draft = file.string() + "." + make_token(random, 9);
    const int descriptor =
        ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return unusable(file, "cannot be made", errno);
    ScopeExit remove_draft{[&] { ::unlink(draft.c_str()); }};
    const bool is_written = ::fchmod(descriptor, 0600) == 0 &&
                            write_all(descriptor, wiped.reveal()) && ::fsync(descriptor) == 0;
    const int failure = errno;
    ::close(descriptor);
    if (!is_written) return unusable(file, "cannot be written", failure);
    if (::link(draft.c_str(), file.c_str()) != 0 && errno != EEXIST)
        return unusable(file, "cannot be made", errno);
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        ::fsync(directory);
        ::close(directory);
    }
    return {};
}

Result<Secret> read_key(const std::filesystem::path& file, int descriptor) {
    struct stat facts {};
    if (::fstat(descriptor, &facts) != 0) return unusable(file, "cannot be looked at", errno);
    if (!S_ISREG(facts.st_mode)) return unusable(file, "not a regular file");
    if (facts.st_uid != ::geteuid()) return unusable(file, "belongs to another user");
    if ((facts.st_mode & 07777) != 0600) return unusable(file, "mode must be 0600");
    if (facts.st_size != static_cast<off_t>(key_size))
        return unusable(file, "size must be 32 bytes");
    std::array<char, key_size> bytes{};
    ScopeExit wipe{[&] { sodium_memzero(bytes.data(), bytes.size()); }};
    if (::read(descriptor, bytes.data(), bytes.size()) != static_cast<ssize_t>(key_size))
        return unusable(file, "cannot be read");
    return Secret{std::string{bytes.data(), bytes.size()}};
}

} // namespace

Result<RfbSecrets> RfbSecrets::open(const std::filesystem::path& key_file, RandomSource& random) {
    start_sodium();
    int descriptor = ::open(key_file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0 && errno == ENOENT) {
        if (auto made = make_key(key_file, random); !made) return made.error();
        descriptor = ::open(key_file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (descriptor < 0) return unusable(key_file, "cannot be opened", errno);
    ScopeExit close{[descriptor] { ::close(descriptor); }};
    auto key = read_key(key_file, descriptor);
    if (!key) return key.error();
    return RfbSecrets{std::move(*key)};
}

Secret RfbSecrets::secret_of(const SessionId& session, int generation) const {
    BERTH_ASSERT(key_.reveal().size() == key_size);
    // The separator is outside the alphabet of ids: no two pairs give the same text.
    const std::string message = "berth rfb\n" + session.str() + "\n" + std::to_string(generation);
    std::array<unsigned char, 16> digest{};
    static_assert(secret_length <= digest.size());
    crypto_generichash(
        digest.data(),
        digest.size(),
        reinterpret_cast<const unsigned char*>(message.data()),
        message.size(),
        reinterpret_cast<const unsigned char*>(key_.reveal().data()),
        key_size
    );
    std::string text;
    for (std::size_t i = 0; i < secret_length; ++i)
        text += symbols[digest[i] & 63U];
    sodium_memzero(digest.data(), digest.size());
    return Secret{std::move(text)};
}

} // namespace berth::crypto
