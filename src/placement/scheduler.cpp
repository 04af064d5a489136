// SPDX-License-Identifier: Apache-2.0
#include "placement/scheduler.hpp"

#include <algorithm>
#include <cstdio>

namespace berth::placement {
namespace {

// Why a host cannot take this one; ordered by how much waiting would help.
enum class Obstacle { none, creating, full, image, labels, excluded, draining, down };

Obstacle obstacle_of(const Host& host, const Need& need) {
    if (host.state != HostState::up) return Obstacle::down;
    if (host.is_draining) return Obstacle::draining;
    for (const auto& [key, value] : need.labels) {
        auto found = host.labels.find(key);
        if (found == host.labels.end() || found->second != value) return Obstacle::labels;
    }
    if (need.excluded.contains(host.id)) return Obstacle::excluded;
    if (host.images_missing.contains(need.image)) return Obstacle::image;
    if (host.capacity > 0 && host.used >= host.capacity) return Obstacle::full;
    if (host.creating >= host.creating_limit) return Obstacle::creating;
    return Obstacle::none;
}

double score_of(const Host& host) { return static_cast<double>(host.weight) / (host.used + 1); }

std::string text_of(const Host& host, Obstacle obstacle) {
    char text[64];
    switch (obstacle) {
    case Obstacle::none:
        std::snprintf(text, sizeof text, "score %d/%d=%.3f", host.weight, host.used + 1, score_of(host));
        return text;
    case Obstacle::creating:
        std::snprintf(text, sizeof text, "%d creations in flight", host.creating);
        return text;
    case Obstacle::full:
        std::snprintf(text, sizeof text, "full (%d of %d)", host.used, host.capacity);
        return text;
    case Obstacle::image: return "image missing";
    case Obstacle::labels: return "labels do not match";
    case Obstacle::excluded: return "failed this start";
    case Obstacle::draining: return "draining";
    case Obstacle::down:
        return std::string{name_of(host.state)} + (host.reason.empty() ? "" : " (" + host.reason + ")");
    }
    return "";
}

Refusal refusal_of(bool any_creating, bool any_full, bool any_image, bool any_other, std::string note) {
    Refusal refusal;
    refusal.kind = any_creating ? RefusalKind::busy
                 : any_full     ? RefusalKind::full
                 : any_image    ? RefusalKind::image_missing
                 : any_other    ? RefusalKind::unsuitable
                                : RefusalKind::unreachable;
    if (any_creating || any_full)
        refusal.error = Error{Errc::no_capacity, std::move(note), "There is no free place at the moment."}
                            .with_retry_after(10);
    else if (any_image)
        refusal.error = Error{Errc::image_missing, std::move(note),
                              "The image of this desktop is not available at the moment."};
    else if (any_other)
        refusal.error = Error{Errc::no_capacity, std::move(note), "No machine takes new desktops at the moment."}
                            .with_retry_after(60);
    else
        refusal.error = Error{Errc::host_unreachable, std::move(note),
                              "No machine for desktops can be reached at the moment."}
                            .with_retry_after(30);
    return refusal;
}

} // namespace

std::string_view name_of(HostState state) noexcept {
    switch (state) {
    case HostState::unknown: return "unknown";
    case HostState::up: return "up";
    case HostState::down: return "down";
    }
    return "unknown";
}

Fit fit_of(const Host& host, const Need& need) {
    switch (obstacle_of(host, need)) {
    case Obstacle::none: return Fit::free;
    case Obstacle::creating: return Fit::busy;
    case Obstacle::full: return Fit::full;
    case Obstacle::image:
    case Obstacle::labels:
    case Obstacle::excluded:
    case Obstacle::draining:
    case Obstacle::down: return Fit::never;
    }
    return Fit::never;
}

Verdict choose(const std::vector<Host>& hosts, const Need& need) {
    const Host* best = nullptr;
    bool creating = false, full = false, image = false, other = false;
    std::string note;
    for (const auto& host : hosts) {
        auto obstacle = obstacle_of(host, need);
        note += (note.empty() ? "" : "; ") + host.id.str() + ": " + text_of(host, obstacle);
        creating |= obstacle == Obstacle::creating;
        full |= obstacle == Obstacle::full;
        image |= obstacle == Obstacle::image;
        other |= obstacle == Obstacle::draining || obstacle == Obstacle::labels || obstacle == Obstacle::excluded;
        if (obstacle != Obstacle::none) continue;
        if (!best || score_of(host) > score_of(*best)
            || (score_of(host) == score_of(*best) && host.id < best->id))
            best = &host;
    }
    Verdict verdict;
    if (best)
        verdict.choice = Choice{best->id, std::move(note)};
    else
        verdict.refusal = refusal_of(creating, full, image, other, note.empty() ? "no hosts" : std::move(note));
    return verdict;
}

} // namespace berth::placement
