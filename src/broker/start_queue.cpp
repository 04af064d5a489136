// SPDX-License-Identifier: Apache-2.0
#include "broker/start_queue.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <utility>

namespace berth::broker {
namespace {

constexpr std::int64_t one_turn = 1'000'000; // divisible by how many may wait
constexpr std::int64_t in_front = -1;

using placement::RefusalKind;

} // namespace

StartQueue::StartQueue(
    net::Executor executor, const Clock& clock, HostRegistry& hosts, const StartMeter& meter,
    std::function<void(const SessionId&)> on_moved
)
    : clock_{clock}
    , hosts_{hosts}
    , meter_{meter}
    , on_moved_{std::move(on_moved)}
    , moved_{executor} {}

// ---- who waits ------------------------------------------------------------------------------------

std::int64_t StartQueue::next_turn_of(const Waiter& waiter) {
    auto& owner = owners_[waiter.owner];
    if (owner.waiting++ == 0) ++owners_waiting_;
    if (waiter.had_its_turn) return in_front;
    auto turn = std::max(turn_, owner.next_turn);
    owner.next_turn = turn + one_turn;
    return turn;
}

void StartQueue::wait(Waiter waiter) {
    if (!BERTH_EXPECT(!index_.contains(waiter.session))) return;
    Want want;
    want.need = waiter.need;
    want.may_pull = waiter.may_pull;
    auto [line, is_new] = lines_.try_emplace(std::move(want));
    if (is_new) {
        line->second.image = line->first.need.image;
        has_prospects_ = false;
    }
    Key key;
    key.turn = next_turn_of(waiter);
    key.since = waiter.since;
    key.arrival = ++arrivals_;
    key.session = waiter.session;
    index_[waiter.session] = Entry{key, &line->first};
    line->second.waiting.emplace(std::move(key), std::move(waiter));
    places_.clear();
    moved_.notify();
    pump();
}

void StartQueue::leave(const SessionId& session) {
    auto known = index_.find(session);
    if (known == index_.end()) return;
    auto line = lines_.find(*known->second.want);
    auto place = line->second.waiting.find(known->second.key);
    auto& owner = owners_[place->second.owner];
    // It was never served: who comes back takes the turn that was given up.
    if (owner.next_turn == place->first.turn + one_turn) owner.next_turn = place->first.turn;
    auto waiter = std::move(place->second);
    line->second.waiting.erase(place);
    index_.erase(known);
    leave_owner(waiter);
    places_.clear();
    moved_.notify();
}

// Who has no turn ahead of the one being served is forgotten; nobody waiting begins at nought.
void StartQueue::leave_owner(const Waiter& waiter) {
    auto owner = owners_.find(waiter.owner);
    if (--owner->second.waiting == 0) --owners_waiting_;
    if (index_.empty()) {
        owners_.clear();
        turn_ = 0;
    } else if (owners_.size() > 2 * index_.size() + 64) {
        std::erase_if(owners_, [&](const auto& one) { return one.second.waiting == 0 && one.second.next_turn <= turn_; });
    }
}

Waiter StartQueue::take_first(Line& line) {
    auto first = line.waiting.begin();
    auto key = first->first;
    auto waiter = std::move(first->second);
    line.waiting.erase(first);
    turn_ = std::max(turn_ + one_turn / std::max(1, owners_waiting_), key.turn);
    index_.erase(key.session);
    leave_owner(waiter);
    places_.clear();
    return waiter;
}

// ---- who is next ----------------------------------------------------------------------------------

void StartQueue::pump() {
    // Releasing a slot inside a callback pumps again; one pass at a time keeps the order.
    if (is_pumping_) {
        must_pump_again_ = true;
        return;
    }
    is_pumping_ = true;
    do {
        must_pump_again_ = false;
        pass();
    } while (must_pump_again_);
    if (std::erase_if(lines_, [](const auto& one) { return one.second.waiting.empty(); }) > 0) has_prospects_ = false;
    is_pumping_ = false;
}

bool StartQueue::is_waited_for(const placement::Need& need) const {
    return std::ranges::any_of(lines_, [&](const auto& one) {
        auto wanted = one.first.need;
        wanted.excluded = need.excluded;
        wanted.shunned = need.shunned;
        return !one.second.waiting.empty() && wanted == need;
    });
}

void StartQueue::tell() {
    if (index_.empty()) return;
    places_.clear();
    moved_.notify();
}

void StartQueue::pass() {
    // Lines by who stands in front of them; a refused line is out for this pass.
    std::map<Key, std::pair<const Want*, Line*>> heads;
    for (auto& [want, line] : lines_) {
        if (!line.waiting.empty()) heads.emplace(line.waiting.begin()->first, std::pair{&want, &line});
    }
    while (!heads.empty()) {
        auto [want, line] = heads.extract(heads.begin()).mapped();
        if (line->waiting.empty()) continue;
        ++looks_;
        HostSlot slot;
        auto verdict = hosts_.choose_and_reserve(want->need, slot);
        if (!verdict.choice) {
            refuse(*want, *line, *verdict.refusal);
            continue;
        }
        line->stuck.reset();
        auto next = take_first(*line);
        moved_.notify();
        next.ready(hosts_.placed(std::move(*verdict.choice)), std::move(slot));
        if (!line->waiting.empty()) heads.emplace(line->waiting.begin()->first, std::pair{want, line});
    }
}

void StartQueue::refuse(const Want& want, Line& line, const placement::Refusal& refusal) {
    line.stuck.reset();
    if (refusal.may_wait()) {
        if (refusal.kind == RefusalKind::full && on_full)
            on_full(want.need, static_cast<int>(line.waiting.size()));
        return;
    }
    if (refusal.kind == RefusalKind::image_missing) {
        if (!want.may_pull || !pull) return fail_all(line, refusal.error);
        if (auto failed = pull(want.need, static_cast<int>(line.waiting.size()))) return fail_all(line, *failed);
        line.stuck = WaitReason::pulling;
        return;
    }
    // Who waits already goes on waiting for a host that comes back; a start that failed once does
    // not: what is up now is what it came here for.
    auto has_failed = !want.need.excluded.empty() || !want.need.shunned.empty();
    if (has_failed) return fail_all(line, refusal.error);
    line.stuck = WaitReason::no_host;
}

void StartQueue::fail_all(Line& line, const Error& error) {
    while (!line.waiting.empty()) {
        auto next = take_first(line);
        next.ready(session::PlacementFailed{error}, HostSlot{});
    }
    moved_.notify();
}

// ---- how long -------------------------------------------------------------------------------------

Prospect StartQueue::prospect_of(const Want& want, const LeaseEnds& ends) const {
    Prospect prospect;
    long free_places = 0;
    bool has_limit = true;
    double measured = 0;
    int measured_hosts = 0, serving = 0;
    for (const auto* host : hosts_.all()) {
        auto fit = placement::fit_of(host->view, want.need);
        if (fit == placement::Fit::never) continue;
        prospect.hosts.push_back(host->view.id);
        if (host->view.capacity == 0) has_limit = false;
        free_places += std::max(0, host->view.capacity - host->view.used);
        if (fit == placement::Fit::full) continue;
        ++serving;
        auto rate = meter_.per_second(host->view.id);
        measured += rate;
        measured_hosts += rate > 0;
    }
    std::sort(prospect.hosts.begin(), prospect.hosts.end());
    // A host that has started nothing yet is taken for one like the others.
    if (measured_hosts > 0) prospect.per_second = measured / measured_hosts * serving;
    if (has_limit) prospect.free_places = free_places;
    for (const auto& [host, end] : ends) {
        if (std::binary_search(prospect.hosts.begin(), prospect.hosts.end(), host)) prospect.ends.push_back(end);
    }
    std::sort(prospect.ends.begin(), prospect.ends.end());
    return prospect;
}

// What each line may hope for; good for a moment, since it is asked for each of those who wait.
void StartQueue::look_ahead() const {
    auto now = clock_.now();
    if (has_prospects_ && looked_at_ <= now && now - looked_at_ < limits::queue_announced) return;
    looked_at_ = now;
    has_prospects_ = true;
    places_.clear();
    auto ends = leases ? leases() : LeaseEnds{};
    for (const auto& [want, line] : lines_) line.prospect = prospect_of(want, ends);
    for (const auto& [want, line] : lines_) {
        line.rivals.clear();
        for (const auto& [other_want, other] : lines_) {
            if (&other == &line || overlap(line.prospect, other.prospect)) line.rivals.push_back(&other);
        }
    }
}

QueuePlace StartQueue::place_in(const Line& line, int position) const {
    auto expected = forecast(line.prospect, position, looked_at_);
    QueuePlace place;
    place.position = position;
    place.reason = line.stuck.value_or(expected.reason);
    if (!line.stuck) place.estimate = expected.estimate;
    if (place.reason == WaitReason::pulling && pull_state) place.pull = pull_state(line.image);
    return place;
}

int StartQueue::position_of(const Line& line, const Key& key) const {
    std::ptrdiff_t ahead = 0;
    for (const auto* rival : line.rivals)
        ahead += std::distance(rival->waiting.begin(), rival->waiting.lower_bound(key));
    return static_cast<int>(ahead) + 1;
}

std::optional<QueuePlace> StartQueue::place_of(const SessionId& session) const {
    auto known = index_.find(session);
    if (known == index_.end()) return std::nullopt;
    look_ahead();
    if (auto place = places_.find(session); place != places_.end()) return place->second;
    const auto& line = lines_.find(*known->second.want)->second;
    return place_in(line, position_of(line, known->second.key));
}

// The places of all cost little more than the place of one.
void StartQueue::find_places() const {
    look_ahead();
    std::map<Key, const Line*> order;
    for (const auto& [want, line] : lines_) {
        line.ahead = 0;
        for (const auto& [key, waiter] : line.waiting) order.emplace(key, &line);
    }
    for (const auto& [key, line] : order) {
        int position = 1;
        for (const auto* rival : line->rivals) position += rival->ahead;
        ++line->ahead;
        places_.insert_or_assign(key.session, place_in(*line, position));
    }
}

net::Task<void> StartQueue::run() {
    std::uint64_t seen = 0;
    for (;;) {
        co_await moved_.wait_past(seen);
        seen = moved_.count();
        find_places();
        std::vector<SessionId> waiting;
        for (const auto& [session, entry] : index_) waiting.push_back(session);
        for (const auto& session : waiting) on_moved_(session);
        co_await net::sleep_for(limits::queue_announced);
    }
}

} // namespace berth::broker
