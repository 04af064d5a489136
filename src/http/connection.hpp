// SPDX-License-Identifier: Apache-2.0
#pragma once
// One HTTP/1.1 connection (RFC 9112): read, route, write, again; gives the stream away for
// upgrades. Here is one of the four places that catch exceptions: a handler that throws becomes
// 500 with the request's id in answer and log; cancellation passes through.

#include "http/router.hpp"
#include "http/server_state.hpp"

namespace berth::http {

// Runs until the connection has ended, and swallows every failure of the peer. Router and state
// outlive it. Deadlines are enforced by state.sweep(): someone must call it. `place` is given back
// at the end.
net::Task<void> serve(
    net::ByteStreamPtr stream, const Router& router, ServerState& state,
    PeerCounter::Place place = {}
);

} // namespace berth::http
