// SPDX-License-Identifier: Apache-2.0
#include "crypto/password_hasher.hpp"

#include "base/assert.hpp"
#include "crypto/sodium.hpp"

#include <sodium.h>

#include <array>

namespace berth::crypto {

class PasswordHasher::Place {
public:
    Place(std::atomic<std::size_t>& queued, std::size_t longest)
        : queued_{queued}
        , is_taken_{queued.fetch_add(1) < longest} {
        if (!is_taken_) queued_.fetch_sub(1);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        if (is_taken_) queued_.fetch_sub(1);
    }
    bool is_taken() const noexcept { return is_taken_; }

private:
    std::atomic<std::size_t>& queued_;
    bool is_taken_;
};

namespace {

Error queue_is_full() {
    return Error{Errc::rate_limited, "password queue is full"}.with_retry_after(2);
}

} // namespace

PasswordHasher::PasswordHasher(PasswordHasherConfig config)
    : config_{config}
    , pool_{config.threads, "password"} {
    start_sodium();
    auto dummy = hash_now(Secret{"not the password of anybody"});
    BERTH_ASSERT(dummy.has_value());
    dummy_ = std::move(*dummy);
}

Result<std::string> PasswordHasher::hash_now(const Secret& password) const {
    std::array<char, crypto_pwhash_STRBYTES> stored{};
    const auto text = password.reveal();
    const int failed = crypto_pwhash_str_alg(
        stored.data(),
        text.data(),
        text.size(),
        config_.passes,
        config_.memory_bytes,
        crypto_pwhash_ALG_ARGON2ID13
    );
    if (failed != 0) return Error{Errc::unavailable, "no memory to hash a password"};
    return std::string{stored.data()};
}

net::Task<Result<std::string>> PasswordHasher::hash(Secret password) {
    Place place{queued_, config_.longest_queue};
    if (!place.is_taken()) co_return queue_is_full();
    auto job = [&] { return hash_now(password); };
    co_return co_await pool_.run(std::move(job));
}

net::Task<Result<bool>> PasswordHasher::verify(Secret password, std::string stored) {
    Place place{queued_, config_.longest_queue};
    if (!place.is_taken()) co_return queue_is_full();
    auto job = [&]() -> Result<bool> {
        const bool is_known = !stored.empty();
        // The library takes C strings: a NUL inside would end the comparison early.
        const auto& form = is_known ? stored : dummy_;
        const auto text = password.reveal();
        const bool is_right = crypto_pwhash_str_verify(form.c_str(), text.data(), text.size()) == 0;
        return is_right && is_known;
    };
    co_return co_await pool_.run(std::move(job));
}

bool PasswordHasher::needs_rehash(const std::string& stored) const {
    return crypto_pwhash_str_needs_rehash(stored.c_str(), config_.passes, config_.memory_bytes) !=
           0;
}

} // namespace berth::crypto
