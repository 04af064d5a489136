// SPDX-License-Identifier: Apache-2.0
#include "placement/scheduler.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace berth::placement {
namespace {

bool has_labels(const Host& host, const Need& need) {
    return std::ranges::all_of(need.labels, [&](const auto& wanted) {
        auto found = host.labels.find(wanted.first);
        return found != host.labels.end() && found->second == wanted.second;
    });
}

bool has_a_volume_of(const Host& host, const Need& need) {
    return std::ranges::any_of(need.volumes, [&](const auto& name) { return host.volumes.contains(name); });
}

bool is_over(std::int64_t limit, std::int64_t committed, std::int64_t wanted) {
    return limit > 0 && wanted > 0 && committed + wanted > limit;
}

// First what no waiting changes for this host, then what an administrator changes, then time.
Standing standing_of(const Host& host, const Need& need, bool is_bound_to_volume) {
    if (!has_labels(host, need)) return Standing::labels;
    if (is_bound_to_volume && !has_a_volume_of(host, need)) return Standing::volume;
    if (host.state == HostState::unknown) return Standing::unknown;
    if (host.state == HostState::down) return Standing::down;
    if (host.is_in_maintenance) return Standing::maintenance;
    if (host.is_draining) return Standing::draining;
    if (need.excluded.contains(host.id)) return Standing::excluded;
    if (host.images_missing.contains(need.image)) return Standing::image;
    if (host.capacity > 0 && host.used >= host.capacity) return Standing::full;
    if (is_over(host.memory_bytes, host.committed_memory, need.memory_bytes)) return Standing::memory;
    if (is_over(host.nano_cpus, host.committed_nano_cpus, need.nano_cpus)) return Standing::cpu;
    if (host.is_on_probation && host.creating > 0) return Standing::probation;
    if (host.creating >= host.creating_limit) return Standing::busy;
    return Standing::free;
}

double score_of(const Host& host, Strategy strategy) {
    if (strategy == Strategy::pack) return host.used;
    return static_cast<double>(host.weight) / (host.used + 1);
}

// Why a host is taken only when no other can be; empty for most.
std::string_view doubt_about(const Host& host, const Need& need) {
    if (need.shunned.contains(host.id)) return "it failed this start once";
    return host.concern;
}

// The order of the strategy, with ties broken so that the same hosts always give the same answer.
bool is_better(const Host& one, const Host& other, const Need& need, Strategy strategy) {
    auto is_sure = doubt_about(one, need).empty();
    if (is_sure != doubt_about(other, need).empty()) return is_sure;
    auto mine = score_of(one, strategy), theirs = score_of(other, strategy);
    if (mine != theirs) return mine > theirs;
    if (strategy == Strategy::pack && one.weight != other.weight) return one.weight > other.weight;
    return one.id < other.id;
}

std::string decimal(double value, int digits) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

std::string with_reason(std::string_view state, const std::string& reason) {
    return std::string{state} + (reason.empty() ? "" : " (" + reason + ")");
}

std::string score_text(const Host& host, Strategy strategy) {
    if (strategy == Strategy::pack) return "score " + std::to_string(host.used);
    return "score " + std::to_string(host.weight) + "/" + std::to_string(host.used + 1) + "="
         + decimal(score_of(host, strategy), 3);
}

std::string taken_text(const char* what, std::int64_t committed, std::int64_t limit, double unit, int digits) {
    return std::string{what} + " taken (" + decimal(static_cast<double>(committed) / unit, digits) + " of "
         + decimal(static_cast<double>(limit) / unit, digits) + ")";
}

std::string candidate_text(const Host& host, const Need& need, Strategy strategy) {
    auto doubt = doubt_about(host, need);
    auto text = score_text(host, strategy);
    if (!doubt.empty()) text.append(", but last: ").append(doubt);
    return text;
}

std::string text_of(const Host& host, Standing standing, const Need& need, Strategy strategy) {
    constexpr double mebibyte = 1024.0 * 1024.0, nano = 1e9;
    switch (standing) {
    case Standing::chosen:
    case Standing::free: return candidate_text(host, need, strategy);
    case Standing::busy: return std::to_string(host.creating) + " creations in flight";
    case Standing::probation: return "on probation, its one creation is in flight";
    case Standing::full: return "full (" + std::to_string(host.used) + " of " + std::to_string(host.capacity) + ")";
    case Standing::memory: return taken_text("MiB", host.committed_memory, host.memory_bytes, mebibyte, 0);
    case Standing::cpu: return taken_text("CPUs", host.committed_nano_cpus, host.nano_cpus, nano, 1);
    case Standing::image: return "image missing";
    case Standing::volume: return "the files are on another host";
    case Standing::excluded: return "failed this start";
    case Standing::labels: return "labels do not match";
    case Standing::draining: return "draining";
    case Standing::maintenance: return "maintenance";
    case Standing::down:
    case Standing::unknown: return with_reason(name_of(host.state), host.reason);
    }
    return "";
}

class Tally {
public:
    void add(Standing standing) { ++counts_[static_cast<std::size_t>(standing)]; }
    int of(Standing standing) const { return counts_[static_cast<std::size_t>(standing)]; }
    bool any(std::initializer_list<Standing> some) const {
        return std::ranges::any_of(some, [this](Standing one) { return of(one) > 0; });
    }
    RefusalKind kind() const {
        using enum Standing;
        if (any({busy, probation})) return RefusalKind::busy;
        if (any({full, memory, cpu})) return RefusalKind::full;
        // Nobody has looked at it yet, which takes a moment.
        if (any({unknown})) return RefusalKind::busy;
        if (any({image})) return RefusalKind::image_missing;
        if (any({excluded, draining, maintenance})) return RefusalKind::unsuitable;
        if (any({down})) return RefusalKind::unreachable;
        return any({labels}) ? RefusalKind::unsuitable : RefusalKind::unreachable;
    }

private:
    std::array<int, standing_count> counts_{};
};

const char* unsuitable_words(const Tally& tally) {
    using enum Standing;
    if (tally.any({draining, maintenance})) return "No machine takes new desktops at the moment.";
    if (tally.any({excluded})) return "No other machine can take this desktop at the moment.";
    return "There is no machine for this kind of desktop.";
}

Refusal refusal_of(const Tally& tally, std::string note) {
    Refusal refusal;
    refusal.kind = tally.kind();
    switch (refusal.kind) {
    case RefusalKind::busy:
    case RefusalKind::full:
        refusal.error =
            Error{Errc::no_capacity, std::move(note), "There is no free place at the moment."}.with_retry_after(10);
        return refusal;
    case RefusalKind::image_missing:
        refusal.error = Error{
            Errc::image_missing, std::move(note), "The image of this desktop is not available at the moment."};
        return refusal;
    case RefusalKind::unsuitable:
        refusal.error = Error{Errc::no_capacity, std::move(note), unsuitable_words(tally)}.with_retry_after(60);
        return refusal;
    case RefusalKind::unreachable: break;
    }
    refusal.error = Error{
        Errc::host_unreachable, std::move(note), "No machine for desktops can be reached at the moment."}
                        .with_retry_after(30);
    return refusal;
}

struct Judged {
    const Host* host;
    Standing standing;
};

// The chosen one, then by standing (those that could have been chosen, then those that time frees).
std::vector<Judged> most_telling(std::vector<Judged> all) {
    auto rank = [](const Judged& one) { return static_cast<int>(one.standing); };
    auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), most_considered));
    std::partial_sort(all.begin(), end, all.end(), [&](const Judged& a, const Judged& b) {
        return rank(a) != rank(b) ? rank(a) < rank(b) : a.host->id < b.host->id;
    });
    all.erase(end, all.end());
    return all;
}

std::string note_of(const std::vector<Considered>& considered, std::size_t all) {
    std::string note;
    for (const auto& one : considered) note += (note.empty() ? "" : "; ") + one.host.str() + ": " + one.text;
    if (all > considered.size()) note += "; and " + std::to_string(all - considered.size()) + " more";
    return note.empty() ? "no hosts" : note;
}

std::vector<Considered> tell(const std::vector<Judged>& some, const Need& need, Strategy strategy) {
    std::vector<Considered> list;
    for (const auto& [host, standing] : some) {
        Considered one;
        one.host = host->id;
        one.standing = standing;
        if (standing == Standing::chosen || standing == Standing::free) one.score = score_of(*host, strategy);
        one.text = text_of(*host, standing, need, strategy);
        list.push_back(std::move(one));
    }
    return list;
}

Fit fit_of(Standing standing) {
    switch (standing) {
    case Standing::chosen:
    case Standing::free: return Fit::free;
    case Standing::busy:
    case Standing::probation: return Fit::busy;
    case Standing::full:
    case Standing::memory:
    case Standing::cpu: return Fit::full;
    case Standing::image:
    case Standing::volume:
    case Standing::excluded:
    case Standing::labels:
    case Standing::draining:
    case Standing::maintenance:
    case Standing::down:
    case Standing::unknown: return Fit::never;
    }
    return Fit::never;
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

std::string_view name_of(Strategy strategy) noexcept {
    switch (strategy) {
    case Strategy::spread: return "spread";
    case Strategy::pack: return "pack";
    }
    return "spread";
}

std::optional<Strategy> strategy_from(std::string_view name) noexcept {
    for (auto strategy : {Strategy::spread, Strategy::pack}) {
        if (name_of(strategy) == name) return strategy;
    }
    return std::nullopt;
}

std::string_view name_of(Standing standing) noexcept {
    static constexpr std::array<std::string_view, standing_count> names{
        "chosen", "free",   "busy",     "probation",   "full", "memory", "cpu",    "image",
        "volume", "excluded", "labels", "draining", "maintenance", "down", "unknown"};
    return names[static_cast<std::size_t>(standing)];
}

Fit fit_of(const Host& host, const Need& need) { return fit_of(standing_of(host, need, false)); }

Verdict choose(const std::vector<const Host*>& hosts, const Need& need) {
    auto strategy = need.strategy.value_or(Strategy::spread);
    auto is_bound = std::ranges::any_of(hosts, [&](const Host* host) { return has_a_volume_of(*host, need); });
    std::vector<Judged> judged;
    judged.reserve(hosts.size());
    Tally tally;
    std::optional<std::size_t> best;
    bool is_worth_waiting = false; // for one that is beyond doubt
    for (const auto* host : hosts) {
        auto standing = standing_of(*host, need, is_bound);
        tally.add(standing);
        judged.push_back(Judged{host, standing});
        if (standing == Standing::free && (!best || is_better(*host, *judged[*best].host, need, strategy)))
            best = judged.size() - 1;
        auto is_soon_free = standing == Standing::busy || standing == Standing::probation;
        is_worth_waiting = is_worth_waiting || (is_soon_free && doubt_about(*host, need).empty());
    }
    if (best && is_worth_waiting && !doubt_about(*judged[*best].host, need).empty()) best.reset();
    Verdict verdict;
    if (!best) {
        auto considered = tell(most_telling(std::move(judged)), need, strategy);
        verdict.refusal = refusal_of(tally, note_of(considered, hosts.size()));
        return verdict;
    }
    judged[*best].standing = Standing::chosen;
    Choice choice;
    choice.host = judged[*best].host->id;
    choice.considered = tell(most_telling(std::move(judged)), need, strategy);
    choice.note = note_of(choice.considered, hosts.size());
    verdict.choice = std::move(choice);
    return verdict;
}

std::vector<HostId> lacking_image(const std::vector<const Host*>& hosts, const Need& need) {
    auto strategy = need.strategy.value_or(Strategy::spread);
    auto is_bound = std::ranges::any_of(hosts, [&](const Host* host) { return has_a_volume_of(*host, need); });
    auto bare = need;
    bare.image.clear();
    std::vector<std::pair<Fit, const Host*>> candidates;
    for (const auto* host : hosts) {
        if (!host->images_missing.contains(need.image)) continue;
        auto fit = fit_of(standing_of(*host, bare, is_bound));
        if (fit != Fit::never) candidates.emplace_back(fit, host);
    }
    std::ranges::sort(candidates, [&](const auto& one, const auto& other) {
        return one.first != other.first ? one.first < other.first : is_better(*one.second, *other.second, need, strategy);
    });
    std::vector<HostId> list;
    for (const auto& [fit, host] : candidates) list.push_back(host->id);
    return list;
}

Verdict choose(const std::vector<Host>& hosts, const Need& need) {
    std::vector<const Host*> pointers;
    pointers.reserve(hosts.size());
    for (const auto& host : hosts) pointers.push_back(&host);
    return choose(pointers, need);
}

} // namespace berth::placement
