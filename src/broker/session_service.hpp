// SPDX-License-Identifier: Apache-2.0
#pragma once
// The use cases: everything a surface or the gateway may want of sessions. Authorisation is asked
// here, in access/, and nowhere else.

#include "access/policy.hpp"
#include "access/ticket.hpp"
#include "broker/catalog.hpp"
#include "broker/pool_keeper.hpp"
#include "broker/runner_registry.hpp"
#include "broker/start_budget.hpp"

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace berth::broker {

struct CreateSession {
    CreateSession() = default;
    TemplateName template_name;
    std::string slot; // empty = the template's name
    std::string name;
    std::string resolution;
    std::string idempotency_key;
};

struct Created {
    Created() = default;
    session::Session session;
    bool is_new = false;
};

// What the gateway needs to open one tunnel.
struct Admitted {
    Admitted() = default;
    session::Session session;
    session::Endpoint endpoint;
    session::Rights rights = session::Rights::view;
    std::shared_ptr<ContainerHost> host;
    Secret rfb_secret;
    access::Caller caller;
};

struct Availability {
    std::optional<Errc> code; // nothing = available
    std::string reason;       // a sentence
};

struct SessionQuota {
    int per_user = 0; // 0 = no limit, both
    int total = 0;
    StartBudgetConfig starts; // per person; administrators have no such limit
};

// Core thread only.
class SessionService {
public:
    SessionService(RunnerContext& context, RunnerRegistry& runners, PoolKeeper& pools,
                   access::TicketBook& tickets, RandomSource& random, SessionQuota quota);

    // Exactly one live session per (realm, subject, slot), however many ask at once: the others get
    // that one with is_new = false. Where all places are taken the session waits in the queue. Errors:
    // not_found (template), invalid_input, quota_exceeded, rate_limited, image_missing, no_capacity (the
    // queue is full, or no host would ever do), host_unreachable, unavailable, conflict (the former
    // one is still being taken back).
    net::Task<Result<Created>> create(access::Caller caller, CreateSession command, Deadline deadline);
    // Live or ended. not_found also for what the caller may not know.
    net::Task<Result<session::Session>> find(access::Caller caller, SessionId id);
    Result<std::vector<session::Session>> list_live(const access::Caller& caller, bool is_everybody) const;
    net::Task<Result<std::vector<session::Session>>>
    list_ended(access::Caller caller, bool is_everybody, int limit, std::optional<EndedCursor> after);
    net::Task<Result<session::Session>> extend(access::Caller caller, SessionId id);
    // Success for what is ending or has ended.
    net::Task<Result<session::Session>> stop(access::Caller caller, SessionId id);
    net::Task<Result<std::vector<std::string>>> logs(access::Caller caller, SessionId id, int lines, Deadline deadline);

    // not_ready, ended, not_found (endpoint), forbidden (also to look at what cannot be looked at only).
    Result<access::Ticket> grant_ticket(const access::Caller& caller, const SessionId& id,
                                        const std::string& endpoint, session::Rights rights,
                                        session::Endpoint* granted = nullptr);
    // Redeems a ticket; ticket_spent, not_ready, ended, too many viewers = quota_exceeded.
    Result<Admitted> admit(std::string_view ticket);
    void viewer_joined(const SessionId& id, session::Rights rights);
    void viewer_left(const SessionId& id, session::Rights rights);
    void input_seen(const SessionId& id);

    Availability availability_of(const Template& one) const;
    std::optional<QueuePlace> place_of(const SessionId& id) const { return context_.queue.place_of(id); }
    std::optional<Milliseconds> typical_start(const TemplateName& name) const { return context_.start_times.typical(name); }
    const Catalog& catalog() const noexcept { return context_.catalog; }
    SessionQuota quota() const noexcept { return quota_; }
    int used_by(const access::Caller& caller) const;

private:
    // A creation between its check and its runner: it takes its place in the quotas already.
    struct Underway {
        session::Owner owner;
        TemplateName template_name;
    };
    Status check_budget(const access::Caller& caller);
    net::Task<Result<Created>> start(session::Session draft, const Template& chosen, CreateSession command, Deadline deadline);
    // One that was made ahead of time; nothing when there is none, or others wait for such a one.
    net::Task<Result<std::optional<Created>>> take_warm(session::Session draft, const Template& chosen, std::string resolution);
    Status check_quota(const session::Owner& owner, const Template& chosen) const;
    int count_underway(const session::Owner& mine, const std::function<bool(const Underway&)>& matches) const;
    net::Task<Result<std::optional<session::Session>>> existing(session::Owner owner, std::string key, Deadline deadline);
    net::Task<Result<Created>> insert(session::Step step, HostSlot slot, std::string actor);
    net::Task<Result<session::Session>> tell(access::Caller caller, SessionId id, access::Action action, session::Event event);

    RunnerContext& context_;
    RunnerRegistry& runners_;
    PoolKeeper& pools_;
    access::TicketBook& tickets_;
    RandomSource& random_;
    SessionQuota quota_;
    StartBudget budget_;
    std::list<Underway> underway_;
};

} // namespace berth::broker
