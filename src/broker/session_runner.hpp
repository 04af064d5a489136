// SPDX-License-Identifier: Apache-2.0
#pragma once
// Drives one session: take an event, step the machine, store the intention, announce it, carry the
// actions out, feed their outcome back. It decides nothing.

#include "broker/catalog.hpp"
#include "broker/deadline_keeper.hpp"
#include "broker/host_registry.hpp"
#include "broker/ports.hpp"
#include "broker/start_meter.hpp"
#include "broker/start_queue.hpp"
#include "broker/start_times.hpp"
#include "net/signal.hpp"
#include "net/task_scope.hpp"
#include "session/machine.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace berth::broker {

// Collaborators; all outlive every runner.
struct RunnerContext {
    net::Executor executor;
    const Clock& clock;
    SessionStore& store;
    HostRegistry& hosts;
    StartQueue& queue;
    ReadinessProbe& probe;
    Viewers& viewers;
    EventSink& sink;
    DeadlineKeeper& keeper;
    const SecretSource& secrets;
    StartTimes& start_times;
    StartMeter& meter;
    const Catalog& catalog;
};

// Core thread only. Owned by the registry, which joins run() before it drops the runner.
class SessionRunner {
public:
    // `stored` is the session as it stands in the store; `first` what the machine asked for with it.
    SessionRunner(RunnerContext& context, session::Session stored, std::vector<session::Action> first,
                  HostSlot slot);

    const session::Session& session() const noexcept { return session_; }
    // Takes the session's place in the queue, if that is what it begins with; once, before run().
    void begin();
    // Told to the session; the outcome shows in session() later.
    void post(session::Event event);
    // As post, and waits until it was decided and stored. Errors: what the machine refuses;
    // unavailable when the store does not answer (then nothing changed).
    net::Task<Result<session::Session>> ask(session::Event event, std::string actor);
    // Waits until the session has left the given states or the deadline passed.
    net::Task<void> wait_while(std::function<bool(const session::Session&)> condition, Deadline deadline);
    // Takes over a slot that was found by the queue.
    void placed(session::Event event, HostSlot slot);

    // Lasts until the session has ended or it is cancelled; spawned once.
    net::Task<void> run();
    // After run() was cancelled: waits for what it had begun. Nothing is undone.
    net::Task<void> stop();

private:
    struct Asked;
    struct Item {
        session::Event event;
        std::string actor;
        std::shared_ptr<Asked> asked; // who waits for the answer, if anyone
    };

    net::Task<void> handle(Item item);
    net::Task<Status> store(session::Step& step, const Item& item);
    void adopt(session::Step step);
    net::Task<void> act();
    net::Task<void> carry_out(session::Action action);
    template <class T>
    net::Task<Result<T>> while_host_lives(net::Task<Result<T>> task);
    net::Task<void> create_container();
    net::Task<void> start_container();
    net::Task<void> probe();
    net::Task<void> pause_container();
    net::Task<void> resume_container();
    net::Task<void> remove_container();
    net::Task<void> remove_former(session::Attempt attempt);
    void place();
    void begin_creation();
    void end_creation();
    void note_change(session::State before, int generation);
    bool is_stale(int generation) const noexcept { return session_.generation != generation; }
    EventRecord record_of(const session::Step& step, const Item& item) const;
    void fail(session::Action action, Error error);

    RunnerContext& context_;
    session::Session session_;
    HostSlot slot_;
    std::deque<Item> inbox_;
    std::deque<session::Action> actions_;
    net::Signal inbox_changed_;
    net::Signal actions_changed_;
    net::Signal session_changed_;
    std::optional<HostId> creating_on_; // whose lane of creations this start holds
    Milliseconds engine_took_{0};       // its part of the present start so far
    // Separate, since a later action may interrupt it; everything else is left to finish.
    net::TaskScope probe_scope_;
    net::TaskScope former_scope_; // holds up nothing
    net::TaskScope act_scope_;
};

} // namespace berth::broker
