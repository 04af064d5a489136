// SPDX-License-Identifier: Apache-2.0
// What only a database on a disk has to prove: durability, damage, schema, full disks.
#include "base/scope_exit.hpp"
#include "store/connection.hpp"
#include "store/migrations.hpp"
#include "tests/contract/store/stores.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace berth::store {
namespace {

using session::Session, test::run_task;

// Runs a script on the file from outside, as an administrator with a shell would.
void tamper(const std::filesystem::path& file, const std::string& script) {
    auto connection = Connection::open(file, 1000);
    ASSERT_TRUE(connection) << describe(connection.error());
    ASSERT_NO_THROW((*connection)->run_script(script));
}

std::string refusal(InSqlite& store) {
    store.database.reset();
    auto opened = store.try_open();
    if (opened) return "opened";
    EXPECT_EQ(opened.error().code(), Errc::unavailable);
    return opened.error().operator_text();
}

unsigned mode_of(const std::filesystem::path& path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 07777;
}

TEST(Database, TheFilesAreForTheirOwnerOnly) {
    const auto old_mask = ::umask(0);
    InSqlite store;
    ::umask(old_mask);
    ASSERT_TRUE(run_task(store.get().sessions().append_event(event_of("a"))));
    EXPECT_EQ(mode_of(store.file().parent_path()), 0700U);
    EXPECT_EQ(mode_of(store.file()), 0600U);
    EXPECT_EQ(mode_of(store.file().string() + "-wal"), 0600U);
    EXPECT_EQ(mode_of(store.file().string() + "-shm"), 0600U);
}

TEST(Database, KeepsItsDeploymentIdForEver) {
    InSqlite store;
    const auto id = store.get().deployment_id();
    EXPECT_EQ(id.size(), 12U);
    const auto created = store.get().created_at();
    store.clock.advance(std::chrono::hours{1});
    store.reopen();
    EXPECT_EQ(store.get().deployment_id(), id);
    EXPECT_EQ(store.get().created_at(), created);
    InSqlite other;
    EXPECT_NE(other.get().deployment_id(), id);
}

broker::HostRecord host_record(std::string name) {
    broker::HostRecord record;
    record.name = HostId{std::move(name)};
    record.definition.emplace();
    record.definition->name = record.name;
    record.definition->endpoint = "tcp://10.0.0.1:2375";
    record.definition->origin = broker::HostOrigin::added;
    return record;
}

TEST(Database, ItsHostsAreReadWhileItIsInUse) {
    InSqlite store;
    ASSERT_TRUE(run_task(store.get().hosts().put_host(host_record("a"))));
    auto writer = Connection::open(store.file(), 1000);
    ASSERT_TRUE(writer);
    Transaction open{**writer}; // as the server in the middle of a write
    auto hosts = read_hosts(store.file());
    ASSERT_TRUE(hosts) << describe(hosts.error());
    EXPECT_EQ(*hosts, std::vector<broker::HostRecord>{host_record("a")});
}

TEST(Database, ReadingHostsMakesNoFileAndChangesNone) {
    InSqlite store;
    auto missing = read_hosts(store.folder.path() / "nothing.db");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Errc::unavailable);
    EXPECT_FALSE(std::filesystem::exists(store.folder.path() / "nothing.db"));
    auto reader = Connection::open_to_read(store.file(), 1000);
    ASSERT_TRUE(reader) << describe(reader.error());
    EXPECT_THROW((*reader)->run_script("DELETE FROM hosts"), soci::soci_error);
}

TEST(Database, TwoOpeningAtOnceAgreeOnOneSchemaAndOneId) {
    TemporaryFolder folder;
    std::array<std::string, 4> ids;
    std::vector<std::thread> threads;
    for (auto& id : ids) {
        threads.emplace_back([&folder, &id] {
            crypto::SystemRandom random;
            test::ManualClock clock;
            DatabaseConfig config;
            config.file = folder.path() / "berth.db";
            auto opened = Database::open(config, random, clock);
            id = opened ? (*opened)->deployment_id() : describe(opened.error());
        });
    }
    for (auto& thread : threads)
        thread.join();
    for (const auto& id : ids)
        EXPECT_EQ(id, ids[0]);
    EXPECT_EQ(ids[0].size(), 12U);
}

// M-23, I-15: what was acknowledged before SIGKILL is there, numbered without a gap.
TEST(Database, KillNineLosesNothingThatWasAcknowledged) {
    InSqlite store;
    store.database.reset();
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        store.reopen();
        for (int i = 0;; ++i) {
            auto session = session_of("ann", std::to_string(i));
            auto outcome = run_task(store.get().sessions().insert(session, event_of("queued")));
            if (!outcome || ::write(ends[1], session.id.str().data(), session_id_length) < 0)
                ::_exit(1);
        }
    }
    ::close(ends[1]);
    std::vector<std::string> acknowledged;
    std::array<char, session_id_length> id{};
    while (::read(ends[0], id.data(), id.size()) == static_cast<ssize_t>(id.size())) {
        acknowledged.emplace_back(id.data(), id.size());
        if (acknowledged.size() == 40) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_GE(acknowledged.size(), 40U);
    store.reopen();
    for (const auto& known : acknowledged)
        EXPECT_TRUE(run_task(store.get().sessions().find(SessionId{known}))->has_value()) << known;
    auto events = run_task(store.get().events_after(0, 100000));
    ASSERT_TRUE(events);
    EXPECT_GE(events->size(), acknowledged.size());
    EXPECT_LE(events->size(), acknowledged.size() + 1) << "one may have been written unannounced";
    EXPECT_EQ(events->back().seq, static_cast<std::int64_t>(events->size()));
    EXPECT_EQ(run_task(store.get().sessions().load_live())->size(), events->size());
}

TEST(Database, RefusesASchemaNewerThanItself) {
    InSqlite store;
    store.database.reset();
    tamper(store.file(), "INSERT INTO schema_migrations VALUES (999, '0999_future', 'x', 0)");
    EXPECT_NE(refusal(store).find("newer"), std::string::npos) << refusal(store);
}

TEST(Database, RefusesAMigrationThatWasAnotherOneThen) {
    InSqlite store;
    store.database.reset();
    tamper(store.file(), "UPDATE schema_migrations SET checksum = 'x' WHERE number = 1");
    EXPECT_NE(refusal(store).find("another content"), std::string::npos) << refusal(store);
}

TEST(Database, AMigrationThatFailsLeavesNothingBehind) {
    TemporaryFolder folder;
    auto connection = Connection::open(folder.path() / "a.db", 1000);
    ASSERT_TRUE(connection);
    const std::vector<Migration> broken{
        {1, "0001_a", "c1", "CREATE TABLE a (x BIGINT);"},
        {2, "0002_b", "c2", "CREATE TABLE b (x BIGINT); CREATE TABLE nonsense (((;"}};
    auto failed = migrate(**connection, broken, noon);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), Errc::unavailable);
    const std::vector<Migration> mended{
        broken[0], {2, "0002_b", "c3", "CREATE TABLE b (x BIGINT);"}};
    EXPECT_TRUE(migrate(**connection, mended, noon)) << "table b must not be there yet";
    EXPECT_TRUE(migrate(**connection, mended, noon)) << "the second time there is nothing to do";
}

TEST(Database, OldEventsOfHostsAreFoundByTheirHost) {
    TemporaryFolder folder;
    auto connection = Connection::open(folder.path() / "a.db", 1000);
    ASSERT_TRUE(connection);
    const auto& all = all_migrations();
    ASSERT_TRUE(migrate(**connection, {all.begin(), all.begin() + 2}, noon));
    (*connection)->run_script(
        "INSERT INTO events (at, type, session, realm, subject, slot, from_state, to_state, actor, cause) VALUES"
        " (1, 'host.up', '', '', '', '', '', '', '', 'host a'),"
        " (2, 'host.down', '', '', '', '', '', '', '', 'host rack-1.x: no: answer'),"
        " (3, 'session.placed', 's', '', '', '', '', '', '', 'host a'),"
        " (4, 'host.strange', '', '', '', '', '', '', '', '')"
    );
    ASSERT_TRUE(migrate(**connection, all, noon));
    std::string hosts;
    soci::rowset<std::string> rows = ((*connection)->sql().prepare << "SELECT host FROM events ORDER BY seq");
    for (const auto& host : rows) hosts += host + ",";
    EXPECT_EQ(hosts, "a,rack-1.x,,,");
}

TEST(Database, RefusesWhatIsNoDatabase) {
    InSqlite store;
    store.database.reset();
    std::filesystem::remove(store.file());
    std::ofstream{store.file()} << std::string(8192, 'x');
    EXPECT_NE(refusal(store).find("not a database"), std::string::npos) << refusal(store);
}

TEST(Database, RefusesADamagedFile) {
    InSqlite store;
    for (int i = 0; i < 200; ++i)
        ASSERT_TRUE(run_task(
            store.get().sessions().insert(session_of("ann", std::to_string(i)), event_of("a"))
        ));
    store.database.reset(); // the last connection folds the log into the file
    const auto size = std::filesystem::file_size(store.file());
    std::fstream file{store.file(), std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(static_cast<std::streamoff>(4096 * (size / 4096 / 2)));
    file << std::string(16384, '\x5a');
    file.close();
    EXPECT_NE(refusal(store), "opened");
}

TEST(Database, RefusesALinkInPlaceOfTheFile) {
    InSqlite store;
    store.database.reset();
    const auto aside = store.file().string() + ".aside";
    std::filesystem::rename(store.file(), aside);
    std::filesystem::create_symlink(aside, store.file());
    EXPECT_NE(refusal(store), "opened");
}

TEST(Database, ARowThatCannotBeReadIsAClearErrorWithoutItsContent) {
    const std::vector<std::pair<std::string, std::string>> damages{
        {"spec = 'hush {'", "spec: not JSON"},
        {"spec = '{\"hush\": 1}'", "spec: wrong number of members"},
        {"spec = '[]'", "spec: not an object"},
        {"spec = replace(spec, '\"pids\":0', '\"pids\":\"hush\"')",
         "spec: pids: not a whole number"},
        {"spec = replace(spec, '\"pids\"', '\"hush\"')", "spec: pids: missing"},
        {"spec = replace(spec, 'shared', 'hush')", "spec: network: unknown word"},
        {"policy = replace(policy, '\"max_extensions\":10', '\"max_extensions\":9999999999')",
         "policy: max_extensions: out of range"},
        {"policy = ''", "policy: not JSON"},
        {"stages = '[]'", "stages: wrong number of stages"},
        {"stages = '[[1],[],[],[]]'", "stages: stage: not a pair"},
        {"state = 'hush'", "state: unknown word"},
        {"end_reason = 'hush'", "end_reason: unknown word"},
        {"end_code = 'hush'", "end_reason: missing"},
        {"generation = 9999999999", "generation: out of range"},
    };
    for (const auto& [damage, complaint] : damages) {
        InSqlite store;
        auto session = session_of("ann");
        ASSERT_TRUE(run_task(store.get().sessions().insert(session, event_of("a"))));
        tamper(store.file(), "UPDATE sessions SET " + damage);
        auto found = run_task(store.get().sessions().find(session.id));
        ASSERT_FALSE(found) << damage;
        EXPECT_EQ(found.error().code(), Errc::internal);
        EXPECT_EQ(
            found.error().operator_text(), "stored session " + session.id.str() + ": " + complaint
        );
        EXPECT_FALSE(run_task(store.get().sessions().load_live())) << damage;
        EXPECT_TRUE(run_task(store.get().sessions().find(session_of("bob").id))) << "it lives on";
    }
}

TEST(Database, AnErrorNeverCarriesTheValuesOfTheStatement) {
    InSqlite store;
    tamper(store.file(), "DROP TABLE credentials; DROP TABLE accounts");
    broker::Account account;
    account.id = UserId{"1"};
    account.username = "hush-name";
    account.password_hash = "hush-hash";
    auto refused = run_task(store.get().accounts().insert(account));
    ASSERT_FALSE(refused);
    EXPECT_EQ(describe(refused.error()).find("hush"), std::string::npos)
        << describe(refused.error());
    EXPECT_EQ(refused.error().code(), Errc::unavailable);
}

TEST(Database, ALockFromOutsideIsUnavailableAndPasses) {
    InSqlite store;
    store.database.reset();
    DatabaseConfig config;
    config.file = store.file();
    config.busy_timeout = Milliseconds{20};
    auto opened = Database::open(config, store.random, store.clock);
    ASSERT_TRUE(opened);
    auto shell = Connection::open(store.file(), 1000);
    ASSERT_TRUE(shell);
    auto& sessions = (*opened)->sessions();
    {
        Transaction held{**shell};
        auto refused = run_task(sessions.append_event(event_of("a")));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), Errc::unavailable);
        EXPECT_FALSE(run_task(sessions.check())) << "reading works, but writing was in doubt";
    }
    EXPECT_TRUE(run_task(sessions.check()));
    EXPECT_EQ(*run_task(sessions.append_event(event_of("a"))), 1);
}

// F-13: the caller hears of it, nothing acknowledged is lost, and it goes on when there is room.
TEST(Database, AFullDiskIsAnErrorThatPasses) {
    TemporaryFolder folder;
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=512k") != 0)
        GTEST_SKIP() << "needs the right to mount a tmpfs: " << std::strerror(errno);
    const ScopeExit unmount{[&] { ::umount2(folder.path().c_str(), MNT_DETACH); }};
    {
        crypto::SystemRandom random;
        test::ManualClock clock;
        DatabaseConfig config;
        config.file = folder.path() / "berth.db";
        auto opened = Database::open(config, random, clock);
        ASSERT_TRUE(opened) << describe(opened.error());
        auto& sessions = (*opened)->sessions();
        std::vector<SessionId> acknowledged;
        std::optional<Error> failure;
        for (int i = 0; i < 2000 && !failure; ++i) {
            auto session = session_of("ann", std::to_string(i));
            auto outcome = run_task(sessions.insert(session, event_of("a")));
            if (outcome)
                acknowledged.push_back(session.id);
            else
                failure = outcome.error();
        }
        ASSERT_TRUE(failure);
        EXPECT_EQ(failure->code(), Errc::unavailable);
        EXPECT_FALSE(run_task(sessions.check()));
        EXPECT_EQ(run_task(sessions.load_live())->size(), acknowledged.size());
        ASSERT_EQ(::mount("tmpfs", folder.path().c_str(), "tmpfs", MS_REMOUNT, "size=16m"), 0);
        EXPECT_TRUE(run_task(sessions.check()));
        EXPECT_TRUE(run_task(sessions.insert(session_of("bob"), event_of("a"))));
        EXPECT_EQ(
            *run_task(sessions.append_event(event_of("b"))),
            static_cast<std::int64_t>(acknowledged.size()) + 2
        );
    }
}

} // namespace
} // namespace berth::store
