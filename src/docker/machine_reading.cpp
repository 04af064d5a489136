// SPDX-License-Identifier: Apache-2.0
#include "docker/machine_reading.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

#include <sys/statvfs.h>

namespace berth::docker {
namespace {

constexpr std::int64_t kilo = 1024;
constexpr std::int64_t most_kilobytes = std::int64_t{1} << 50; // sums of two stay numbers
constexpr std::size_t counted_fields = 8; // of the cpu line: guests are part of user already
constexpr std::size_t idle_field = 3, iowait_field = 4;
constexpr std::size_t df_columns = 6;

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        auto begin = line.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos) return words;
        line.remove_prefix(begin);
        auto end = std::min(line.find_first_of(" \t\r"), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

std::optional<std::int64_t> number_of(std::string_view word) {
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    bool is_all = error == std::errc{} && end == word.data() + word.size() && value >= 0;
    return is_all ? std::optional{value} : std::nullopt;
}

void take_cpu(const std::vector<std::string_view>& words, MachineReading& into) {
    for (std::size_t i = 0; i < counted_fields && i + 1 < words.size(); ++i) {
        auto ticks = static_cast<std::uint64_t>(number_of(words[i + 1]).value_or(0));
        into.all_ticks += ticks;
        if (i != idle_field && i != iowait_field) into.busy_ticks += ticks;
    }
}

// Name, blocks of 1024 bytes, used, available, share, mount point (which may hold spaces).
void take_disk(std::string_view line, const std::vector<std::string_view>& words, MachineReading& into) {
    if (words.size() < df_columns || !words[df_columns - 1].starts_with('/')) return;
    auto used = number_of(words[2]), available = number_of(words[3]);
    if (!number_of(words[1]) || !used || !available) return;
    if (*used > most_kilobytes || *available > most_kilobytes) return;
    Disk disk;
    auto mount = line.substr(static_cast<std::size_t>(words[df_columns - 1].data() - line.data()));
    disk.mount = mount.substr(0, mount.find_last_not_of(" \r") + 1);
    disk.used = *used * kilo;
    disk.total = (*used + *available) * kilo;
    into.disks.push_back(std::move(disk));
}

std::int64_t kilobytes(const std::vector<std::string_view>& words) {
    return words.size() < 2 ? 0 : std::min(number_of(words[1]).value_or(0), most_kilobytes) * kilo;
}

bool is_inside(std::string_view folder, std::string_view mount) {
    if (!folder.starts_with(mount)) return false;
    return mount == "/" || folder.size() == mount.size() || folder[mount.size()] == '/';
}

std::string text_of(const char* file) {
    std::ifstream in{file};
    std::stringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

} // namespace

Result<MachineReading> parse_reading(std::string_view text) {
    MachineReading reading;
    std::int64_t available = 0;
    while (!text.empty()) {
        auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto words = words_of(line);
        if (words.empty()) continue;
        if (words[0] == "cpu") take_cpu(words, reading);
        else if (words[0] == "MemTotal:") reading.memory_total = kilobytes(words);
        else if (words[0] == "MemAvailable:") available = kilobytes(words);
        else take_disk(line, words, reading);
    }
    if (reading.all_ticks == 0 || reading.memory_total <= 0)
        return Error{Errc::protocol_violation, "the machine does not tell its load (no /proc/stat, no /proc/meminfo)"};
    reading.memory_used = std::max<std::int64_t>(0, reading.memory_total - available);
    return reading;
}

Result<MachineReading> read_this_machine(const std::string& folder) {
    auto reading = parse_reading(text_of("/proc/stat") + text_of("/proc/meminfo"));
    if (!reading) return reading;
    struct statvfs seen {};
    if (!folder.empty() && statvfs(folder.c_str(), &seen) == 0) {
        Disk disk;
        disk.mount = folder;
        auto block = static_cast<std::int64_t>(seen.f_frsize);
        disk.used = static_cast<std::int64_t>(seen.f_blocks - seen.f_bfree) * block;
        disk.total = disk.used + static_cast<std::int64_t>(seen.f_bavail) * block;
        reading->disks.push_back(std::move(disk));
    }
    return reading;
}

broker::MachineLoad load_of(const MachineReading& now, const MachineReading* before, std::string_view folder) {
    broker::MachineLoad load;
    load.memory_used = now.memory_used;
    load.memory_total = now.memory_total;
    // After a restart of the machine the counters begin anew.
    if (before && now.all_ticks > before->all_ticks && now.busy_ticks >= before->busy_ticks)
        load.cpu = static_cast<double>(now.busy_ticks - before->busy_ticks) / static_cast<double>(now.all_ticks - before->all_ticks);
    const Disk* holder = nullptr;
    for (const auto& disk : now.disks) {
        if (is_inside(folder, disk.mount) && (!holder || disk.mount.size() > holder->mount.size())) holder = &disk;
    }
    if (holder) {
        load.disk_used = holder->used;
        load.disk_total = holder->total;
    }
    return load;
}

} // namespace berth::docker
