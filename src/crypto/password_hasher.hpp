// SPDX-License-Identifier: Apache-2.0
#pragma once
// Passwords: argon2id (RFC 9106), by libsodium. Each hash takes tens of megabytes and a tenth of a
// second, so that they have threads of their own, and a bound.

#include "base/error.hpp"
#include "base/secret.hpp"
#include "net/blocking_pool.hpp"

#include <atomic>
#include <cstddef>
#include <string>

namespace berth::crypto {

struct PasswordHasherConfig {
    // Memory per hash; reliability rule H-51.
    std::size_t memory_bytes = 64U * 1024 * 1024;
    // Passes over that memory.
    unsigned passes = 3;
    // Hashes at the same time, each with its own memory and thread.
    std::size_t threads = 2;
    // Hashes running or waiting; beyond it callers are told to come back.
    std::size_t longest_queue = 32;
};

class PasswordHasher {
public:
    // Makes the dummy hash: takes as long as one hash does.
    explicit PasswordHasher(PasswordHasherConfig config = {});
    // Calls must be over.
    ~PasswordHasher() = default;

    // Called from any one thread at a time per call; calls may overlap. rate_limited with
    // retry_after when the queue is full, unavailable when there is no memory for a hash.
    net::Task<Result<std::string>> hash(Secret password);
    // Whether the password belongs to the stored form. An empty form (unknown user, no password)
    // is checked against a dummy hash and is false: it takes the same time.
    net::Task<Result<bool>> verify(Secret password, std::string stored);
    // The stored form was made with other costs than these: hash again at the next sign-in.
    bool needs_rehash(const std::string& stored) const;

private:
    // A place in the queue, given back by its destructor.
    class Place;
    Result<std::string> hash_now(const Secret& password) const;
    PasswordHasherConfig config_;
    std::string dummy_;
    std::atomic<std::size_t> queued_{0};
    net::BlockingPool pool_; // last: its threads use what is above
};

} // namespace berth::crypto
