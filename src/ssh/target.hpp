// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values that describe a machine behind SSH and how it is entered. No I/O.

#include "base/limits.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace berth::ssh {

enum class Transport { automatic, libssh, openssh };

// What was asked for. Empty or 0 = as the user's ssh configuration says.
struct Address {
    Address() = default;
    std::string host, user;
    std::uint16_t port = 0;
};

// What that comes to: the effective configuration.
struct Target {
    Target() = default;
    std::string host; // to connect to
    std::uint16_t port = 22;
    std::string user;
    std::string key_name;                    // under which its host key is kept: "name", "[name]:port"
    std::vector<std::string> identity_files; // private keys, in the order of their use
    std::string agent_socket;                // empty = no agent
    std::vector<std::string> known_hosts;    // the user's and the system's files; only read
    std::string needs_openssh;               // what libssh lacks here; empty = nothing
    bool is_behind_proxy = false;            // … and it is the way there itself
};

struct HostKey {
    HostKey() = default;
    std::string type; // "ssh-ed25519"
    std::string blob; // base64 of the wire form, as in a known_hosts file
    std::string fingerprint; // "SHA256:…", as ssh-keygen shows it
};

// How one session behaves.
struct SessionConfig {
    SessionConfig() = default;
    Milliseconds keepalive = limits::ssh_keepalive;
    int misses = limits::ssh_misses;
    std::size_t channels = limits::ssh_channels;
};

// How one machine is used.
struct LinkConfig {
    LinkConfig() = default;
    Address address;
    std::string engine_socket = "/var/run/docker.sock";
    Transport transport = Transport::automatic;
    int most_connections = limits::ssh_connections;
    std::string own_known_hosts;           // the file that accept_key writes
    std::string config_file;               // instead of the user's ssh_config; empty = that
    std::string identity; // a private key of our own, tried first; empty or not there = none
    Milliseconds idle = limits::ssh_idle;  // then a connection for desktops is closed
    SessionConfig session;
    std::uint64_t rekey_bytes = 0;         // 0 = the library's own
};

inline constexpr const char* loopback = "127.0.0.1"; // of the machine behind the connection

} // namespace berth::ssh
