// SPDX-License-Identifier: Apache-2.0
#pragma once
// The client's side of the RFB handshake, spoken towards a desktop: a machine that is fed with
// bytes and says what to send (RFC 6143, 7.1 to 7.3). What the desktop sends is hostile input.

#include "base/error.hpp"
#include "base/secret.hpp"
#include "rfb/messages.hpp"

#include <string>
#include <string_view>

namespace berth::rfb {

// A desktop that asks for nothing proves nothing: any server could stand at its port.
enum class Proof { required, waived };

class ClientHandshake {
public:
    explicit ClientHandshake(Secret secret, Proof proof = Proof::required);

    // Bytes in portions of any size; not called again once done. protocol_violation: it is not RFB,
    // a bound is broken, the secret was rejected, or no acceptable security type was offered; then
    // the machine stays failed. Memory: the portion plus about limits::rfb_name.
    Status feed(std::string_view bytes);
    // What has to be sent now; often empty.
    std::string take_output();
    bool is_done() const noexcept { return state_ == State::done; }
    // How far it came, for people: "waiting for the desktop's version" …
    std::string_view waiting_for() const noexcept;

    // Precondition for both: is_done().
    const ServerInit& server_init() const noexcept { return init_; }
    // Bytes that were received behind the handshake.
    std::string take_rest();

private:
    enum class State {
        version,
        security_type,
        security_list,
        challenge,
        result,
        reason,
        init,
        done
    };
    enum class Step { again, more_needed };

    Result<Step> step();
    Result<Step> read_version();
    Result<Step> read_security_type();
    Result<Step> read_security_list();
    Result<Step> read_challenge();
    Result<Step> read_result();
    Result<Step> read_reason();
    Result<Step> read_init();
    Result<Step> choose(std::string_view offered);
    Step go(std::size_t used, State next);

    Secret secret_;
    Proof proof_;
    State state_ = State::version;
    Version version_ = Version::v3_8;
    std::string what_failed_; // a reason text follows
    std::string pending_;     // received, not yet understood
    std::string output_;
    ServerInit init_;
    std::optional<Error> failure_;
};

} // namespace berth::rfb
