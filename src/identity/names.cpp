// SPDX-License-Identifier: Apache-2.0
#include "identity/names.hpp"

#include "base/ids.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace berth::identity {

std::string lower(std::string_view text) {
    std::string result{text};
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

Status check_username(std::string_view username) {
    if (is_valid_username(username)) return {};
    return Error{Errc::invalid_input, "username"}.with_field(
        "/username", "1 to 64 letters, digits or . _ @ + -, beginning with a letter or digit"
    );
}

Status check_password(const Secret& password, std::string_view field) {
    const auto text = password.reveal();
    // Characters, not bytes: continuation bytes of UTF-8 do not count.
    const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    });
    if (static_cast<std::size_t>(characters) < password_shortest)
        return Error{Errc::invalid_input, "password"}.with_field(
            std::string{field}, "at least 8 characters"
        );
    if (text.size() > password_longest)
        return Error{Errc::invalid_input, "password"}.with_field(
            std::string{field}, "at most 256 bytes"
        );
    return {};
}

std::string address_block(std::string_view address) {
    namespace ip = boost::asio::ip;
    boost::system::error_code failed;
    auto parsed = ip::make_address(address, failed);
    if (failed) return std::string{address.substr(0, 64)};
    if (parsed.is_v4()) return parsed.to_v4().to_string();
    auto v6 = parsed.to_v6();
    if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6).to_string();
    auto bytes = v6.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    return ip::address_v6{bytes}.to_string() + "/64";
}

} // namespace berth::identity
