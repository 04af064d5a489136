// SPDX-License-Identifier: Apache-2.0
#pragma once
// What staff may want of hosts: look, add, change, take out, drain, test, accept a key, fetch an
// image. What is said of a host is stored before it counts and survives a restart. Authorisation is
// asked here, in access/, and nowhere else.

#include "access/policy.hpp"
#include "broker/host_entry.hpp"
#include "broker/host_ports.hpp"
#include "net/signal.hpp"
#include "net/task_scope.hpp"

#include <functional>
#include <string>
#include <vector>

namespace berth::broker {

class HostRegistry;

// A host of the configuration file, with what the file says of its mode.
struct FileHost {
    FileHost() = default;
    HostDefinition definition;
    HostModeRecord mode;
};

struct AddedHost {
    AddedHost() = default;
    // False: nothing was added, its host key must be confirmed first; access has the fingerprint.
    bool is_added = false;
    HostAccess access;
};

struct TestedHost {
    TestedHost() = default;
    std::vector<TestStep> steps; // the way in, the engine, each image
    bool is_up = false;
};

// Collaborators; all outlive the service.
struct HostServiceParts {
    const Clock& clock;
    HostRegistry& hosts;
    HostFactory& factory;
    HostStore& store;
    SessionStore& events;
    EventSink& sink;
    ImagePulls& pulls;
};

// Core thread only. Every function but load() begins with the question whether the caller may:
// forbidden or unauthenticated otherwise.
class HostService {
public:
    HostService(net::Executor executor, HostServiceParts parts);

    // Set once before load(). `on_mode` after the mode of a host was changed; `clear_host` when the
    // time has come that was announced with its drain, again and again until nobody is there.
    std::function<void(const HostId&)> on_mode;
    std::function<void(const HostId&)> clear_host;

    // Before the registry starts: the file's hosts and the stored ones. A host that cannot be made
    // stays in the list, down, with the reason. A stored host whose name the file has is the file's.
    // Errors: unavailable.
    net::Task<Status> load(std::vector<FileHost> file_hosts);

    // Sorted by name. The pointers are valid until the next co_await.
    Result<std::vector<const HostEntry*>> list(const access::Caller& caller) const;
    Result<const HostEntry*> find(const access::Caller& caller, const HostId& id) const; // not_found
    // What happened on it and to sessions there, newest first, as far back as events are kept. Errors:
    // not_found, unavailable.
    net::Task<Result<std::vector<EventRecord>>> events(access::Caller caller, HostId id, HostNews which, int limit) const;

    // `accept_key`: the fingerprint that a person has seen, or empty. If it is named, exactly that key
    // must be shown now, also where another one is trusted already; it is kept as the known one then.
    // Errors: invalid_input, already_exists, quota_exceeded (too many hosts), conflict (the key shown
    // is not `accept_key`; both in the texts), host_unreachable and timed_out (only where a key was
    // named), unavailable. Without one, a host that does not answer is added all the same, and is down.
    net::Task<Result<AddedHost>>
    add(access::Caller caller, HostDefinition definition, std::string accept_key, Deadline deadline);
    // Sessions stay. Errors: not_found, invalid_input, conflict (a host of the file), unavailable.
    net::Task<Status> change(access::Caller caller, HostDefinition definition);
    // Errors: not_found, conflict (sessions are there, their number in the user text; or a host of
    // the file), unavailable.
    net::Task<Status> remove(access::Caller caller, HostId id);
    // Active, draining or maintenance. Errors: not_found, invalid_input (a drain that ends in the
    // past), unavailable.
    net::Task<Status> set_mode(access::Caller caller, HostId id, HostModeRecord mode);

    // The live checklist, and a check whose outcome counts; `tell` may be empty. not_found.
    net::Task<Result<TestedHost>> test(access::Caller caller, HostId id, TellStep tell, Deadline deadline);
    // The key that the machine shows now, if it has this fingerprint. not_found, conflict.
    net::Task<Status> accept_key(access::Caller caller, HostId id, std::string fingerprint, Deadline deadline);
    // Begins to fetch, or joins a fetch that runs. not_found, host_unreachable (not up), what
    // ImagePulls refuses.
    net::Task<Status> pull(access::Caller caller, HostId id, std::string image);
    // Of a fetch that runs or waits; nothing otherwise.
    std::optional<PullState> pull_of(const HostId& id, const std::string& image) const;
    // Why the last one failed; nothing otherwise.
    std::optional<std::string> pull_failure_of(const HostId& id, const std::string& image) const;

    // A host went up or down by its own checks: kept as an event.
    void note_state(const HostId& id, placement::HostState from, placement::HostState to);
    // A fetch has ended, whoever asked for it: kept as an event.
    void note_pull(const HostId& id, const std::string& image, const Status& outcome);
    net::Task<void> stop();

private:
    void put_in(HostDefinition definition, HostModeRecord mode);
    net::Task<void> take_turn(); // changes are made one after the other; the guard is ScopeExit{give_turn}
    void give_turn();
    void announce_end(const HostId& id, const HostModeRecord& mode);
    net::Task<void> clear_at(HostId id, HostModeRecord mode);
    net::Task<Status> store_definition(HostDefinition definition);
    net::Task<Result<std::shared_ptr<ContainerHost>>>
    trusted(std::shared_ptr<ContainerHost> engine, std::string accept_key, Deadline deadline);
    void note(const access::Caller& caller, const HostId& id, std::string type, std::string detail);
    net::Task<void> keep(EventRecord event);

    HostServiceParts parts_;
    bool is_changing_ = false;
    net::Signal changed_;
    net::TaskScope scope_;
};

} // namespace berth::broker
