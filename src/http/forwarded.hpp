// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whose word about the client's address counts. X-Forwarded-For and -Proto are believed only when
// the peer itself is a configured proxy (T-04, H-23); nobody is by default.

#include "base/error.hpp"
#include "http/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace berth::http {

class TrustedProxies {
public:
    TrustedProxies() = default;
    // Each text is an address ("10.0.0.1", "::1"), a network ("10.0.0.0/8") or "unix" (peers on a
    // unix socket). invalid_input names the first that is none of these.
    static Result<TrustedProxies> parse(const std::vector<std::string>& texts);

    bool contains(std::string_view address) const;
    // Sets request.peer to the right-most address that is not a proxy of ours and
    // request.is_secure to a proxy's word. A header that does not parse changes nothing.
    void apply(Request& request) const;

private:
    struct Network {
        bool is_v6 = false;
        unsigned char address[16] = {};
        unsigned prefix = 0;
    };
    std::vector<Network> networks_;
    bool is_unix_trusted_ = false;
};

} // namespace berth::http
