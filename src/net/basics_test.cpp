// SPDX-License-Identifier: Apache-2.0
#include "net/deadline.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

namespace berth::net {
namespace {

TEST(Sleep, Ends) { test::run_task(sleep_for(Milliseconds{1})); }

Task<Result<int>> slow(Milliseconds span) {
    co_await sleep_for(span);
    co_return 7;
}

TEST(WithDeadline, Basic) {
    auto ok = test::run_task(with_deadline(slow(Milliseconds{1}), deadline_in(Seconds{5})));
    ASSERT_TRUE(ok);
    EXPECT_EQ(*ok, 7);
    auto late = test::run_task(with_deadline(slow(Seconds{10}), deadline_in(Milliseconds{5})));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), Errc::timed_out);
}

} // namespace
} // namespace berth::net
