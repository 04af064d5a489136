// SPDX-License-Identifier: Apache-2.0
#include "rfb/server_handshake.hpp"

#include "rfb/reader.hpp"

#include <utility>

namespace berth::rfb {

ServerHandshake::ServerHandshake(const ServerInit& init)
    : init_bytes_{encode(init)}
    , output_{text_of(Version::v3_8)} {}

Status ServerHandshake::feed(std::string_view bytes) {
    if (failure_) return *failure_;
    pending_ += bytes;
    while (state_ != State::done) {
        auto can_go_on = step();
        if (!can_go_on) {
            failure_ = can_go_on.error();
            return *failure_;
        }
        if (!*can_go_on) break;
    }
    return {};
}

std::string ServerHandshake::take_output() {
    return std::exchange(output_, {});
}

std::string ServerHandshake::take_rest() {
    return std::exchange(pending_, {});
}

bool ServerHandshake::go(std::size_t used, State next) {
    pending_.erase(0, used);
    state_ = next;
    return true;
}

Result<bool> ServerHandshake::step() {
    switch (state_) {
    case State::version:
        return read_version();
    case State::security:
        return read_security();
    case State::init:
        if (pending_.empty()) return false;
        // The shared flag is not obeyed: one viewer never throws another one out.
        output_ += std::exchange(init_bytes_, {});
        return go(1, State::done);
    case State::done:
        break;
    }
    return false;
}

Result<bool> ServerHandshake::read_version() {
    Reader reader{pending_};
    if (!reader.has(version_size)) return false;
    const auto version = parse_version(reader.take(version_size));
    if (!version) return Error{Errc::protocol_violation, "the browser does not speak RFB 3"};
    version_ = *version;
    if (version_ == Version::v3_3) {
        append_u32(output_, security_none);
        return go(reader.used(), State::init);
    }
    append_u8(output_, 1);
    append_u8(output_, security_none);
    return go(reader.used(), State::security);
}

Result<bool> ServerHandshake::read_security() {
    Reader reader{pending_};
    if (!reader.has(1)) return false;
    const bool is_offered = reader.u8() == security_none;
    if (version_ == Version::v3_8) append_u32(output_, is_offered ? 0 : 1);
    if (!is_offered) {
        constexpr std::string_view reason = "security type was not offered";
        if (version_ == Version::v3_8) {
            append_u32(output_, static_cast<std::uint32_t>(reason.size()));
            output_ += reason;
        }
        return Error{Errc::protocol_violation, "the browser chose a security type not offered"};
    }
    return go(reader.used(), State::init);
}

} // namespace berth::rfb
