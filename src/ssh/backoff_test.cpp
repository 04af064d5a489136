// SPDX-License-Identifier: Apache-2.0
#include "ssh/backoff.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace berth::ssh {
namespace {

TEST(Backoff, GrowsFromTheFirstPauseToTheLongest) {
    for (int failures : {1, 2, 3, 4, 5, 6, 10, 1000, std::numeric_limits<int>::max()}) {
        Milliseconds most = limits::ssh_backoff_first;
        for (int i = 1; i < failures && most < limits::ssh_backoff_longest; ++i)
            most *= 2;
        most = std::min(most, limits::ssh_backoff_longest);
        for (int i = 0; i < 50; ++i) {
            auto pause = pause_after(failures);
            EXPECT_GE(pause, most / 2) << failures;
            EXPECT_LE(pause, most) << failures;
        }
    }
}

TEST(Backoff, ANumberThatCannotBeIsTakenForTheFirst) {
    for (int failures : {0, -1, std::numeric_limits<int>::min() + 1})
        EXPECT_LE(pause_after(failures), limits::ssh_backoff_first);
}

TEST(Backoff, ThoseWhoDiedTogetherDoNotComeBackTogether) {
    std::set<Milliseconds> pauses;
    for (int i = 0; i < 200; ++i)
        pauses.insert(pause_after(6));
    EXPECT_GT(pauses.size(), 20U);
}

} // namespace
} // namespace berth::ssh
