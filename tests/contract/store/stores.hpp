// SPDX-License-Identifier: Apache-2.0
#pragma once
// The implementations that must keep the same contract, in one form, and sessions to put in them.

#include "crypto/system_random.hpp"
#include "store/database.hpp"
#include "store/memory_store.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <tuple>

namespace berth::store {

class TemporaryFolder {
public:
    TemporaryFolder() {
        char path[] = "/tmp/berth-store-XXXXXX";
        path_ = ::mkdtemp(path);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

struct InMemory {
    MemoryStore store;
    auto& get() { return store; }
    void reopen() {} // nothing survives: the suite sees the same store again
};

struct InSqlite {
    TemporaryFolder folder;
    crypto::SystemRandom random;
    test::ManualClock clock;
    std::unique_ptr<Database> database;

    InSqlite() { reopen(); }
    std::filesystem::path file() const { return folder.path() / "var of berth" / "berth.db"; }
    Result<std::unique_ptr<Database>> try_open() {
        DatabaseConfig config;
        config.file = file();
        return Database::open(config, random, clock);
    }
    void reopen() {
        database.reset();
        auto opened = try_open();
        if (!opened) throw std::runtime_error(describe(opened.error()));
        database = std::move(*opened);
    }
    auto& get() { return *database; }
};

using Stores = ::testing::Types<InMemory, InSqlite>;

inline const TimePoint noon{Milliseconds{1'763'900'000'123}}; // needs 41 bits

inline session::Session session_of(std::string subject, std::string slot = "desk") {
    static crypto::SystemRandom random;
    session::Session session;
    session.id = make_session_id(random);
    session.owner = session::Owner{"local", std::move(subject), std::move(slot)};
    session.template_name = TemplateName{"desktop"};
    session.spec.image = "berth/desktop:latest";
    session.created_at = noon;
    session.state_since = noon;
    return session;
}

inline session::Session ended(session::Session session, TimePoint at) {
    session.state = session::State::ended;
    session.ended_at = at;
    session.holds_slot = false;
    return session;
}

inline broker::EventRecord event_of(std::string type, TimePoint at = noon) {
    broker::EventRecord event;
    event.type = std::move(type);
    event.at = at;
    return event;
}

// Everything that is stored, except the version.
inline bool is_same(const session::Session& a, const session::Session& b) {
    auto all = [](const session::Session& s) {
        return std::tie(
            s.id,
            s.generation,
            s.owner,
            s.requested_by,
            s.template_name,
            s.name,
            s.spec,
            s.policy,
            s.idempotency_key,
            s.state,
            s.created_at,
            s.state_since,
            s.stages,
            s.start_deadline,
            s.ready_at,
            s.ended_at,
            s.host,
            s.placement_note,
            s.container,
            s.lease_end,
            s.extensions_used,
            s.last_input_at,
            s.disconnected_since,
            s.end,
            s.stop_attempts,
            s.retry_at,
            s.holds_slot,
            s.placement,
            s.attempts,
            s.engine_id,
            s.placement_labels,
            s.pool,
            s.is_paused
        );
    };
    return all(a) == all(b);
}

} // namespace berth::store
