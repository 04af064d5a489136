// SPDX-License-Identifier: Apache-2.0
#include "broker/host_service.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "broker/host_registry.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace berth::broker {
namespace {

constexpr std::chrono::hours farthest_end{24 * 366 * 20}; // further away a monotonic clock would overflow
constexpr std::size_t longest_text = 255; // endpoint, public name, folder, label

Error no_host(const HostId& id) { return Error{Errc::not_found, "no host " + id.str(), "There is no such host."}; }

// A host of which only the key was asked for and which has none is not missing: the request is wrong.
Error refused_key(const Error& error) {
    if (error.code() != Errc::not_found) return error;
    return Error{Errc::invalid_input, error.operator_text()}.with_field("/accept_host_key", "is for ssh:// only");
}

Error of_the_file(const HostId& id) {
    return Error{Errc::conflict, "host " + id.str() + " is of the configuration",
                 "This host is written in the configuration file and is changed there."};
}

bool is_plain(std::string_view text) {
    return text.size() <= longest_text
        && std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

Status check_texts(const HostDefinition& host) {
    Error wrong{Errc::invalid_input, "host"};
    if (!is_valid_host_name(host.name.str()))
        return std::move(wrong).with_field("/name", "1 to 63 of a-z, 0-9, . and -, the first a letter or digit");
    if (host.endpoint.empty() || !is_plain(host.endpoint))
        return std::move(wrong).with_field("/endpoint", "unix://, tcp:// or ssh://, at most 255 bytes");
    if (!is_plain(host.public_name)) return std::move(wrong).with_field("/public_name", "at most 255 bytes");
    if (!is_plain(host.tls_directory)) return std::move(wrong).with_field("/tls_directory", "at most 255 bytes");
    if (host.labels.size() > limits::host_labels) return std::move(wrong).with_field("/labels", "at most " + std::to_string(limits::host_labels));
    for (const auto& [name, value] : host.labels) {
        if (name.empty() || !is_plain(name) || !is_plain(value))
            return std::move(wrong).with_field("/labels", "names and values of at most 255 bytes");
    }
    return {};
}

Status check_numbers(const HostDefinition& host) {
    struct Number {
        const char* pointer;
        std::int64_t value, least, most;
    };
    const std::array<Number, 6> numbers{{
        {"/weight", host.weight, 1, limits::host_weight},
        {"/capacity_sessions", host.capacity_sessions, 0, limits::host_sessions},
        {"/memory_bytes", host.memory_bytes, 0, limits::host_memory_bytes},
        {"/cpus", host.nano_cpus, 0, limits::host_cpus * std::int64_t{1'000'000'000}},
        {"/creating_limit", host.creating_limit, 0, limits::host_creating},
        {"/max_connections", host.max_connections, 1, limits::host_connections},
    }};
    for (const auto& one : numbers) {
        if (one.value >= one.least && one.value <= one.most) continue;
        auto bounds = std::to_string(one.least) + " to " + std::to_string(one.most);
        return Error{Errc::invalid_input, "host"}.with_field(one.pointer, std::move(bounds));
    }
    return {};
}

Status check(const HostDefinition& host) {
    if (auto texts = check_texts(host); !texts) return texts;
    return check_numbers(host);
}

// Whether what was connected serves no more.
bool leads_elsewhere(const HostDefinition& before, const HostDefinition& after) {
    return before.endpoint != after.endpoint || before.data_path != after.data_path
        || before.transport != after.transport || before.max_connections != after.max_connections
        || before.tls_directory != after.tls_directory || before.public_name != after.public_name;
}

} // namespace

HostService::HostService(net::Executor executor, HostServiceParts parts)
    : parts_{parts}
    , changed_{executor}
    , scope_{std::move(executor), "host service"} {}

net::Task<void> HostService::stop() { co_await scope_.stop(); }

// ---- at the start ---------------------------------------------------------------------------------

net::Task<Status> HostService::load(std::vector<FileHost> file_hosts) {
    auto stored = co_await parts_.store.load_hosts();
    if (!stored) co_return stored.error();
    std::map<HostId, HostRecord> records;
    for (auto& one : *stored) records[one.name] = std::move(one);
    for (auto& one : file_hosts) {
        auto mode = std::move(one.mode);
        if (auto known = records.find(one.definition.name); known != records.end()) {
            // What was said while running is younger than what the file says.
            mode = std::move(known->second.mode);
            if (known->second.definition)
                log("broker").warn("stored_host_is_in_the_file host={}", one.definition.name.str());
            records.erase(known);
        }
        one.definition.origin = HostOrigin::file;
        put_in(std::move(one.definition), std::move(mode));
    }
    for (auto& [name, record] : records) {
        // Without a definition it was said of a host that the file does not name any more.
        if (record.definition) put_in(std::move(*record.definition), std::move(record.mode));
    }
    co_return Status{};
}

void HostService::put_in(HostDefinition definition, HostModeRecord mode) {
    auto name = definition.name;
    MadeHost made;
    if (auto tried = parts_.factory.make_host(definition)) {
        made = std::move(*tried);
    } else {
        log("broker").warn("host_without_way host={} {}", name.str(), log_safe(describe(tried.error())));
        made = parts_.factory.make_unusable(definition, tried.error());
    }
    auto added = parts_.hosts.add(std::move(definition), mode, std::move(made));
    if (!added) log("broker").warn("host_twice host={}", name.str());
    else announce_end(name, mode);
}

// ---- look -----------------------------------------------------------------------------------------

Result<std::vector<const HostEntry*>> HostService::list(const access::Caller& caller) const {
    if (auto allowed = access::may(caller, access::Action::see_hosts); !allowed) return allowed.error();
    return parts_.hosts.all();
}

Result<const HostEntry*> HostService::find(const access::Caller& caller, const HostId& id) const {
    if (auto allowed = access::may(caller, access::Action::see_hosts); !allowed) return allowed.error();
    const auto* host = parts_.hosts.find(id);
    if (!host) return no_host(id);
    return host;
}

net::Task<Result<std::vector<EventRecord>>> HostService::events(access::Caller caller, HostId id, HostNews which, int limit) const {
    if (auto found = find(caller, id); !found) co_return found.error();
    auto reading = parts_.events.host_events(std::move(id), which, limit);
    co_return co_await std::move(reading);
}

// ---- change ---------------------------------------------------------------------------------------

net::Task<void> HostService::take_turn() {
    while (is_changing_) {
        auto waiting = changed_.wait_past(changed_.count());
        co_await std::move(waiting);
    }
    is_changing_ = true;
}

void HostService::give_turn() {
    is_changing_ = false;
    changed_.notify();
}

net::Task<Status> HostService::store_definition(HostDefinition definition) {
    HostRecord record;
    record.name = definition.name;
    if (const auto* host = parts_.hosts.find(record.name)) record.mode = host->mode;
    record.definition = std::move(definition);
    auto putting = parts_.store.put_host(std::move(record));
    co_return co_await std::move(putting);
}

// Nothing when the key must be confirmed first. A host that does not answer is no reason to refuse
// it, unless a key was named: that one it must show now, whatever is known of it already.
net::Task<Result<std::shared_ptr<ContainerHost>>>
HostService::trusted(std::shared_ptr<ContainerHost> engine, std::string accept_key, Deadline deadline) {
    if (!accept_key.empty()) {
        // A machine that is silent must leave time for the answer.
        auto until = earlier(deadline, deadline_in(limits::host_examination));
        auto accepting = engine->accept_key(std::move(accept_key), until);
        auto accepted = co_await std::move(accepting);
        if (!accepted) co_return refused_key(accepted.error());
        co_return engine;
    }
    auto facts = co_await engine->check(earlier(deadline, deadline_in(limits::engine_inspect)));
    auto code = facts ? Errc::internal : facts.error().code();
    auto is_about_the_key = !facts && (code == Errc::host_key_unknown || code == Errc::host_key_changed);
    if (!is_about_the_key) co_return engine;
    co_return std::shared_ptr<ContainerHost>{};
}

net::Task<Result<AddedHost>>
HostService::add(access::Caller caller, HostDefinition definition, std::string accept_key, Deadline deadline) {
    if (auto allowed = access::may(caller, access::Action::manage_hosts); !allowed) co_return allowed.error();
    if (auto fine = check(definition); !fine) co_return fine.error();
    auto name = definition.name;
    auto taken = [&] { return Error{Errc::already_exists, "host " + name.str(), "There is a host of this name already."}; };
    if (parts_.hosts.find(name)) co_return taken();
    if (parts_.hosts.size() >= limits::hosts)
        co_return Error{Errc::quota_exceeded, "hosts", "There are as many hosts as can be."};
    definition.origin = HostOrigin::added;
    auto made = parts_.factory.make_host(definition);
    if (!made) co_return made.error();
    auto spare = made->engine; // closed unless a host takes it
    ScopeExit drop{[this, &spare] {
        if (spare) parts_.hosts.retire(std::move(spare));
    }};
    auto trusting = trusted(made->engine, std::move(accept_key), deadline);
    auto engine = co_await std::move(trusting);
    if (!engine) co_return engine.error();
    AddedHost outcome;
    outcome.access = made->engine->access();
    if (!*engine) co_return outcome;

    co_await take_turn();
    ScopeExit turn{[this] { give_turn(); }};
    if (parts_.hosts.find(name)) co_return taken();
    auto storing = store_definition(definition);
    auto stored = co_await std::move(storing);
    if (!stored) co_return stored.error();
    auto added = parts_.hosts.add(std::move(definition), HostModeRecord{}, std::move(*made));
    if (!added) co_return added.error();
    spare.reset();
    outcome.is_added = true;
    note(caller, name, "host.added", "");
    co_return outcome;
}

net::Task<Status> HostService::change(access::Caller caller, HostDefinition definition) {
    if (auto allowed = access::may(caller, access::Action::manage_hosts); !allowed) co_return allowed.error();
    co_await take_turn();
    ScopeExit turn{[this] { give_turn(); }};
    auto name = definition.name;
    const auto* host = parts_.hosts.find(name);
    if (!host) co_return no_host(name);
    if (host->definition.origin == HostOrigin::file) co_return of_the_file(name);
    if (auto fine = check(definition); !fine) co_return fine.error();
    definition.origin = HostOrigin::added;
    MadeHost made;
    if (leads_elsewhere(host->definition, definition)) {
        auto tried = parts_.factory.make_host(definition);
        if (!tried) co_return tried.error();
        made = std::move(*tried);
    }
    auto spare = made.engine;
    ScopeExit drop{[this, &spare] {
        if (spare) parts_.hosts.retire(std::move(spare));
    }};
    auto storing = store_definition(definition);
    auto stored = co_await std::move(storing);
    if (!stored) co_return stored.error();
    auto changed = parts_.hosts.change(std::move(definition), std::move(made));
    if (!changed) co_return changed.error();
    spare.reset();
    note(caller, name, "host.changed", "");
    co_return Status{};
}

net::Task<Status> HostService::remove(access::Caller caller, HostId id) {
    if (auto allowed = access::may(caller, access::Action::manage_hosts); !allowed) co_return allowed.error();
    co_await take_turn();
    ScopeExit turn{[this] { give_turn(); }};
    const auto* host = parts_.hosts.find(id);
    if (!host) co_return no_host(id);
    if (host->definition.origin == HostOrigin::file) co_return of_the_file(id);
    auto mode = host->mode;
    // Nobody is sent there from here on; only then it is asked who is there.
    if (auto held = parts_.hosts.set_draining(id, true); !held) co_return held;
    auto used = parts_.hosts.find(id)->view.used;
    Status removed;
    if (used == 0) {
        auto forgetting = parts_.store.remove_host(id);
        removed = co_await std::move(forgetting);
    }
    if (removed) removed = parts_.hosts.remove(id);
    if (!removed) {
        (void)parts_.hosts.set_mode(id, std::move(mode));
        co_return removed;
    }
    note(caller, id, "host.removed", "");
    co_return Status{};
}

net::Task<Status> HostService::set_mode(access::Caller caller, HostId id, HostModeRecord mode) {
    if (auto allowed = access::may(caller, access::Action::manage_hosts); !allowed) co_return allowed.error();
    if (mode.message.size() > limits::maintenance_message)
        co_return Error{Errc::invalid_input, "mode"}.with_field(
            "/message", "at most " + std::to_string(limits::maintenance_message) + " bytes");
    if (mode.mode == HostMode::active) mode = HostModeRecord{};
    if (mode.mode == HostMode::draining && mode.until && *mode.until <= parts_.clock.now())
        co_return Error{Errc::invalid_input, "mode"}.with_field("/until", "must lie in the future");
    co_await take_turn();
    ScopeExit turn{[this] { give_turn(); }};
    const auto* host = parts_.hosts.find(id);
    if (!host) co_return no_host(id);
    HostRecord record;
    record.name = id;
    record.mode = mode;
    if (host->definition.origin == HostOrigin::added) record.definition = host->definition;
    auto putting = parts_.store.put_host(std::move(record));
    auto stored = co_await std::move(putting);
    if (!stored) co_return stored;
    auto word = name_of(mode.mode);
    host = parts_.hosts.find(id);
    auto is_new = host && host->mode != mode;
    if (auto set = parts_.hosts.set_mode(id, mode); !set) co_return set;
    if (is_new) announce_end(id, mode);
    if (on_mode) on_mode(id);
    note(caller, id, "host.mode", std::string{word});
    co_return Status{};
}

void HostService::announce_end(const HostId& id, const HostModeRecord& mode) {
    if (mode.mode == HostMode::draining && mode.until) scope_.spawn(clear_at(id, mode));
}

// By the monotonic clock: a jump of the other one ends nobody's desktop.
net::Task<void> HostService::clear_at(HostId id, HostModeRecord mode) {
    auto still_holds = [this, &id, &mode] {
        const auto* host = parts_.hosts.find(id);
        return host && host->mode == mode;
    };
    auto left = std::min<Milliseconds>(*mode.until - parts_.clock.now(), farthest_end);
    auto end = deadline_in(left);
    while (still_holds() && std::chrono::steady_clock::now() < end)
        co_await net::sleep_until(earlier(end, deadline_in(limits::drained_look)));
    while (still_holds()) {
        if (parts_.hosts.find(id)->view.used > 0 && clear_host) {
            log("broker").info("host_cleared host={}", id.str());
            clear_host(id);
        }
        co_await net::sleep_for(limits::drained_look);
    }
}

// ---- see for oneself ------------------------------------------------------------------------------

net::Task<Result<TestedHost>> HostService::test(access::Caller caller, HostId id, TellStep tell, Deadline deadline) {
    if (auto allowed = access::may(caller, access::Action::manage_hosts); !allowed) co_return allowed.error();
    auto engine = parts_.hosts.engine(id);
    if (!engine) co_return no_host(id);
    TestedHost tested;
    auto examining = engine->examine(tell, deadline);
    tested.steps = co_await std::move(examining);
    auto checked = co_await parts_.hosts.check(id, deadline);
    const auto* host = parts_.hosts.find(id);
    if (!host) co_return no_host(id);
    tested.is_up = checked.has_value() && host->view.state == placement::HostState::up;
    for (const auto& image : parts_.hosts.images()) {
        TestStep step;
        step.name = "image";
        step.title = "The image " + image + " is there";
        step.text = "not tried";
        if (tested.is_up) {
            auto is_missing = host->view.images_missing.contains(image);
            step.state = is_missing ? TestState::failed : TestState::ok;
            step.text = is_missing ? "it is missing" : "";
            if (is_missing) step.remedy = "Fetch it there, or load it with docker load.";
        }
        tested.steps.push_back(step);
        if (!tell) continue;
        auto telling = tell(std::move(step));
        co_await std::move(telling);
        host = parts_.hosts.find(id);
        if (!host) co_return no_host(id);
    }
    co_return tested;
}

net::Task<Status> HostService::accept_key(access::Caller caller, HostId id, std::string fingerprint, Deadline deadline) {
    if (auto allowed = access::may(caller, access::Action::manage_hosts); !allowed) co_return allowed.error();
    auto engine = parts_.hosts.engine(id);
    if (!engine) co_return no_host(id);
    auto detail = fingerprint;
    auto accepting = engine->accept_key(std::move(fingerprint), deadline);
    auto accepted = co_await std::move(accepting);
    if (!accepted) co_return accepted;
    parts_.hosts.suspect(id);
    note(caller, id, "host.key_accepted", std::move(detail));
    parts_.sink.host_changed(id);
    co_return Status{};
}

net::Task<Status> HostService::pull(access::Caller caller, HostId id, std::string image) {
    if (auto allowed = access::may(caller, access::Action::manage_hosts); !allowed) co_return allowed.error();
    const auto* host = parts_.hosts.find(id);
    if (!host) co_return no_host(id);
    if (host->view.state != placement::HostState::up)
        co_return Error{Errc::host_unreachable, "host " + id.str() + " is not up", "This host does not answer."};
    if (auto begun = parts_.pulls.request(id, image); !begun) co_return begun;
    note(caller, id, "host.pull", std::move(image));
    co_return Status{};
}

std::optional<PullState> HostService::pull_of(const HostId& id, const std::string& image) const {
    return parts_.pulls.state_of(id, image);
}

std::optional<std::string> HostService::pull_failure_of(const HostId& id, const std::string& image) const {
    return parts_.pulls.failure_of(id, image);
}

// ---- what is kept of it ---------------------------------------------------------------------------

void HostService::note(const access::Caller& caller, const HostId& id, std::string type, std::string detail) {
    log("broker").info("{} host={} by={} {}", type, id.str(), log_safe(caller.username), log_safe(detail));
    EventRecord event;
    event.at = parts_.clock.now();
    event.host = id;
    event.type = std::move(type);
    event.actor = caller.username;
    event.cause = "host " + id.str() + (detail.empty() ? "" : ": " + log_safe(detail, 500));
    scope_.spawn(keep(std::move(event)));
}

void HostService::note_state(const HostId& id, placement::HostState from, placement::HostState to) {
    const auto* host = parts_.hosts.find(id);
    auto reason = host ? host->view.reason : std::string{};
    EventRecord event;
    event.at = parts_.clock.now();
    event.host = id;
    event.type = "host." + std::string{placement::name_of(to)};
    event.from_state = placement::name_of(from);
    event.to_state = placement::name_of(to);
    event.cause = "host " + id.str() + (reason.empty() ? "" : ": " + log_safe(reason, 500));
    scope_.spawn(keep(std::move(event)));
}

void HostService::note_pull(const HostId& id, const std::string& image, const Status& outcome) {
    EventRecord event;
    event.at = parts_.clock.now();
    event.host = id;
    event.type = outcome ? "host.pulled" : "host.pull_failed";
    event.cause = "host " + id.str() + ": " + log_safe(image, 300);
    if (!outcome) event.cause += ": " + log_safe(describe(outcome.error()), 500);
    scope_.spawn(keep(std::move(event)));
}

net::Task<void> HostService::keep(EventRecord event) {
    auto appending = parts_.events.append_event(std::move(event));
    auto kept = co_await std::move(appending);
    if (!kept) log("broker").warn("event_lost {}", log_safe(describe(kept.error())));
}

} // namespace berth::broker
