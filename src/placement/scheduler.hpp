// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which host gets the next session, and why. Pure: hosts are data.

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace berth::placement {

enum class HostState { unknown, up, down };
std::string_view name_of(HostState state) noexcept;

struct Host {
    HostId id;
    HostState state = HostState::unknown;
    std::string reason;       // why it is not up
    bool is_draining = false; // no new sessions
    int weight = 1;           // > 0
    int used = 0;             // live sessions, reserved ones included
    int capacity = 0;         // 0 = no limit
    int creating = 0;         // creations in flight
    int creating_limit = 2;   // more only slows each of them (two per core measured)
    std::set<std::string> images_missing; // images known to be absent here
    std::map<std::string, std::string> labels;
};

struct Need {
    std::string image;
    std::map<std::string, std::string> labels; // all must match
};

struct Choice {
    HostId host;
    std::string note; // "a: 3/1=1.5; b: draining"
};

// Weighted least-loaded: weight / (used + 1), highest first, ties by name. Errors:
//  no_capacity   every suitable host is full (try later) — or at its creation limit: is_transient
//  image_missing no usable host has the image
//  host_unreachable no host is up at all
// The error's text holds the reason for each host.
struct Refusal {
    Error error;
    bool is_transient = false; // only the creation limits stand in the way: wait in the queue
};
struct Verdict {
    std::optional<Choice> choice;
    std::optional<Refusal> refusal;
};
Verdict choose(const std::vector<Host>& hosts, const Need& need);

} // namespace berth::placement
