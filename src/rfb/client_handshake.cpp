// SPDX-License-Identifier: Apache-2.0
#include "rfb/client_handshake.hpp"

#include "rfb/des_auth.hpp"
#include "rfb/reader.hpp"

#include <utility>

namespace berth::rfb {
namespace {

constexpr char shared = 1; // other viewers of the same desktop stay connected

Error refused(std::string text) {
    return Error{Errc::protocol_violation, std::move(text)};
}

// The reason is the desktop's own words: printable, and only the beginning of it.
std::string readable(std::string_view reason) {
    std::string text;
    for (char c : reason.substr(0, 200))
        text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return text;
}

} // namespace

ClientHandshake::ClientHandshake(Secret secret, Proof proof)
    : secret_{std::move(secret)}
    , proof_{proof} {}

Status ClientHandshake::feed(std::string_view bytes) {
    if (failure_) return *failure_;
    pending_ += bytes;
    while (state_ != State::done) {
        auto progress = step();
        if (!progress) {
            failure_ = progress.error();
            return *failure_;
        }
        if (*progress == Step::more_needed) break;
    }
    return {};
}

std::string ClientHandshake::take_output() {
    return std::exchange(output_, {});
}

std::string ClientHandshake::take_rest() {
    return std::exchange(pending_, {});
}

std::string_view ClientHandshake::waiting_for() const noexcept {
    switch (state_) {
    case State::version:
        return "waiting for the desktop's version";
    case State::security_type:
    case State::security_list:
        return "waiting for the desktop's security types";
    case State::challenge:
        return "waiting for the desktop's challenge";
    case State::result:
        return "waiting for the result of the authentication";
    case State::reason:
        return "waiting for the reason of a refusal";
    case State::init:
        return "waiting for the desktop's first message";
    case State::done:
        return "done";
    }
    return "done";
}

Result<ClientHandshake::Step> ClientHandshake::step() {
    switch (state_) {
    case State::version:
        return read_version();
    case State::security_type:
        return read_security_type();
    case State::security_list:
        return read_security_list();
    case State::challenge:
        return read_challenge();
    case State::result:
        return read_result();
    case State::reason:
        return read_reason();
    case State::init:
        return read_init();
    case State::done:
        break;
    }
    return Step::more_needed;
}

ClientHandshake::Step ClientHandshake::go(std::size_t used, State next) {
    pending_.erase(0, used);
    state_ = next;
    return Step::again;
}

Result<ClientHandshake::Step> ClientHandshake::read_version() {
    // Anything else than "RFB " is told at its first byte: a web server would never send twelve.
    const auto begin = std::string_view{pending_}.substr(0, 4);
    if (!std::string_view{"RFB "}.starts_with(begin))
        return refused("what answers there does not speak RFB");
    Reader reader{pending_};
    if (!reader.has(version_size)) return Step::more_needed;
    const auto version = parse_version(reader.take(version_size));
    if (!version) return refused("the desktop speaks an unknown version of RFB");
    version_ = *version;
    output_ += text_of(version_);
    return go(
        reader.used(), version_ == Version::v3_3 ? State::security_type : State::security_list
    );
}

// 3.3: the server decides; 0 means that a reason follows.
Result<ClientHandshake::Step> ClientHandshake::read_security_type() {
    Reader reader{pending_};
    if (!reader.has(4)) return Step::more_needed;
    const auto type = reader.u32();
    if (type == 0) {
        what_failed_ = "the desktop refuses the connection";
        return go(reader.used(), State::reason);
    }
    if (type == security_vnc) return go(reader.used(), State::challenge);
    if (type == security_none && proof_ == Proof::waived) {
        output_ += shared;
        return go(reader.used(), State::init);
    }
    return refused("the desktop does not ask for the session's secret");
}

Result<ClientHandshake::Step> ClientHandshake::read_security_list() {
    Reader reader{pending_};
    if (!reader.has(1)) return Step::more_needed;
    const auto count = reader.u8();
    if (count == 0) {
        what_failed_ = "the desktop refuses the connection";
        return go(reader.used(), State::reason);
    }
    if (!reader.has(count)) return Step::more_needed;
    // A copy: choose() drops the bytes it came from.
    const std::string offered{reader.take(count)};
    pending_.erase(0, reader.used());
    return choose(offered);
}

Result<ClientHandshake::Step> ClientHandshake::choose(std::string_view offered) {
    if (offered.find(static_cast<char>(security_vnc)) != std::string_view::npos) {
        append_u8(output_, security_vnc);
        return go(0, State::challenge);
    }
    if (proof_ == Proof::required ||
        offered.find(static_cast<char>(security_none)) == std::string_view::npos)
        return refused("the desktop does not ask for the session's secret");
    append_u8(output_, security_none);
    if (version_ == Version::v3_8) return go(0, State::result);
    output_ += shared;
    return go(0, State::init);
}

Result<ClientHandshake::Step> ClientHandshake::read_challenge() {
    Reader reader{pending_};
    if (!reader.has(challenge_size)) return Step::more_needed;
    output_ += answer_challenge(secret_.reveal(), reader.take(challenge_size));
    return go(reader.used(), State::result);
}

Result<ClientHandshake::Step> ClientHandshake::read_result() {
    Reader reader{pending_};
    if (!reader.has(4)) return Step::more_needed;
    const auto result = reader.u32();
    if (result == 0) {
        output_ += shared;
        return go(reader.used(), State::init);
    }
    if (version_ != Version::v3_8) return refused("the desktop rejected the session's secret");
    what_failed_ = "the desktop rejected the session's secret";
    return go(reader.used(), State::reason);
}

Result<ClientHandshake::Step> ClientHandshake::read_reason() {
    Reader reader{pending_};
    if (!reader.has(4)) return Step::more_needed;
    const auto size = reader.u32();
    if (size > limits::rfb_reason) return refused(what_failed_ + ", and the reason is too long");
    if (!reader.has(size)) return Step::more_needed;
    return refused(what_failed_ + ": " + readable(reader.take(size)));
}

Result<ClientHandshake::Step> ClientHandshake::read_init() {
    Reader reader{pending_};
    if (!reader.has(server_init_head)) return Step::more_needed;
    const auto size = server_init_size(pending_);
    if (!size) return size.error();
    if (!reader.has(*size)) return Step::more_needed;
    init_ = decode_server_init(reader.take(*size));
    return go(reader.used(), State::done);
}

} // namespace berth::rfb
