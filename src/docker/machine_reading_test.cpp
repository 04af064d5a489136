// SPDX-License-Identifier: Apache-2.0
#include "docker/machine_reading.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace berth::docker {
namespace {

constexpr std::string_view printed = "cpu  100 10 40 800 50 0 0 0 20 0\n"
                                     "MemTotal:       16000 kB\n"
                                     "MemFree:         1000 kB\n"
                                     "MemAvailable:   12000 kB\n"
                                     "Dateisystem    1024-Blöcke Benutzt Verfügbar Kapazität Eingehängt auf\n"
                                     "/dev/sda1      100000 60000 30000 67% /\n"
                                     "/dev/sdb1      500000 400000 100000 80% /var/lib/docker\n"
                                     "/dev/sdc1      10 5 5 50% /mnt/a disk\n"
                                     "udev           - - - - /dev\n";

TEST(MachineReading, TakesCpuMemoryAndDisks) {
    auto reading = parse_reading(printed);
    ASSERT_TRUE(reading) << describe(reading.error());
    EXPECT_EQ(reading->all_ticks, 1000U) << "guests are counted once";
    EXPECT_EQ(reading->busy_ticks, 150U);
    EXPECT_EQ(reading->memory_total, 16000 * 1024);
    EXPECT_EQ(reading->memory_used, 4000 * 1024);
    ASSERT_EQ(reading->disks.size(), 3U);
    EXPECT_EQ(reading->disks[1].mount, "/var/lib/docker");
    EXPECT_EQ(reading->disks[1].total, 500000LL * 1024);
    EXPECT_EQ(reading->disks[2].mount, "/mnt/a disk");
}

TEST(MachineReading, ReservedBlocksAreNobodysRoom) {
    auto reading = parse_reading(printed);
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->disks[0].total, 90000LL * 1024);
}

TEST(MachineReading, TheDiskIsTheOneThatHoldsTheEnginesData) {
    auto reading = parse_reading(printed);
    ASSERT_TRUE(reading);
    EXPECT_EQ(load_of(*reading, nullptr, "/var/lib/docker").disk_used, 400000LL * 1024);
    EXPECT_EQ(load_of(*reading, nullptr, "/var/lib/docker/overlay2").disk_used, 400000LL * 1024);
    EXPECT_EQ(load_of(*reading, nullptr, "/var/lib/docker-2").disk_used, 60000LL * 1024);
    EXPECT_EQ(load_of(*reading, nullptr, "").disk_total, 0) << "nothing is known of its place";
}

TEST(MachineReading, TheCpuIsWhatHappenedInBetween) {
    auto before = parse_reading(printed);
    ASSERT_TRUE(before);
    auto now = *before;
    EXPECT_FALSE(load_of(now, nullptr, "/").cpu);
    EXPECT_FALSE(load_of(now, &*before, "/").cpu) << "no time has passed";
    now.all_ticks += 200;
    now.busy_ticks += 50;
    EXPECT_DOUBLE_EQ(load_of(now, &*before, "/").cpu.value_or(-1), 0.25);
    EXPECT_FALSE(load_of(*before, &now, "/").cpu) << "the machine was started anew";
}

TEST(MachineReading, WhatIsNoReadingIsRefused) {
    for (const auto* text : {"", "Linux", "cpu\n", "cpu 1 2 3\n", "MemTotal: 5 kB\n", "cpu -1 -1 -1 -1\nMemTotal: 1 kB\n", "cpu 1 1\nMemTotal: -5 kB\n"})
        EXPECT_FALSE(parse_reading(text)) << text;
    auto huge = parse_reading("cpu 1 1\nMemTotal: 5 kB\nx 9223372036854775807 9223372036854775807 1 1% /\n");
    ASSERT_TRUE(huge);
    EXPECT_TRUE(huge->disks.empty());
}

TEST(MachineReading, ReadsThisMachine) {
    auto reading = read_this_machine(std::filesystem::temp_directory_path().string());
    ASSERT_TRUE(reading) << describe(reading.error());
    EXPECT_GT(reading->all_ticks, 0U);
    EXPECT_GT(reading->memory_used, 0);
    EXPECT_LE(reading->memory_used, reading->memory_total);
    ASSERT_EQ(reading->disks.size(), 1U);
    EXPECT_GT(reading->disks[0].total, 0);
    EXPECT_TRUE(read_this_machine("/no/such/folder")) << "without a disk";
}

} // namespace
} // namespace berth::docker
