// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which host gets the next session, and why. Pure: hosts are data.

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace berth::placement {

enum class HostState { unknown, up, down };
std::string_view name_of(HostState state) noexcept;

struct Host {
    HostId id;
    HostState state = HostState::unknown;
    std::string reason;       // why it is not up
    bool is_draining = false; // no new sessions
    bool is_in_maintenance = false; // the same, with a word for people
    bool is_on_probation = false;   // back lately: one creation at a time until one succeeded
    std::string concern;            // up, but not well: taken when no other can be, now or soon
    int weight = 1;           // > 0
    int used = 0;             // live sessions, reserved ones included
    int capacity = 0;         // 0 = no limit, in the next two as well
    std::int64_t memory_bytes = 0, committed_memory = 0; // committed: sums of the sessions' limits
    std::int64_t nano_cpus = 0, committed_nano_cpus = 0;
    int creating = 0;         // creations in flight
    int creating_limit = 2;   // more only slows each of them (two per core measured)
    std::set<std::string> images_missing; // images known to be absent here
    std::set<std::string> volumes;        // names of volumes known to be here
    std::map<std::string, std::string> labels;
};

enum class Strategy { spread, pack };
std::string_view name_of(Strategy strategy) noexcept;
std::optional<Strategy> strategy_from(std::string_view name) noexcept;

struct Need {
    std::string image;
    std::map<std::string, std::string> labels; // all must match
    std::set<HostId> excluded;                 // failed this start already
    std::set<HostId> shunned;                  // failed it in a way that may pass: taken when no other can be
    // If a host has a volume of such a name, only hosts that have it: the files are there.
    std::set<std::string> volumes;
    std::int64_t memory_bytes = 0; // what it may use; 0 = nothing to count
    std::int64_t nano_cpus = 0;
    std::optional<Strategy> strategy; // nothing = the installation's
    auto operator<=>(const Need&) const = default;
};

// How a host looks to one need. The order is that of name_of's list in the source.
enum class Standing {
    chosen,
    free,        // could have been chosen
    busy,        // all its creation lanes are taken
    probation,   // back lately, its one creation is in flight
    full,        // no place left
    memory,      // not enough of it left
    cpu,
    image,       // the image is not there
    volume,      // the files are elsewhere
    excluded,    // failed this start already
    labels,      // do not match
    draining,
    maintenance,
    down,
    unknown      // never checked
};
inline constexpr int standing_count = 15;
std::string_view name_of(Standing standing) noexcept;

struct Considered {
    HostId host;
    Standing standing = Standing::unknown;
    double score = 0; // of those that could be chosen
    std::string text;
};
// Kept per choice, the chosen one first: with hundreds of hosts the rest is told by number.
inline constexpr std::size_t most_considered = 16;

struct Choice {
    HostId host;
    std::string note; // "a: score 3/1=3.000; b: draining"
    std::vector<Considered> considered; // at most most_considered
};

// Whether a host takes part in serving a need: now, after a creation, after a session ends, or
// never. Looks at this host alone: where volumes are is not asked.
enum class Fit { free, busy, full, never };
Fit fit_of(const Host& host, const Need& need);

enum class RefusalKind {
    busy,          // only creation limits stand in the way, or a host that nobody has looked at yet
    full,          // every suitable host has all its places, memory or CPUs taken
    image_missing, // where it could run the image is not
    unsuitable,    // hosts are up, but drained, in maintenance, excluded or without the labels
    unreachable    // no host that could take it is up
};
// Errors: no_capacity (busy, full, unsuitable), image_missing, host_unreachable. The error's text
// holds the reason for each host, its user text says which kind it is.
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

// Spread: weighted least-loaded, weight / (used + 1), highest first, ties by name. Pack: the fullest
// that still has room, ties by weight, then by name. A host with a concern, or one that the need shuns,
// comes after all others, and not at all while another is only busy.
Verdict choose(const std::vector<const Host*>& hosts, const Need& need);
Verdict choose(const std::vector<Host>& hosts, const Need& need);

// Hosts that lack nothing but the image, best first: in the order of the strategy those that could
// take it at once, then those that are busy, then the full ones.
std::vector<HostId> lacking_image(const std::vector<const Host*>& hosts, const Need& need);

} // namespace berth::placement
