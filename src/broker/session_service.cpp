// SPDX-License-Identifier: Apache-2.0
#include "broker/session_service.hpp"

#include "base/failpoint.hpp"
#include "base/limits.hpp"
#include "base/scope_exit.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace berth::broker {

using session::State;

SessionService::SessionService(
    RunnerContext& context, RunnerRegistry& runners, PoolKeeper& pools,
    access::TicketBook& tickets, RandomSource& random, SessionQuota quota
)
    : context_{context}
    , runners_{runners}
    , pools_{pools}
    , tickets_{tickets}
    , random_{random}
    , quota_{quota}
    , budget_{quota.starts} {}

// ---- create ---------------------------------------------------------------------------------------

namespace {

Status check_names(const CreateSession& command) {
    Error error{Errc::invalid_input, "create"};
    if (!command.slot.empty() && !is_valid_name(command.slot))
        return std::move(error).with_field("/slot", "1 to 63 of a-z, 0-9, _ and -");
    if (command.name.size() > limits::session_name)
        return std::move(error).with_field("/name", "at most 80 bytes");
    for (unsigned char c : command.name) {
        if (c < 0x20 || c == 0x7f) return std::move(error).with_field("/name", "no control characters");
    }
    if (command.idempotency_key.size() > limits::idempotency_key)
        return std::move(error).with_field("Idempotency-Key", "at most 128 bytes");
    return {};
}

session::Session draft_of(const access::Caller& caller, const CreateSession& command,
                          const Template& chosen, SessionId id) {
    session::Session draft;
    draft.id = std::move(id);
    draft.owner.realm = caller.realm;
    draft.owner.subject = caller.subject;
    draft.owner.slot = command.slot.empty() ? chosen.name.str() : command.slot;
    draft.requested_by = caller.username;
    draft.template_name = chosen.name;
    draft.name = command.name;
    draft.policy = chosen.lease;
    draft.placement_labels = chosen.host_labels;
    draft.idempotency_key = command.idempotency_key;
    return draft;
}

// What only time or a fetched image stands in the way of waits in the queue, everything else is said
// at once.
bool may_queue(const placement::Refusal& refusal, const Template& chosen) {
    return refusal.may_wait()
        || (refusal.kind == placement::RefusalKind::image_missing && chosen.pull == PullPolicy::missing);
}

} // namespace

// Owners that are about to get a session, each once: several requests for one slot end in one session.
int SessionService::count_underway(
    const session::Owner& mine, const std::function<bool(const Underway&)>& matches
) const {
    std::set<session::Owner> owners;
    for (const auto& one : underway_) {
        if (one.owner != mine && matches(one) && !runners_.find(one.owner)) owners.insert(one.owner);
    }
    return static_cast<int>(owners.size());
}

Status SessionService::check_quota(const session::Owner& owner, const Template& chosen) const {
    auto is_full = [&](int limit, int used, const std::function<bool(const Underway&)>& matches) {
        return limit > 0 && (used >= limit || used + count_underway(owner, matches) >= limit);
    };
    auto of_user = [&](const Underway& one) {
        return one.owner.realm == owner.realm && one.owner.subject == owner.subject;
    };
    auto of_template = [&](const Underway& one) { return one.template_name == chosen.name; };
    auto used = runners_.count_of(owner.realm, owner.subject);
    if (is_full(quota_.per_user, used, of_user))
        return Error{Errc::quota_exceeded, "per user",
                     "You have " + std::to_string(quota_.per_user) + " desktops already. Stop one of them first."};
    if (is_full(quota_.total, runners_.count_claimed(), [](const Underway&) { return true; }))
        return Error{Errc::no_capacity, "total", "There is no free place at the moment."}.with_retry_after(30);
    if (is_full(chosen.max_running, runners_.count_of(chosen.name), of_template))
        return Error{Errc::no_capacity, "template", "There is no free place for this desktop at the moment."}
            .with_retry_after(30);
    if (context_.queue.size() >= limits::sessions_queued)
        return Error{Errc::no_capacity, "queue is full", "Too many people are waiting at the moment."}.with_retry_after(60);
    return {};
}

Status SessionService::check_budget(const access::Caller& caller) {
    if (caller.role == access::Role::admin) return {};
    auto wait = budget_.take(caller.realm, caller.subject, context_.clock.now());
    if (!wait) return {};
    return Error{Errc::rate_limited, "starts per person", "You have started desktops too often. Wait a moment."}
        .with_retry_after(static_cast<int>(wait->count()));
}

net::Task<Result<std::optional<session::Session>>>
SessionService::existing(session::Owner owner, std::string key, Deadline deadline) {
    auto none = std::optional<session::Session>{};
    auto runner = runners_.find(owner);
    if (!runner) co_return none;
    if (!key.empty() && runner->session().idempotency_key == key) co_return std::optional{runner->session()};
    if (runner->session().state != State::stopping) co_return std::optional{runner->session()};
    // Stop, then Start at once: the new one waits for the end of the old one instead of failing.
    auto waiting = runner->wait_while(
        [](const session::Session& s) { return s.holds_slot; }, earlier(deadline, deadline_in(limits::owner_wait)));
    co_await std::move(waiting);
    if (runner->session().holds_slot)
        co_return Error{Errc::conflict, "the former session is still stopping",
                        "Your former desktop is still being taken back."}.with_retry_after(2);
    co_return none;
}

net::Task<Result<Created>> SessionService::create(access::Caller caller, CreateSession command, Deadline deadline) {
    if (auto allowed = access::may(caller, access::Action::create_session); !allowed) co_return allowed.error();
    if (auto fine = check_names(command); !fine) co_return fine.error();
    const auto* chosen = context_.catalog.find(command.template_name);
    if (!chosen)
        co_return Error{Errc::not_found, "no template", "There is no such desktop."}.with_field("/template", "is not a template");
    auto draft = draft_of(caller, command, *chosen, make_session_id(random_));
    auto looking = existing(draft.owner, draft.idempotency_key, deadline);
    auto known = co_await std::move(looking);
    if (!known) co_return known.error();
    if (*known) {
        Created same;
        same.session = std::move(**known);
        co_return same;
    }
    if (auto room = check_quota(draft.owner, *chosen); !room) co_return room.error();
    // From here to the runner there are waits; whoever is checked meanwhile must count this one.
    Underway here;
    here.owner = draft.owner;
    here.template_name = chosen->name;
    auto place = underway_.insert(underway_.end(), std::move(here));
    ScopeExit leave{[this, place] { underway_.erase(place); }};

    if (auto fine = check_budget(caller); !fine) co_return fine.error();
    auto starting = start(std::move(draft), *chosen, std::move(command), deadline);
    auto created = co_await std::move(starting);
    // Only what was started counts: not a double click, not a refusal.
    if (!created || !created->is_new) budget_.give_back(caller.realm, caller.subject);
    co_return created;
}

net::Task<Result<Created>> SessionService::start(
    session::Session draft, const Template& chosen, CreateSession command, Deadline deadline
) {
    auto taking = take_warm(draft, chosen, command.resolution);
    auto warm = co_await std::move(taking);
    if (!warm) co_return warm.error();
    if (*warm) co_return std::move(**warm);

    auto need = need_of(chosen);
    auto verdict = context_.hosts.choose(need);
    if (verdict.refusal && verdict.refusal->kind == placement::RefusalKind::image_missing) {
        // It may have been built or pulled since the last look.
        auto looking_again = context_.hosts.recheck_image(need.image, earlier(deadline, deadline_in(limits::engine_inspect)));
        co_await std::move(looking_again);
        verdict = context_.hosts.choose(need);
    }
    if (verdict.refusal && !may_queue(*verdict.refusal, chosen)) co_return verdict.refusal->error;

    // Only now: what the image says of itself may have been learnt by the second look. Of one that is
    // still to be fetched it is learnt before the session is placed.
    const auto* facts = context_.hosts.facts_of(need.image);
    auto is_unseen = !facts && verdict.refusal;
    auto spec = spec_for(is_unseen ? chosen : complete(chosen, facts), command.resolution);
    if (!spec) co_return spec.error();
    draft.spec = std::move(*spec);

    // Nobody overtakes the queue: with people waiting the new one joins it.
    auto actor = draft.requested_by;
    auto step = session::begin(std::move(draft), context_.clock.now());
    HostSlot slot;
    if (context_.queue.size() == 0) {
        auto reserved = context_.hosts.choose_and_reserve(need, slot);
        if (reserved.choice) {
            auto placed = session::step(
                step.session, context_.hosts.placed(std::move(*reserved.choice)), context_.clock.now());
            step = std::move(*placed);
        }
    }
    auto inserting = insert(std::move(step), std::move(slot), std::move(actor));
    co_return co_await std::move(inserting);
}

net::Task<Result<std::optional<Created>>>
SessionService::take_warm(session::Session draft, const Template& chosen, std::string resolution) {
    const auto* facts = context_.hosts.facts_of(chosen.spec.image);
    // Who came first gets what becomes ready: the new one joins the queue.
    if (chosen.warm.max == 0 || !facts || context_.queue.is_waited_for(need_of(chosen))) co_return std::optional<Created>{};
    auto spec = spec_for(complete(chosen, facts), resolution);
    if (!spec) co_return spec.error();
    draft.spec = std::move(*spec);
    auto claiming = pools_.claim(draft);
    auto claimed = co_await std::move(claiming);
    if (!claimed && claimed.error().code() == Errc::already_exists) {
        // Another request of this owner was faster, or this one was answered before: the store has the row.
        auto actor = draft.requested_by;
        auto inserting = insert(session::begin(std::move(draft), context_.clock.now()), HostSlot{}, std::move(actor));
        auto existing = co_await std::move(inserting);
        if (!existing) co_return existing.error();
        co_return std::optional{std::move(*existing)};
    }
    if (!claimed) co_return claimed.error();
    if (!*claimed) co_return std::optional<Created>{};
    Created created;
    created.session = std::move(**claimed);
    created.is_new = true;
    co_return std::optional{std::move(created)};
}

net::Task<Result<Created>> SessionService::insert(session::Step step, HostSlot slot, std::string actor) {
    EventRecord record;
    record.at = context_.clock.now();
    record.type = "session.requested";
    record.session = step.session.id;
    record.owner = step.session.owner;
    record.host = step.session.host.value_or(HostId{});
    record.to_state = session::name_of(step.session.state);
    record.actor = std::move(actor);
    failpoint("before_insert");
    auto copy = step.session;
    auto inserting = context_.store.insert(std::move(copy), std::move(record));
    auto outcome = co_await std::move(inserting);
    if (!outcome) co_return outcome.error();
    failpoint("after_insert");
    Created created;
    created.is_new = outcome->is_new;
    if (created.is_new) {
        runners_.start(outcome->session, std::move(step.actions), std::move(slot));
        context_.sink.session_changed(outcome->session);
    }
    // The row of a live session may lag behind what its runner knows.
    auto runner = runners_.find(outcome->session.id);
    created.session = runner ? runner->session() : outcome->session;
    co_return created;
}

// ---- look and change ------------------------------------------------------------------------------

namespace {

// The same for a missing session and for somebody else's: the difference must not be told.
Error no_session() { return Error{Errc::not_found, "no session that the caller may see", "There is no such desktop."}; }

Status may_see(const access::Caller& caller, const session::Owner& owner) {
    auto allowed = access::may(caller, access::Action::see_session, &owner);
    if (!allowed && allowed.error().code() == Errc::not_found) return no_session();
    return allowed;
}

} // namespace

net::Task<Result<session::Session>> SessionService::find(access::Caller caller, SessionId id) {
    session::Session found;
    if (auto runner = runners_.find(id)) {
        found = runner->session();
    } else {
        auto stored = co_await context_.store.find(id);
        if (!stored) co_return stored.error();
        if (!*stored) co_return no_session();
        found = std::move(**stored);
    }
    if (auto allowed = may_see(caller, found.owner); !allowed) co_return allowed.error();
    co_return found;
}

Result<std::vector<session::Session>>
SessionService::list_live(const access::Caller& caller, bool is_everybody) const {
    auto action = is_everybody ? access::Action::list_all_sessions : access::Action::list_own_sessions;
    if (auto allowed = access::may(caller, action); !allowed) return allowed.error();
    std::vector<session::Session> list;
    for (const auto& runner : runners_.all()) {
        const auto& s = runner->session();
        if (is_everybody || (s.owner.realm == caller.realm && s.owner.subject == caller.subject)) list.push_back(s);
    }
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.created_at > b.created_at; });
    return list;
}

net::Task<Result<std::vector<session::Session>>> SessionService::list_ended(
    access::Caller caller, bool is_everybody, int limit, std::optional<EndedCursor> after
) {
    auto action = is_everybody ? access::Action::list_all_sessions : access::Action::list_own_sessions;
    if (auto allowed = access::may(caller, action); !allowed) co_return allowed.error();
    auto subject = is_everybody ? std::string{} : caller.subject;
    auto listing = context_.store.list_ended(caller.realm, std::move(subject), limit, std::move(after));
    co_return co_await std::move(listing);
}

net::Task<Result<session::Session>> SessionService::tell(
    access::Caller caller, SessionId id, access::Action action, session::Event event
) {
    auto finding = find(caller, id);
    auto found = co_await std::move(finding);
    if (!found) co_return found.error();
    if (auto allowed = access::may(caller, action, &found->owner); !allowed) co_return allowed.error();
    auto runner = runners_.find(id);
    if (!runner) {
        if (action == access::Action::stop_session) co_return found;
        co_return Error{Errc::ended, "the session has ended", "This desktop has ended."};
    }
    auto asking = runner->ask(std::move(event), caller.username);
    co_return co_await std::move(asking);
}

net::Task<Result<session::Session>> SessionService::extend(access::Caller caller, SessionId id) {
    auto telling = tell(std::move(caller), std::move(id), access::Action::extend_session, session::ExtendRequested{});
    co_return co_await std::move(telling);
}

net::Task<Result<session::Session>> SessionService::stop(access::Caller caller, SessionId id) {
    session::StopRequested request;
    if (auto runner = runners_.find(id); runner && runner->session().owner.subject != caller.subject) {
        request.reason = session::EndReason::admin_request;
        request.detail = "by " + caller.username;
    }
    auto telling = tell(std::move(caller), std::move(id), access::Action::stop_session, std::move(request));
    co_return co_await std::move(telling);
}

net::Task<Result<std::vector<std::string>>> SessionService::logs(access::Caller caller, SessionId id, int lines, Deadline deadline) {
    auto finding = find(caller, id);
    auto found = co_await std::move(finding);
    if (!found) co_return found.error();
    if (auto allowed = access::may(caller, access::Action::read_session_logs, &found->owner); !allowed)
        co_return allowed.error();
    auto engine = found->host ? context_.hosts.engine(*found->host) : nullptr;
    if (!engine || !found->container)
        co_return Error{Errc::not_found, "no container", "There is no container to read from."};
    auto container = *found->container;
    co_return co_await engine->logs(container, lines, deadline);
}

// ---- tunnels --------------------------------------------------------------------------------------

namespace {

Status usable(const session::Session& s) {
    // What somebody has looked into is not handed out as new.
    if (!s.pool.empty()) return Error{Errc::not_ready, "a session of a pool", "This desktop belongs to nobody yet."};
    if (s.state == State::ready) return {};
    if (s.state >= State::stopping) return Error{Errc::ended, "session has ended", "This desktop has ended."};
    return Error{Errc::not_ready, "session is not ready", "This desktop is not ready yet."}.with_retry_after(1);
}

const session::Endpoint* endpoint_of(const session::Session& s, const std::string& name) {
    for (const auto& endpoint : s.spec.endpoints) {
        if (endpoint.name == name || (name.empty() && &endpoint == &s.spec.endpoints.front())) return &endpoint;
    }
    return nullptr;
}

} // namespace

Result<access::Ticket> SessionService::grant_ticket(
    const access::Caller& caller, const SessionId& id, const std::string& endpoint, session::Rights rights,
    session::Endpoint* granted
) {
    auto runner = runners_.find(id);
    auto action = rights == session::Rights::control ? access::Action::control_session : access::Action::view_session;
    if (!runner) {
        if (auto known = access::may(caller, access::Action::see_self); !known) return known.error();
        return no_session();
    }
    const auto& s = runner->session();
    if (auto seen = may_see(caller, s.owner); !seen) return seen.error();
    if (auto allowed = access::may(caller, action, &s.owner); !allowed) return allowed.error();
    if (auto fine = usable(s); !fine) return fine.error();
    const auto* target = endpoint_of(s, endpoint);
    if (!target) return Error{Errc::not_found, "no endpoint", "This desktop has no such endpoint."};
    if (auto fine = access::can_open(target->protocol, rights); !fine) return fine.error();
    if (granted) *granted = *target;
    access::Grant grant{id, target->name, rights, caller};
    return tickets_.issue(std::move(grant), context_.clock.now());
}

Result<Admitted> SessionService::admit(std::string_view ticket) {
    auto grant = tickets_.redeem(ticket, context_.clock.now());
    if (!grant) return grant.error();
    auto runner = runners_.find(grant->session);
    if (!runner) return Error{Errc::ended, "session has ended", "This desktop has ended."};
    const auto& s = runner->session();
    if (auto fine = usable(s); !fine) return fine.error();
    if (s.control_viewers + s.view_viewers >= limits::viewers_per_session)
        return Error{Errc::quota_exceeded, "too many viewers", "Too many people look at this desktop."};
    const auto* target = endpoint_of(s, grant->endpoint);
    auto engine = s.host ? context_.hosts.engine(*s.host) : nullptr;
    if (!target || !engine || !s.container) return Error{Errc::not_found, "no endpoint"};
    Admitted admitted;
    admitted.session = s;
    admitted.endpoint = *target;
    admitted.rights = grant->rights;
    admitted.host = std::move(engine);
    admitted.rfb_secret = context_.secrets.rfb_secret(s.id, s.generation);
    admitted.caller = std::move(grant->caller);
    return admitted;
}

void SessionService::viewer_joined(const SessionId& id, session::Rights rights) {
    if (auto runner = runners_.find(id)) runner->post(session::ViewerJoined{rights});
}

void SessionService::viewer_left(const SessionId& id, session::Rights rights) {
    if (auto runner = runners_.find(id)) runner->post(session::ViewerLeft{rights});
}

void SessionService::input_seen(const SessionId& id) {
    if (auto runner = runners_.find(id)) runner->post(session::InputSeen{});
}

Availability SessionService::availability_of(const Template& one) const {
    Availability answer;
    auto verdict = context_.hosts.choose(need_of(one));
    if (!verdict.refusal || may_queue(*verdict.refusal, one)) return answer;
    answer.code = verdict.refusal->error.code();
    answer.reason = verdict.refusal->error.user_text();
    return answer;
}

int SessionService::used_by(const access::Caller& caller) const {
    return runners_.count_of(caller.realm, caller.subject);
}

} // namespace berth::broker
