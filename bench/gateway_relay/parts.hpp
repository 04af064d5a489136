// SPDX-License-Identifier: Apache-2.0
#pragma once
// The three programs of the relay benchmark, each meant for a process of its own. The desktop
// answers FramebufferUpdateRequest (10 bytes): incremental → 1 KiB, else → as many MiB as the
// message's width says. All of them run until they are killed, the load until it is done.

#include <cstdint>
#include <string>

namespace berth::bench {

inline constexpr std::size_t small_answer = 1024;
inline constexpr std::size_t request_size = 10;
inline constexpr const char* secret = "benchmrk";

int run_desktop(std::uint16_t port);
int run_gateway(std::uint16_t port, std::uint16_t desktop_port, int threads);

struct Load {
    std::uint16_t port = 0;
    std::string target = "/gateway/rfb";
    bool is_raw = false; // straight to the desktop, no WebSocket
    int bulk_mib = 0;    // one stream of that size
    int exchanges = 0;   // of each viewer
    int viewers = 1;
    bool is_idle = false; // only opens the viewers, prints "ready", waits for the end of stdin
};
// Prints one line of JSON.
int run_load(const Load& load);

} // namespace berth::bench
