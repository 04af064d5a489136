// SPDX-License-Identifier: Apache-2.0
#include "events/hub.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

namespace berth::events {
namespace {

using namespace std::chrono_literals;
using berth::test::run_task;

bool everything(const Event&) { return true; }

Event about(std::string owner, std::string data = "{}") {
    Event event;
    event.type = "session";
    event.data = std::move(data);
    event.owner = std::move(owner);
    event.audience = to_owner | to_staff;
    return event;
}

struct HubTest : testing::Test {
    boost::asio::io_context context{1};
    Hub::Config config = [] {
        Hub::Config small;
        small.ring = 4;
        small.queue = 3;
        return small;
    }();
    Hub hub{context.get_executor(), 100, config};

    Result<Delivery> next(Subscriber& subscriber, Milliseconds patience = 0ms) {
        return run_task(context, subscriber.next(deadline_in(patience)));
    }
    static std::vector<std::uint64_t> numbers(const Result<Delivery>& delivery) {
        std::vector<std::uint64_t> all;
        if (delivery) {
            for (const auto& event : delivery->events) all.push_back(event->sequence);
        }
        return all;
    }
};

using Numbers = std::vector<std::uint64_t>;

TEST_F(HubTest, DeliversWhatHappensFromNowOnInOrder) {
    hub.publish(about("a"));
    const auto reader = hub.subscribe(std::nullopt, everything);
    hub.publish(about("a"));
    hub.publish(about("a"));
    const auto delivery = next(*reader);
    EXPECT_EQ(numbers(delivery), (Numbers{102, 103}));
    EXPECT_FALSE(delivery->is_reset);
    EXPECT_EQ(next(*reader).error().code(), Errc::timed_out);
}

TEST_F(HubTest, WakesAReaderThatWaits) {
    const auto reader = hub.subscribe(std::nullopt, everything);
    boost::asio::post(context, [&] { hub.publish(about("a")); });
    EXPECT_EQ(numbers(next(*reader, 10s)), (Numbers{101}));
}

TEST_F(HubTest, GivesEachReaderOnlyWhatItsFilterLetsThrough) {
    const auto reader = hub.subscribe(std::nullopt, [](const Event& e) { return e.owner == "b"; });
    hub.publish(about("a"));
    hub.publish(about("b"));
    EXPECT_EQ(numbers(next(*reader)), (Numbers{102}));
}

TEST_F(HubTest, ReplaysWhatAReturningReaderMissed) {
    for (int i = 0; i < 3; ++i) hub.publish(about(i == 1 ? "b" : "a"));
    const auto reader = hub.subscribe(100, [](const Event& e) { return e.owner == "a"; });
    hub.publish(about("a"));
    EXPECT_EQ(numbers(next(*reader)), (Numbers{101, 103, 104}));
    const auto up_to_date = hub.subscribe(104, everything);
    EXPECT_EQ(next(*up_to_date).error().code(), Errc::timed_out);
}

TEST_F(HubTest, ResetsAReaderWhosePastIsGone) {
    for (int i = 0; i < 6; ++i) hub.publish(about("a"));
    // 103 … 106 are kept: whoever has seen 102 misses nothing but them.
    const auto known = hub.subscribe(103, everything);
    EXPECT_FALSE(next(*known)->is_reset);
    for (const std::uint64_t gone : {101ULL, 0ULL, 5000ULL}) {
        const auto reader = hub.subscribe(gone, everything);
        const auto delivery = next(*reader);
        ASSERT_TRUE(delivery) << gone;
        EXPECT_TRUE(delivery->is_reset) << gone;
        EXPECT_TRUE(delivery->events.empty());
        hub.publish(about("a"));
        EXPECT_EQ(numbers(next(*reader)).size(), 1U) << "it goes on with what happens now";
    }
}

TEST_F(HubTest, ResetsInsteadOfReplayingMoreThanAQueueHolds) {
    for (int i = 0; i < 4; ++i) hub.publish(about("a"));
    const auto reader = hub.subscribe(100, everything);
    EXPECT_TRUE(next(*reader)->is_reset);
}

TEST_F(HubTest, DropsAReaderThatIsTooSlowAndSaysSo) {
    const auto slow = hub.subscribe(std::nullopt, everything);
    const auto quick = hub.subscribe(std::nullopt, everything);
    for (int i = 0; i < 4; ++i) {
        hub.publish(about("a"));
        EXPECT_EQ(numbers(next(*quick)).size(), 1U);
    }
    const auto marker = next(*slow);
    ASSERT_TRUE(marker);
    EXPECT_TRUE(marker->is_reset);
    EXPECT_TRUE(marker->events.empty());
    hub.publish(about("a"));
    EXPECT_EQ(next(*slow).error().code(), Errc::ended);
    EXPECT_EQ(hub.dropped(), 1U);
}

TEST_F(HubTest, EndsEveryReaderWhenItCloses) {
    const auto reader = hub.subscribe(std::nullopt, everything);
    boost::asio::post(context, [&] { hub.close(); });
    EXPECT_EQ(next(*reader, 10s).error().code(), Errc::ended);
    EXPECT_EQ(hub.subscribe(std::nullopt, everything), nullptr);
}

TEST_F(HubTest, ForgetsAReaderThatIsGone) {
    hub.subscribe(std::nullopt, everything).reset();
    EXPECT_EQ(hub.subscribers(), 0U);
    hub.publish(about("a"));
}

} // namespace
} // namespace berth::events
