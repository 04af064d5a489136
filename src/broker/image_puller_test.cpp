// SPDX-License-Identifier: Apache-2.0
#include "broker/image_puller.hpp"

#include "broker/session_service.hpp"
#include "tests/support/host_bench.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace berth::broker {
namespace {

using placement::HostState;
using session::State;
using test::BenchConfig;
using test::BrokerBench;
using test::FakeHost;
using test::HostBench;
using test::World;

const Error refused{Errc::engine_error, "image pull: manifest unknown"};

PullConfig quick_pulls() {
    PullConfig config;
    config.told = Milliseconds{0};
    return config;
}

placement::Need need_of_image(const std::string& image = "img") {
    placement::Need need;
    need.image = image;
    return need;
}

// Hosts that are up and have no image.
class ImagePullerTest : public testing::Test {
protected:
    FakeHost& add(const std::string& name) {
        auto& host = bench.add(name);
        host.missing_images = {"img", "x1", "x2", "x3", "x4"};
        return host;
    }
    void check() { bench.run(bench.hosts.check_all(deadline_in(Seconds{5}))); }
    void until_done() {
        bench.until([&] { return bench.pulls.size() == 0; }, "the end of all fetches");
    }
    bool is_missing(const std::string& host) { return bench.host(host).view.images_missing.contains("img"); }

    HostBench bench{test::quick_health(), {"img", "x1", "x2", "x3", "x4"}, quick_pulls()};
};

TEST_F(ImagePullerTest, OnePullForAllWhoAskAndTheSchedulerSeesTheImage) {
    auto& a = add("a");
    check();
    ASSERT_TRUE(is_missing("a"));
    auto rooms = 0;
    bench.hosts.on_room = [&] { ++rooms; };
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(bench.pulls.request(HostId{"a"}, "img"));
    EXPECT_FALSE(bench.pulls.fetch_for(need_of_image(), 5));
    auto state = bench.pulls.state_of(HostId{"a"}, "img");
    ASSERT_TRUE(state);
    bench.until([&] { return bench.pulls.furthest("img")->done_bytes == 50; }, "half of it");
    EXPECT_EQ(bench.pulls.furthest("img")->total_bytes, 100);
    until_done();
    EXPECT_EQ(a.pulls, 1);
    EXPECT_FALSE(is_missing("a"));
    EXPECT_TRUE(bench.hosts.facts_of("img"));
    EXPECT_EQ(rooms, 1) << "those who wait are told";
    EXPECT_FALSE(bench.pulls.state_of(HostId{"a"}, "img"));
}

TEST_F(ImagePullerTest, TellsThePagesAsItGoes) {
    auto& a = add("a");
    check();
    auto before = bench.sink.changes[HostId{"a"}];
    auto told = 0, ended = 0;
    bench.pulls.on_progress = [&] { ++told; };
    bench.pulls.on_end = [&](const HostId&, const std::string& image, const Status& outcome) {
        ++ended;
        EXPECT_TRUE(outcome);
        EXPECT_EQ(image, "img");
        EXPECT_FALSE(is_missing("a")) << "by then it is there";
    };
    a.pull_time = Milliseconds{60};
    ASSERT_TRUE(bench.pulls.request(HostId{"a"}, "img"));
    until_done();
    EXPECT_EQ(a.pulls, 1);
    EXPECT_EQ(told, 2);
    EXPECT_EQ(ended, 1);
    EXPECT_GE(bench.sink.changes[HostId{"a"}] - before, 4) << "asked, half, whole, there";
}

TEST_F(ImagePullerTest, FewAtOnce) {
    auto& a = add("a");
    auto& b = add("b");
    check();
    for (auto image : {"x1", "x2", "x3", "x4"}) {
        ASSERT_TRUE(bench.pulls.request(HostId{"a"}, image));
        ASSERT_TRUE(bench.pulls.request(HostId{"b"}, image));
    }
    EXPECT_EQ(bench.pulls.size(), 8U);
    until_done();
    EXPECT_EQ(a.pulls + b.pulls, 8);
    EXPECT_EQ(a.most_pulling, limits::pulls_per_host);
    EXPECT_EQ(b.most_pulling, limits::pulls_per_host);
}

TEST_F(ImagePullerTest, FewOverAllHostsAndWhoWaitsIsCounted) {
    auto config = quick_pulls();
    config.at_once = 1;
    config.waiting = 2;
    ImagePuller narrow{bench.context.get_executor(), bench.hosts, bench.sink, config};
    auto& a = add("a");
    auto& b = add("b");
    check();
    ASSERT_TRUE(narrow.request(HostId{"a"}, "x1"));
    ASSERT_TRUE(narrow.request(HostId{"b"}, "x1"));
    ASSERT_TRUE(narrow.request(HostId{"b"}, "x2"));
    EXPECT_EQ(narrow.request(HostId{"b"}, "x3").error().code(), Errc::rate_limited);
    EXPECT_EQ(narrow.request(HostId{"c"}, "x1").error().code(), Errc::not_found);
    auto both = 0;
    bench.until(
        [&] {
            both = std::max(both, a.pulling + b.pulling);
            return narrow.size() == 0;
        },
        "all three");
    EXPECT_EQ(both, 1);
    bench.run(narrow.stop());
}

// I-28: what a registry says is not about the host.
TEST_F(ImagePullerTest, AFailureIsRememberedForAWhileAndBlamesNoHost) {
    auto config = quick_pulls();
    config.backoff_first = Milliseconds{300};
    ImagePuller pulls{bench.context.get_executor(), bench.hosts, bench.sink, config};
    auto until_ended = [&] { bench.until([&] { return pulls.size() == 0; }, "its end"); };
    auto& a = add("a");
    check();
    a.pull_failure = refused;
    auto checks = a.checks;
    EXPECT_FALSE(pulls.fetch_for(need_of_image(), 1));
    until_ended();
    auto error = pulls.fetch_for(need_of_image(), 1);
    ASSERT_TRUE(error) << "not at once again";
    EXPECT_EQ(error->code(), Errc::image_missing);
    EXPECT_NE(error->operator_text().find("manifest unknown"), std::string::npos) << error->operator_text();
    EXPECT_EQ(error->user_text(), "The image of this desktop could not be fetched.");
    EXPECT_NE(pulls.failure_of(HostId{"a"}, "img")->find("manifest unknown"), std::string::npos);
    EXPECT_EQ(a.pulls, 1);
    EXPECT_EQ(a.checks, checks) << "nobody suspects it";
    EXPECT_EQ(bench.state("a"), HostState::up);
    bench.until([&] { return !pulls.fetch_for(need_of_image(), 1); }, "the end of the pause");
    until_ended();
    EXPECT_EQ(a.pulls, 2);
    bench.run(pulls.stop());
}

TEST_F(ImagePullerTest, APersonNeedNotWaitForThePause) {
    auto& a = add("a");
    check();
    a.pull_failure = refused;
    ASSERT_TRUE(bench.pulls.request(HostId{"a"}, "img"));
    until_done();
    a.pull_failure.reset();
    ASSERT_TRUE(bench.pulls.request(HostId{"a"}, "img"));
    until_done();
    EXPECT_FALSE(is_missing("a"));
    EXPECT_FALSE(bench.pulls.failure_of(HostId{"a"}, "img"));
}

TEST_F(ImagePullerTest, IsTriedOnAnotherHostButNotOnAll) {
    std::vector<FakeHost*> hosts;
    for (auto name : {"a", "b", "c", "d", "e"}) hosts.push_back(&add(name));
    check();
    for (auto* host : hosts) host->pull_failure = refused;
    bench.until(
        [&] { return bench.pulls.fetch_for(need_of_image(), 1).has_value(); }, "that it is given up");
    EXPECT_EQ(std::ranges::count_if(hosts, [](auto* host) { return host->pulls > 0; }), limits::pull_tries);
}

TEST_F(ImagePullerTest, GoesToTheBestHostAndToMoreOnlyForMorePeople) {
    auto& a = add("a");
    auto& b = add("b");
    auto& c = add("c");
    check();
    for (auto name : {"a", "b", "c"}) {
        auto definition = bench.host(name).definition;
        definition.capacity_sessions = 2;
        definition.weight = name == std::string{"c"} ? 9 : 1;
        ASSERT_TRUE(bench.hosts.change(definition, {}));
    }
    EXPECT_FALSE(bench.pulls.fetch_for(need_of_image(), 2));
    EXPECT_EQ(bench.pulls.size(), 1U);
    EXPECT_TRUE(bench.pulls.state_of(HostId{"c"}, "img")) << "as the scheduler would choose";
    EXPECT_FALSE(bench.pulls.fetch_for(need_of_image(), 4));
    EXPECT_EQ(bench.pulls.size(), 2U);
    ASSERT_TRUE(bench.hosts.set_draining(HostId{"b"}, true));
    EXPECT_FALSE(bench.pulls.fetch_for(need_of_image(), 100));
    until_done();
    EXPECT_EQ(a.pulls + c.pulls, 2);
    EXPECT_EQ(b.pulls, 0) << "takes nobody";
}

TEST_F(ImagePullerTest, HasADeadlineOfItsOwn) {
    auto config = quick_pulls();
    config.limit = Milliseconds{30};
    ImagePuller hasty{bench.context.get_executor(), bench.hosts, bench.sink, config};
    auto& a = add("a");
    check();
    a.pull_time = std::chrono::hours{1};
    ASSERT_TRUE(hasty.request(HostId{"a"}, "img"));
    bench.until([&] { return hasty.size() == 0; }, "its end");
    EXPECT_EQ(a.pulling, 0);
    EXPECT_TRUE(hasty.failure_of(HostId{"a"}, "img"));
    bench.run(hasty.stop());
}

TEST_F(ImagePullerTest, AStopCancelsWhatRuns) {
    auto& a = add("a");
    check();
    a.pull_time = std::chrono::hours{1};
    ASSERT_TRUE(bench.pulls.request(HostId{"a"}, "img"));
    bench.until([&] { return a.pulling == 1; }, "its beginning");
    bench.run(bench.pulls.stop());
    EXPECT_EQ(a.pulling, 0);
    EXPECT_EQ(bench.pulls.request(HostId{"a"}, "img").error().code(), Errc::shutting_down);
}

// ---- starts that wait for it ------------------------------------------------------------------------

class PulledStart : public testing::Test {
protected:
    PulledStart() {
        config.pulls = quick_pulls();
        Template fetched;
        fetched.name = TemplateName{"fetched"};
        fetched.spec.image = "far";
        fetched.pull = PullPolicy::missing;
        fetched.resolutions = {"800x600", "640x480"};
        fetched.resolution_env = "SIZE";
        auto kept = fetched;
        kept.name = TemplateName{"kept"};
        kept.pull = PullPolicy::never;
        config.templates = {fetched, kept};
        for (auto* host : world.hosts()) {
            host->missing_images.insert("far");
            ImageFacts facts;
            facts.endpoints.push_back(session::Endpoint{"screen", session::Protocol::rfb, 5999});
            facts.secret_delivery = session::SecretDelivery::file;
            facts.secret_target = "/run/secret";
            host->image_facts["far"] = facts;
        }
        bench = std::make_unique<BrokerBench>(world, SessionQuota{}, config);
        bench->boot();
    }
    Result<Created> start(const std::string& subject, const std::string& name = "fetched") {
        CreateSession command;
        command.template_name = TemplateName{name};
        command.resolution = "640x480";
        return bench->run(bench->service->create(bench->caller(subject), std::move(command), deadline_in(Seconds{10})));
    }

    World world;
    BenchConfig config;
    std::unique_ptr<BrokerBench> bench;
};

TEST_F(PulledStart, WaitsForItsImageAndIsMadeAsTheImageSays) {
    auto ann = start("ann"), bob = start("bob");
    ASSERT_TRUE(ann && bob);
    EXPECT_EQ(ann->session.state, State::queued);
    auto place = bench->service->place_of(ann->session.id);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->reason, WaitReason::pulling);
    EXPECT_TRUE(place->pull);
    for (const auto& one : {ann, bob}) bench->until_state(one->session.id, State::ready);
    EXPECT_EQ(world.a.pulls + world.b.pulls, 1) << "one for both";
    auto spec = bench->session(ann->session.id).spec;
    ASSERT_EQ(spec.endpoints.size(), 1U);
    EXPECT_EQ(spec.endpoints[0].port, 5999) << "what was learnt with the image";
    EXPECT_EQ(spec.secret_target, "/run/secret");
    EXPECT_EQ(spec.env.at("SIZE"), "640x480");
    auto stored = bench->run(world.store.sessions().find(ann->session.id));
    EXPECT_EQ((*stored)->spec, spec);
}

TEST_F(PulledStart, FailsWithTheReasonWhenTheImageCannotBeHad) {
    for (auto* host : world.hosts()) host->pull_failure = refused;
    auto ann = start("ann");
    ASSERT_TRUE(ann);
    bench->until_state(ann->session.id, State::ended);
    auto s = bench->session(ann->session.id);
    EXPECT_EQ(s.end->code, Errc::image_missing);
    EXPECT_EQ(s.end->message, "The image of this desktop could not be fetched.");
    EXPECT_NE(s.end->detail.find("manifest unknown"), std::string::npos) << s.end->detail;
    EXPECT_EQ(s.end->stage, session::Stage::queued);
    for (const auto* view : bench->hosts.views()) EXPECT_EQ(view->state, HostState::up);
    EXPECT_EQ(world.a.pulls + world.b.pulls, 2) << "each was tried once";
}

TEST_F(PulledStart, GoesOnElsewhereWhenTheFirstHostCannotFetch) {
    world.a.pull_failure = refused;
    auto ann = start("ann");
    ASSERT_TRUE(ann);
    bench->until_state(ann->session.id, State::ready);
    EXPECT_EQ(bench->session(ann->session.id).host->str(), "b");
}

TEST_F(PulledStart, IsNotFetchedWhereTheTemplateDoesNotSaySo) {
    EXPECT_EQ(start("ann", "kept").error().code(), Errc::image_missing);
    EXPECT_EQ(world.a.pulls + world.b.pulls, 0);
}

TEST_F(PulledStart, TheNextProcessFetchesForThoseWhoWait) {
    world.a.pull_time = world.b.pull_time = std::chrono::hours{1};
    auto ann = start("ann");
    ASSERT_TRUE(ann);
    bench->until([&] { return world.a.pulling + world.b.pulling == 1; }, "the fetch");
    bench.reset();
    EXPECT_EQ(world.a.pulling + world.b.pulling, 0);
    world.a.pull_time = world.b.pull_time = Milliseconds{10};
    bench = std::make_unique<BrokerBench>(world, SessionQuota{}, config);
    bench->boot();
    bench->until_state(ann->session.id, State::ready);
    EXPECT_EQ(bench->session(ann->session.id).spec.endpoints[0].port, 5999);
}

} // namespace
} // namespace berth::broker
