// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which host gets the next session, and why. Pure: hosts are data.

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

#include <compare>
#include <map>
#include <optional>
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
    std::set<HostId> excluded;                 // failed this start already
    auto operator<=>(const Need&) const = default;
};

struct Choice {
    HostId host;
    std::string note; // "a: 3/1=1.5; b: draining"
};

// Whether a host takes part in serving a need: now, after a creation, after a session ends, or never.
enum class Fit { free, busy, full, never };
Fit fit_of(const Host& host, const Need& need);

// Weighted least-loaded: weight / (used + 1), highest first, ties by name. Errors:
//  no_capacity   every suitable host is full or at its creation limit
//  image_missing no usable host has the image
//  host_unreachable no host is up at all
// The error's text holds the reason for each host.
enum class RefusalKind {
    busy,          // only creation limits stand in the way
    full,          // every suitable host has all its places taken
    image_missing, // where it could run the image is not
    unsuitable,    // hosts are up, but drained, excluded or without the labels
    unreachable    // no host is up
};
struct Refusal {
    Error error;
    RefusalKind kind = RefusalKind::unreachable;
    // Time alone heals it: wait in the queue.
    bool may_wait() const noexcept { return kind == RefusalKind::busy || kind == RefusalKind::full; }
};
struct Verdict {
    std::optional<Choice> choice;
    std::optional<Refusal> refusal;
};
Verdict choose(const std::vector<Host>& hosts, const Need& need);

} // namespace berth::placement
