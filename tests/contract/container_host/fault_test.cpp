// SPDX-License-Identifier: Apache-2.0
// What a real engine does not do on demand: faults, scripted on the fake one.
#include "tests/contract/container_host/lab.hpp"

#include <boost/asio/steady_timer.hpp>

#include <set>

namespace berth::test {
namespace {

using Kind = EngineFault::Kind;

class EngineFaults : public testing::Test {
protected:
    Errc create_code(const broker::ContainerOrder& order, Deadline deadline) {
        auto made = lab_.run(lab_.host().create(order, deadline));
        return made ? Errc{} : made.error().code();
    }
    Result<ContainerId> create() { return lab_.run(lab_.host().create(lab_.order(), lab_.soon())); }

    EngineLab lab_{"fake"};
};

TEST_F(EngineFaults, AFailureOfTheEngineIsAnEngineErrorWithItsWords) {
    lab_.fake().inject("POST /containers/create", EngineFault{Kind::status});
    auto made = create();
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), Errc::engine_error);
    EXPECT_NE(made.error().operator_text().find("scripted failure"), std::string::npos);
    EXPECT_NE(made.error().operator_text().find("host local"), std::string::npos);
}

TEST_F(EngineFaults, ALostAnswerToCreateIsAdoptedByTheNextOne) {
    lab_.fake().inject("POST /containers/create", EngineFault{Kind::lose_answer});
    auto first = create();
    auto second = create();
    ASSERT_TRUE(second) << describe(second.error());
    EXPECT_EQ(lab_.fake().container_names().size(), 1U);
    // Adopted, and with its secret, which the first call never came to deliver.
    ASSERT_TRUE(lab_.run(lab_.host().start(*second, lab_.soon())));
    EXPECT_EQ(lab_.look_inside(*second, {"show", "/run/berth/rfb_secret"}), "400 1000 s3cr3t42");
}

// An engine takes the name before there is a container: after a lost answer the next create meets
// a name that nothing stands behind yet, on a slow disk for a while.
TEST_F(EngineFaults, AContainerThatIsStillBeingMadeIsWaitedFor) {
    EngineFault taken{Kind::status};
    taken.code = 409;
    taken.text = "Conflict. The container name is already in use";
    lab_.fake().inject("POST /containers/create", taken, 5);
    auto made = create();
    ASSERT_TRUE(made) << describe(made.error());
    EXPECT_EQ(lab_.fake().container_names().size(), 1U);
}

TEST_F(EngineFaults, ANameThatNothingStandsBehindIsTheEnginesErrorInTheEnd) {
    EngineFault taken{Kind::status};
    taken.code = 409;
    lab_.fake().inject("POST /containers/create", taken, -1);
    auto made = lab_.run(lab_.host().create(lab_.order(), deadline_in(Milliseconds{300})));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), Errc::engine_error);
    EXPECT_NE(made.error().operator_text().find("shows no container"), std::string::npos)
        << describe(made.error());
}

TEST_F(EngineFaults, ASecretThatIsNotDeliveredFailsTheCreation) {
    lab_.fake().inject("PUT /containers/", EngineFault{Kind::status});
    EXPECT_FALSE(create());
}

TEST_F(EngineFaults, GarbageAndDropsAreTypedErrors) {
    lab_.fake().inject("GET /containers/json", EngineFault{Kind::garbage});
    auto listed = lab_.run(lab_.host().list(lab_.soon()));
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().code(), Errc::protocol_violation);
    lab_.fake().inject("GET /containers/json", EngineFault{Kind::drop}, -1);
    listed = lab_.run(lab_.host().list(lab_.soon()));
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().code(), Errc::host_unreachable);
    lab_.fake().clear_faults();
    EXPECT_TRUE(lab_.run(lab_.host().list(lab_.soon())));
}

TEST_F(EngineFaults, AHugeReplyIsRefused) {
    EngineFault huge{Kind::huge};
    huge.size = limits::engine_reply + 1;
    lab_.fake().inject("GET /containers/json", huge);
    auto listed = lab_.run(lab_.host().list(lab_.soon()));
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().code(), Errc::too_large);
    EXPECT_TRUE(lab_.run(lab_.host().list(lab_.soon())));
}

TEST_F(EngineFaults, AFrozenEngineIsATimeOut) {
    lab_.fake().inject("/", EngineFault{Kind::hang}, -1);
    auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(create_code(lab_.order(), deadline_in(Milliseconds{200})), Errc::timed_out);
    EXPECT_LT(std::chrono::steady_clock::now() - before, Seconds{5});
    lab_.fake().clear_faults();
    EXPECT_TRUE(create());
}

TEST_F(EngineFaults, EveryAnswerIsASignOfLifeAndSilenceIsNone) {
    auto before = std::chrono::steady_clock::now();
    ASSERT_TRUE(lab_.run(lab_.host().check(lab_.soon())));
    auto heard = lab_.host().last_answer();
    EXPECT_GE(heard, before);
    lab_.fake().inject("GET /info", EngineFault{Kind::hang}, -1);
    EXPECT_FALSE(lab_.run(lab_.host().check(deadline_in(Milliseconds{100}))));
    EXPECT_EQ(lab_.host().last_answer(), heard);
    lab_.fake().clear_faults();
    lab_.fake().inject("GET /info", EngineFault{Kind::status});
    EXPECT_FALSE(lab_.run(lab_.host().check(lab_.soon())));
    EXPECT_GT(lab_.host().last_answer(), heard);
}

TEST_F(EngineFaults, AnExaminationSaysWhatIsWrongWithTheEngine) {
    auto engine_step = [](EngineLab& lab, Deadline deadline) {
        auto steps = lab.run(lab.host().examine({}, deadline));
        return steps.empty() ? broker::TestStep{} : steps.front();
    };
    lab_.fake().inject("GET /info", EngineFault{Kind::status}, -1);
    auto failed = engine_step(lab_, lab_.soon());
    EXPECT_EQ(failed.state, broker::TestState::failed);
    EXPECT_NE(failed.text.find("scripted failure"), std::string::npos) << failed.text;
    EXPECT_NE(failed.remedy.find("systemctl start docker"), std::string::npos) << failed.remedy;
    lab_.fake().clear_faults();
    lab_.fake().inject("GET /_ping", EngineFault{Kind::hang}, -1);
    auto begin = std::chrono::steady_clock::now();
    auto frozen = engine_step(lab_, deadline_in(Seconds{1}));
    EXPECT_EQ(frozen.state, broker::TestState::failed);
    EXPECT_LT(since(begin), Seconds{5});
    lab_.fake().clear_faults();
    EXPECT_EQ(engine_step(lab_, lab_.soon()).state, broker::TestState::ok);
}

TEST_F(EngineFaults, AnEngineThatIsTooOldIsToBeReplaced) {
    FakeEngine old{lab_.fake().socket_path() + ".old", "1.30"};
    docker::Endpoint endpoint;
    endpoint.path = old.socket_path();
    docker::ConnectorContext context{lab_.context().get_executor()};
    auto connector = docker::make_connector(endpoint, context);
    ASSERT_TRUE(connector);
    docker::DockerHost host{lab_.context().get_executor(), **connector, docker::DockerHostConfig{}};
    auto steps = lab_.run(host.examine({}, lab_.soon()));
    ASSERT_EQ(steps.size(), 4U) << "engine, and what was not tried then";
    EXPECT_EQ(steps[0].state, broker::TestState::failed);
    EXPECT_EQ(steps[1].state, broker::TestState::skipped);
    EXPECT_NE(steps[0].text.find("1.30"), std::string::npos) << steps[0].text;
    EXPECT_NE(steps[0].remedy.find("1.40"), std::string::npos) << steps[0].remedy;
    lab_.run(host.close());
}

TEST_F(EngineFaults, ARemovalThatIsInProgressIsWaitedFor) {
    ASSERT_TRUE(create());
    EngineFault busy{Kind::status};
    busy.code = 409;
    busy.text = "removal of container x is already in progress";
    lab_.fake().inject("DELETE /containers/", busy);
    // Somebody else's removal ends while ours waits.
    boost::asio::steady_timer timer{lab_.context()};
    timer.expires_after(Milliseconds{300});
    timer.async_wait([&](boost::system::error_code) { lab_.fake().replace(); });
    auto removed = lab_.run(lab_.host().remove(lab_.order().session, 1, lab_.soon()));
    EXPECT_TRUE(removed) << describe(removed.error());
}

TEST_F(EngineFaults, ARemovalThatNeverEndsIsATimeOutNotASuccess) {
    ASSERT_TRUE(create());
    EngineFault busy{Kind::status};
    busy.code = 409;
    lab_.fake().inject("DELETE /containers/", busy, -1);
    auto removed =
        lab_.run(lab_.host().remove(lab_.order().session, 1, deadline_in(Milliseconds{500})));
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().code(), Errc::timed_out);
}

TEST_F(EngineFaults, ALostAnswerToRemoveIsFoundToBeDone) {
    ASSERT_TRUE(create());
    lab_.fake().inject("DELETE /containers/", EngineFault{Kind::lose_answer});
    static_cast<void>(lab_.run(lab_.host().remove(lab_.order().session, 1, lab_.soon())));
    EXPECT_TRUE(lab_.run(lab_.host().remove(lab_.order().session, 1, lab_.soon())));
    EXPECT_TRUE(lab_.fake().container_names().empty());
}

TEST_F(EngineFaults, AnEngineWithoutTheLocalDriverLogsToJsonFiles) {
    lab_.fake().set_log_drivers({"journald", "json-file"});
    ASSERT_TRUE(create());
    EXPECT_NE(
        lab_.fake().last_body("POST /v1.41/containers/create").find(R"("Type":"json-file")"),
        std::string::npos
    );
}

TEST_F(EngineFaults, AnAddressRangeThatTheEngineRefusesIsNotTriedAgain) {
    EngineFault overlap{Kind::status};
    overlap.code = 403;
    overlap.text = "Pool overlaps with other one on this address space";
    lab_.fake().inject("POST /networks/create", overlap, 2);
    ASSERT_TRUE(create());
    auto tried = lab_.fake().bodies("/networks/create");
    ASSERT_EQ(tried.size(), 3U);
    EXPECT_EQ((std::set<std::string>{tried.begin(), tried.end()}).size(), 3U);
}

TEST_F(EngineFaults, ACutEventStreamIsOpenedAgainWithAGap) {
    auto container = create();
    ASSERT_TRUE(container);
    ASSERT_TRUE(lab_.run(lab_.host().start(*container, lab_.soon())));
    lab_.start_watch();
    lab_.fake().cut_event_streams();
    ASSERT_TRUE(lab_.wait_gap(2));
    lab_.fake().end_container(container->str(), 7);
    EXPECT_TRUE(lab_.wait_notice(1));
}

TEST_F(EngineFaults, AnEventWhileTheStreamIsOpeningIsNotLost) {
    auto container = create();
    ASSERT_TRUE(container);
    ASSERT_TRUE(lab_.run(lab_.host().start(*container, lab_.soon())));
    // Between the question for the time and the stream.
    EngineFault slow{Kind::delay};
    slow.span = Milliseconds{300};
    lab_.fake().inject("GET /events", slow);
    boost::asio::steady_timer timer{lab_.context()};
    timer.expires_after(Milliseconds{100});
    timer.async_wait([&](boost::system::error_code) {
        lab_.fake().end_container(container->str(), 7);
    });
    lab_.start_watch();
    EXPECT_TRUE(lab_.wait_notice(1));
}

// ---- version ------------------------------------------------------------------------------------

Result<std::string> negotiated(const std::string& engine, const std::string& forced = {}) {
    boost::asio::io_context context{1};
    std::string path = "/tmp/berth-version-" + std::to_string(::getpid()) + ".sock";
    FakeEngine fake{path, engine};
    auto dialer = net::make_unix_dialer(path);
    docker::Client::Config config;
    config.forced_version = forced;
    docker::Client client{context.get_executor(), *dialer, config};
    return run_task(context, client.api_version(deadline_in(Seconds{10})));
}

TEST(ApiVersion, IsTheLowerOfOursAndTheEngines) {
    EXPECT_EQ(*negotiated("1.40"), "1.40");
    EXPECT_EQ(*negotiated("1.41"), "1.41");
    EXPECT_EQ(*negotiated("1.52"), "1.47");
}

TEST(ApiVersion, BelowTheOldestIsRefusedNamingBoth) {
    auto version = negotiated("1.39");
    ASSERT_FALSE(version);
    EXPECT_NE(version.error().operator_text().find("1.39"), std::string::npos);
    EXPECT_NE(version.error().operator_text().find("1.40"), std::string::npos);
    EXPECT_FALSE(negotiated(""));
    EXPECT_FALSE(negotiated("1.41", "1.20"));
    EXPECT_FALSE(negotiated("1.41", "latest"));
}

TEST(ApiVersion, IsTakenFromTheEnvironmentWithoutAsking) {
    EXPECT_EQ(*negotiated("1.41", "1.42"), "1.42");
}

} // namespace
} // namespace berth::test
