// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes to Request, without reading or writing any: Beast's parser behind our stricter rules
// (H-30, H-31; RFC 9112). One object serves all requests of a connection, one after another.

#include "http/message.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace berth::http {

// What the peer did wrong, ready to be answered; the connection must be closed afterwards.
struct ParseFailure {
    int status = 0; // 0 = nothing wrong
    Errc code = Errc::invalid_input;
    const char* why = "";
};

class RequestParser {
public:
    enum class State {
        head,   // more bytes of the head are needed
        body,   // the head is complete, the body is not
        done,   // the request is complete
        failed, // failure() says why
    };

    RequestParser();
    ~RequestParser();

    // Starts the next request, which is filled in place; it must outlive the parsing.
    void begin(Request& request);
    // Takes what it can of the bytes and says how many; the rest is presented again, followed by
    // more. Stops after the head, so that the caller can decide before the body is taken.
    std::size_t feed(std::string_view bytes);
    State state() const noexcept;
    const ParseFailure& failure() const noexcept;

    // Valid once the head is complete.
    bool has_body() const noexcept;
    bool wants_continue() const noexcept; // Expect: 100-continue
    bool may_keep_alive() const noexcept;
    bool is_http_1_1() const noexcept;
    // Fixes how long the body may be. False (and failed) when Content-Length says more already.
    bool limit_body(std::size_t longest);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace berth::http
