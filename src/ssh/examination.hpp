// SPDX-License-Identifier: Apache-2.0
#pragma once
// The way to a machine's engine, gone step by step for a person who asks why it does not work. On
// a connection of its own: what is in use neither helps it nor is disturbed by it.

#include "net/dialer.hpp"
#include "ssh/handshakes.hpp"
#include "ssh/target.hpp"

#include <functional>
#include <string>
#include <vector>

namespace berth::ssh {

enum class StepState { ok, failed, skipped };

struct Step {
    Step() = default;
    std::string name;  // stable word: "resolve", "tcp", "host_key", "authentication", "forwarding",
                       // "engine", "ports"
    std::string title; // for people
    StepState state = StepState::skipped;
    Milliseconds took{0};
    std::string text;   // what was seen; of a skipped one, why
    std::string remedy; // of a failed one: what to do, on which machine
};

enum class Ports { needed, unused }; // of the machine's loopback

// Asks the engine for itself over a dialer that lives as long as the task; keeps the deadline. The
// name of its answer does not count, an empty title is replaced.
using AskEngine = std::function<net::Task<Step>(net::Dialer& engine, Deadline deadline)>;

// Each step once, when it is decided; waited for. May be empty.
using TellStep = std::function<net::Task<void>(Step)>;

// All steps in the order of their names above (`ports` where they are needed); what comes after a
// failed one was not tried. Ends at the deadline at the latest. One connection more than
// `config.most_connections` for as long as it takes; ended also when the caller is cancelled.
net::Task<std::vector<Step>> examine(
    net::Executor core,
    Handshakes& handshakes,
    LinkConfig config,
    AskEngine ask,
    Ports ports,
    TellStep tell,
    Deadline deadline
);

} // namespace berth::ssh
