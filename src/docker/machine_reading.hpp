// SPDX-License-Identifier: Apache-2.0
#pragma once
// One look at the machine under an engine: what its kernel counts (proc(5): /proc/stat,
// /proc/meminfo) and how full its file systems are (POSIX df -P). No I/O but read_this_machine.

#include "broker/container_host.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

struct Disk {
    std::string mount;
    std::int64_t used = 0, total = 0; // bytes; total: what ordinary users can fill
};

struct MachineReading {
    MachineReading() = default;
    std::uint64_t busy_ticks = 0, all_ticks = 0; // of all cores since the start of the machine
    std::int64_t memory_used = 0, memory_total = 0;
    std::vector<Disk> disks;
};

// Fixed text for the account's shell. Remote file systems are left out: a dead one would hang it.
inline constexpr std::string_view reading_command =
    "head -n 1 /proc/stat; cat /proc/meminfo; df -kPl 2>/dev/null || df -kP 2>/dev/null";

// What reading_command printed; protocol_violation when the kernel's counts are not among it.
Result<MachineReading> parse_reading(std::string_view text);
// The same of this machine, with the file system of that folder. Reads small files; blocks no longer
// than that file system does.
Result<MachineReading> read_this_machine(const std::string& folder);

// The CPU needs a reading before this one; the disk is the one that holds `folder`.
broker::MachineLoad load_of(const MachineReading& now, const MachineReading* before, std::string_view folder);

} // namespace berth::docker
