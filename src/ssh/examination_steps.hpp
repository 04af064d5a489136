// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an examination makes of what it saw. No I/O. Private to ssh/.

#include "base/error.hpp"
#include "ssh/engine_way.hpp"
#include "ssh/examination.hpp"
#include "ssh/handshake.hpp"

#include <optional>
#include <string>
#include <vector>

namespace berth::ssh {

enum class Place { resolve, tcp, host_key, authentication, forwarding, engine, ports };

// The list, filled from the front.
class Steps {
public:
    explicit Steps(Ports ports);

    void pass(Place place, Milliseconds took, std::string text);
    void fail(Place place, Milliseconds took, std::string text, std::string remedy);
    void skip(Place place, std::string why);
    // A step of somebody else's making.
    void put(Place place, Step seen);
    bool has_failed() const noexcept;
    // The next one that was decided since the last call; nothing when there is none. A skipped one
    // counts as decided when a later one was, or when the list is at its end.
    std::optional<Step> next_decided(bool is_end);
    std::vector<Step> take() &&;

private:
    Step& at(Place place) { return steps_[static_cast<std::size_t>(place)]; }
    std::vector<Step> steps_;
    std::size_t told_ = 0;
};

// From the name to the sign-in, as far as the outcome goes. Where the way leads through a proxy,
// the name and the connection are the ssh command's business.
void judge_connection(Steps& steps, const Outcome& outcome, const Target& target);
// Forwarding, and the engine where it is to blame.
void judge_way(
    Steps& steps,
    const WaySearch& search,
    Obstacle obstacle,
    const std::string& socket,
    const Target& target,
    Milliseconds took
);
// A port where nobody listens was asked for: refused over there is as good as open.
void judge_ports(Steps& steps, const Status& opened, Milliseconds took);

} // namespace berth::ssh
