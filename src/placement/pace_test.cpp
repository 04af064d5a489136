// SPDX-License-Identifier: Apache-2.0
#include "placement/pace.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <map>
#include <queue>
#include <vector>

namespace berth::placement {
namespace {

// An engine with the times that were measured on two cores: how long one creation takes when so
// many run at once. Throughput is flat from two on: about five a second.
struct Engine {
    std::map<int, double> table{{1, 242}, {2, 400}, {4, 784}, {8, 1832}};
    double slowness = 1;

    double took(int in_flight) const {
        auto above = table.lower_bound(in_flight);
        if (above == table.end()) return slowness * table.rbegin()->second * in_flight / table.rbegin()->first;
        if (above->first == in_flight || above == table.begin()) return slowness * above->second;
        auto below = std::prev(above);
        auto part = static_cast<double>(in_flight - below->first) / (above->first - below->first);
        return slowness * (below->second + part * (above->second - below->second));
    }
};

// Starts per second over `count` creations with an endless queue in front; `limit` is asked before
// each. Simulated time: a creation takes what its engine needs for the number that runs with it.
struct Rush {
    Engine engine;
    double now = 0;

    template <class Limit, class Note>
    double of(int count, Limit limit, Note note) {
        std::priority_queue<std::pair<double, double>, std::vector<std::pair<double, double>>, std::greater<>> running;
        auto begin = now;
        for (int done = 0; done < count;) {
            while (static_cast<int>(running.size()) < limit()) {
                auto took = engine.took(static_cast<int>(running.size()) + 1);
                running.emplace(now + took, took);
            }
            now = running.top().first;
            note(running.top().second, static_cast<int>(running.size()));
            running.pop();
            ++done;
        }
        return count * 1000.0 / (now - begin);
    }

    double fixed(int limit) {
        return of(400, [&] { return limit; }, [](double, int) {});
    }
    double paced(Pace& pace, int count = 400) {
        return of(count, [&] { return pace.limit(); },
                  [&](double took, int in_flight) { pace.note(Milliseconds{static_cast<long>(took)}, in_flight); });
    }
};

double best_fixed(const Engine& engine, int most) {
    double best = 0;
    for (int limit = 1; limit <= most; ++limit) best = std::max(best, Rush{engine}.fixed(limit));
    return best;
}

TEST(Pace, SettlesWhereMoreAtOnceOnlySlowsEach) {
    Engine engine;
    Pace pace{16};
    Rush run{engine};
    run.paced(pace);
    EXPECT_GE(pace.limit(), 2);
    EXPECT_LE(pace.limit(), 4);
    EXPECT_GE(run.paced(pace), 0.9 * best_fixed(engine, 16));
}

TEST(Pace, StaysAtTheMostWhereMoreCostsNothing) {
    Engine engine;
    engine.table = {{1, 240}, {64, 250}};
    Pace pace{8};
    EXPECT_GE(Rush{engine}.paced(pace), 0.9 * best_fixed(engine, 8));
    EXPECT_EQ(pace.limit(), 8);
}

TEST(Pace, GivesASlowHostLessAndComesBack) {
    Pace pace{4};
    Rush run;
    run.paced(pace);
    auto before = pace.limit();
    run.engine.slowness = 6;
    run.paced(pace, 15);
    EXPECT_LT(pace.limit(), before);
    run.engine.slowness = 1;
    run.paced(pace, 60);
    EXPECT_EQ(pace.limit(), before);
}

// Slow for good is a new normal, not a reason to stay at one for ever.
TEST(Pace, LearnsANewBest) {
    Pace pace{4};
    Rush run;
    run.paced(pace);
    run.engine.slowness = 5;
    run.paced(pace, 300);
    EXPECT_GE(pace.limit(), 2);
    EXPECT_GE(run.paced(pace), 0.9 * best_fixed(run.engine, 4));
}

TEST(Pace, AMostThatChangesIsFollowed) {
    Pace pace{2};
    EXPECT_EQ(pace.limit(), 2);
    pace.set_most(6);
    EXPECT_EQ(pace.limit(), 6);
    pace.set_most(1);
    EXPECT_EQ(pace.limit(), 1);
    pace.set_most(0);
    EXPECT_EQ(pace.limit(), 1);
}

RC_GTEST_PROP(Pace, StaysBetweenOneAndTheMost, ()) {
    auto most = *rc::gen::inRange(1, 40);
    Pace pace{most};
    auto samples = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100000));
    for (auto sample : samples) {
        pace.note(Milliseconds{sample}, 1 + sample % 8);
        RC_ASSERT(pace.limit() >= 1);
        RC_ASSERT(pace.limit() <= most);
    }
}

} // namespace
} // namespace berth::placement
