// SPDX-License-Identifier: Apache-2.0
#pragma once
// One request to a Berth server: over the admin socket, whose owner is the administrator, or over
// HTTP(S) with a token.

#include "base/error.hpp"
#include "base/secret.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace berth::cli {

// Pointer of the error's field that holds type and fingerprint of a key nobody has confirmed.
inline constexpr std::string_view shown_key = "host_key";

class ApiClient {
public:
    // `unavailable` from call() when nobody listens there.
    static ApiClient over_socket(const std::string& path);
    // invalid_input: not http[s]://host[:port], or a token over plain HTTP to another machine.
    static Result<ApiClient> over_http(const std::string& url, Secret token);

    ApiClient(ApiClient&&) noexcept;
    ApiClient& operator=(ApiClient&&) noexcept;
    ~ApiClient();

    // The body of a 2xx answer, JSON or empty. Problems of the server become errors with its code,
    // its words and its fields. `body` is JSON or empty.
    Result<std::string> call(const std::string& method, const std::string& target, std::string body = {});

private:
    struct Impl;
    explicit ApiClient(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// One part of a path, percent-encoded (RFC 3986 unreserved characters stay).
std::string path_part(std::string_view text);

} // namespace berth::cli
