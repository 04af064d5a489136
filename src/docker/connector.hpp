// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two ways into a host: to its engine, and to a port published on its 127.0.0.1. What is on
// the host's loopback is reached through this host's own connector only, never directly.

#include "docker/endpoint.hpp"
#include "docker/machine_reading.hpp"
#include "net/dialer.hpp"
#include "ssh/examination.hpp"
#include "ssh/host_link.hpp"

#include <memory>
#include <vector>

namespace berth::docker {

// How the way in stands; for ways without SSH only `way` and `state` say something.
using ConnectorReport = ssh::Report;

// As the engine calls it, and where its data is.
struct Machine {
    Machine() = default;
    std::string name, data_root;
};

// Everything on the core thread.
class Connector {
public:
    virtual ~Connector() = default;
    virtual net::Dialer& engine() noexcept = 0;
    // A stream that lives on `executor`; `traffic` as in HostLink. host_unreachable also when the port refuses.
    virtual net::Task<Result<net::ByteStreamPtr>>
    dial_port(std::uint16_t port, net::Traffic traffic, net::Executor executor, Deadline deadline) = 0;

    virtual ConnectorReport report() const = 0;
    // The way in, step by step, on a connection of its own: what comes after a failed step was not
    // tried. `ask` is given a dialer to the engine, `tell` each step, see ssh/examination.hpp.
    // Ends at the deadline.
    virtual net::Task<std::vector<ssh::Step>>
    examine(ssh::AskEngine ask, ssh::TellStep tell, Deadline deadline) = 0;
    // not_found: this way does not lead into the machine.
    virtual net::Task<Result<MachineReading>> read_machine(Machine machine, Deadline deadline);
    // Takes the host key that the machine shows now as known, if it has this fingerprint: conflict
    // if not, not_found where there are no keys.
    virtual net::Task<Status> accept_key(std::string fingerprint, Deadline deadline);
    // Ends every connection. The executors of dial_port still run. Before destruction.
    virtual net::Task<void> stop();
    // Called when the report has changed.
    virtual void on_changed(std::function<void()> call);
};

enum class DataPath {
    tunnel, // ports are on the host's loopback and reached over the way to the engine
    direct, // they are published on the host's own address and reached there
};

struct ConnectorContext {
    explicit ConnectorContext(net::Executor core)
        : executor{std::move(core)} {}
    net::Executor executor; // the core thread
    // Shared by all hosts, since its bounds are this machine's; outlives them. Null: one for itself.
    ssh::Handshakes* handshakes = nullptr;
    std::string known_hosts; // our own file of host keys
    std::string identity;    // our own private key; empty or not there = none
    std::string ssh_config;  // instead of the account's own configuration; empty = that
    ssh::Transport transport = ssh::Transport::automatic;
    DataPath data_path = DataPath::tunnel;
    int most_connections = limits::ssh_connections;
};

// Nothing is connected yet. invalid_input for an endpoint that cannot be used.
Result<std::unique_ptr<Connector>>
make_connector(const Endpoint& endpoint, const ConnectorContext& context);

} // namespace berth::docker
