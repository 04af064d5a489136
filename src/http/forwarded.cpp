// SPDX-License-Identifier: Apache-2.0
#include "http/forwarded.hpp"

#include "http/field_rules.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <optional>

namespace berth::http {
namespace {

struct Address {
    bool is_v6 = false;
    unsigned char bytes[16] = {};
};

// An IPv4 address inside IPv6 is the same client as the bare one.
std::optional<Address> parse_address(std::string_view text) {
    Address address;
    const std::string zero_terminated{text};
    if (inet_pton(AF_INET, zero_terminated.c_str(), address.bytes) == 1) return address;
    if (inet_pton(AF_INET6, zero_terminated.c_str(), address.bytes) != 1) return std::nullopt;
    static constexpr unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(address.bytes, mapped, sizeof mapped) == 0) {
        std::memmove(address.bytes, address.bytes + 12, 4);
        return address;
    }
    address.is_v6 = true;
    return address;
}

std::string print(const Address& address) {
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes, text, sizeof text);
    return text;
}

// "1.2.3.4", "1.2.3.4:80", "[::1]:80" and "::1" are all seen in the wild.
std::optional<Address> parse_hop(std::string_view text) {
    text = trim(text);
    if (!text.empty() && text.front() == '[') {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        return parse_address(text.substr(1, end - 1));
    }
    if (text.find(':') == text.rfind(':')) text = text.substr(0, text.find(':'));
    return parse_address(text);
}

} // namespace

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& texts) {
    TrustedProxies proxies;
    for (const auto& text : texts) {
        if (text == "unix") {
            proxies.is_unix_trusted_ = true;
            continue;
        }
        const auto slash = text.find('/');
        const auto address = parse_address(std::string_view{text}.substr(0, slash));
        const unsigned longest = address && address->is_v6 ? 128 : 32;
        unsigned prefix = longest;
        bool is_good = address.has_value();
        if (slash != std::string::npos) {
            const char* end = text.data() + text.size();
            const auto parsed = std::from_chars(text.data() + slash + 1, end, prefix);
            is_good = is_good && parsed.ec == std::errc{} && parsed.ptr == end && prefix <= longest;
        }
        if (!is_good) return Error{Errc::invalid_input, "not an address or network: " + text};
        Network network;
        network.is_v6 = address->is_v6;
        network.prefix = prefix;
        std::memcpy(network.address, address->bytes, sizeof network.address);
        proxies.networks_.push_back(network);
    }
    return proxies;
}

bool TrustedProxies::contains(std::string_view text) const {
    if (text == "unix") return is_unix_trusted_;
    const auto address = parse_address(text);
    if (!address) return false;
    for (const auto& network : networks_) {
        if (network.is_v6 != address->is_v6) continue;
        const unsigned whole = network.prefix / 8;
        const unsigned rest = network.prefix % 8;
        if (std::memcmp(network.address, address->bytes, whole) != 0) continue;
        if (rest == 0) return true;
        const unsigned mask = 0xff00U >> rest & 0xffU;
        if (((network.address[whole] ^ address->bytes[whole]) & mask) == 0) return true;
    }
    return false;
}

void TrustedProxies::apply(Request& request) const {
    if (networks_.empty() && !is_unix_trusted_) return;
    if (!contains(request.peer)) return;
    if (iequals(trim(request.header("x-forwarded-proto")), "https")) request.is_secure = true;
    std::string_view hops = request.header("x-forwarded-for");
    while (!hops.empty()) {
        const auto comma = hops.rfind(',');
        const auto hop = parse_hop(hops.substr(comma == std::string_view::npos ? 0 : comma + 1));
        // Behind a hop that is no address nothing can be believed.
        if (!hop) return;
        request.peer = print(*hop);
        if (comma == std::string_view::npos || !contains(request.peer)) return;
        hops = hops.substr(0, comma);
    }
}

} // namespace berth::http
