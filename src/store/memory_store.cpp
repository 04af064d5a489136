// SPDX-License-Identifier: Apache-2.0
#include "store/memory_store.hpp"

#include "store/lower.hpp"
#include "store/notable.hpp"

#include <algorithm>

namespace berth::store {

using broker::Account, broker::Credential, broker::EventRecord, broker::InsertOutcome, net::Task,
    session::Session, session::State;

struct MemoryStore::Data {
    std::map<std::string, Session> sessions; // by id
    std::vector<EventRecord> events;         // by seq
    std::int64_t next_seq = 1;
    std::map<std::string, Account> accounts;       // by id
    std::map<std::string, Credential> credentials; // by hash
    std::map<HostId, broker::HostRecord> hosts;
    std::optional<Error> failure;

    std::int64_t append(EventRecord event) {
        event.seq = next_seq++;
        events.push_back(std::move(event));
        return events.back().seq;
    }
    const Session* slot_holder(const Session& other) const {
        for (const auto& [id, session] : sessions) {
            if (session.holds_slot && session.owner == other.owner && session.id != other.id)
                return &session;
        }
        return nullptr;
    }
    const Session* same_request(const Session& other) const {
        if (other.idempotency_key.empty()) return nullptr;
        const Session* newest = nullptr;
        for (const auto& [id, session] : sessions) {
            const bool is_same = session.owner.realm == other.owner.realm &&
                                 session.owner.subject == other.owner.subject &&
                                 session.idempotency_key == other.idempotency_key &&
                                 session.created_at > other.created_at - std::chrono::hours{24};
            if (is_same && (newest == nullptr || newest->created_at < session.created_at))
                newest = &session;
        }
        return newest;
    }
    bool is_name_taken(const Account& account) const {
        return std::any_of(accounts.begin(), accounts.end(), [&](const auto& item) {
            return item.second.id != account.id &&
                   lower(item.second.username) == lower(account.username);
        });
    }
};

class MemoryStore::Sessions final : public broker::SessionStore {
public:
    explicit Sessions(Data& data)
        : data_{data} {}

    Task<Result<InsertOutcome>> insert(Session session, EventRecord event) override {
        if (data_.failure) co_return *data_.failure;
        InsertOutcome outcome;
        if (const auto* same = data_.same_request(session)) {
            outcome.session = *same;
            co_return outcome;
        }
        if (session.holds_slot) {
            if (const auto* holder = data_.slot_holder(session)) {
                outcome.session = *holder;
                co_return outcome;
            }
        }
        if (data_.sessions.contains(session.id.str()))
            co_return Error{Errc::already_exists, "session id is taken"};
        session.version = 1;
        session.control_viewers = session.view_viewers = 0;
        data_.sessions[session.id.str()] = session;
        data_.append(std::move(event));
        outcome.session = std::move(session);
        outcome.is_new = true;
        co_return outcome;
    }

    Task<Result<std::int64_t>> update(Session session, std::optional<EventRecord> event) override {
        if (data_.failure) co_return *data_.failure;
        auto found = data_.sessions.find(session.id.str());
        if (found == data_.sessions.end()) co_return Error{Errc::not_found, "no such session"};
        if (found->second.version != session.version)
            co_return Error{Errc::conflict, "the stored session has another version"};
        if (session.holds_slot && data_.slot_holder(session) != nullptr)
            co_return Error{Errc::already_exists, "another session holds the slot"};
        const bool is_claim = !found->second.pool.empty() && session.pool.empty();
        if (is_claim && data_.same_request(session) != nullptr)
            co_return Error{Errc::already_exists, "another session has the idempotency key"};
        ++session.version;
        session.control_viewers = session.view_viewers = 0;
        const auto version = session.version;
        found->second = std::move(session);
        if (event) data_.append(std::move(*event));
        co_return version;
    }

    Task<Result<std::optional<Session>>> find(SessionId id) override {
        if (data_.failure) co_return *data_.failure;
        auto found = data_.sessions.find(id.str());
        if (found == data_.sessions.end()) co_return std::optional<Session>{};
        co_return std::optional{found->second};
    }

    Task<Result<std::vector<Session>>> load_live() override {
        if (data_.failure) co_return *data_.failure;
        std::vector<Session> live;
        for (const auto& [id, session] : data_.sessions) {
            if (session.state != State::ended) live.push_back(session);
        }
        std::stable_sort(live.begin(), live.end(), [](const auto& a, const auto& b) {
            return a.created_at < b.created_at;
        });
        co_return live;
    }

    Task<Result<std::vector<Session>>> list_ended(
        std::string realm, std::string subject, int limit, std::optional<broker::EndedCursor> after
    ) override {
        if (data_.failure) co_return *data_.failure;
        std::vector<Session> ended;
        for (const auto& [id, session] : data_.sessions) {
            if (session.state != State::ended || !session.ended_at) continue;
            if (after && std::pair{*session.ended_at, session.id} >= std::pair{after->ended_at, after->id}) continue;
            if (!realm.empty() && session.owner.realm != realm) continue;
            if (!subject.empty() && session.owner.subject != subject) continue;
            ended.push_back(session);
        }
        std::sort(ended.begin(), ended.end(), [](const auto& a, const auto& b) {
            return std::pair{a.ended_at, a.id} > std::pair{b.ended_at, b.id};
        });
        ended.resize(std::min(ended.size(), static_cast<std::size_t>(std::max(limit, 0))));
        co_return ended;
    }

    Task<Result<std::int64_t>> append_event(EventRecord event) override {
        if (data_.failure) co_return *data_.failure;
        co_return data_.append(std::move(event));
    }

    Task<Result<std::vector<EventRecord>>> host_events(HostId host, broker::HostNews which, int limit) override {
        if (data_.failure) co_return *data_.failure;
        std::vector<EventRecord> events;
        for (auto event = data_.events.rbegin(); event != data_.events.rend(); ++event) {
            if (static_cast<int>(events.size()) >= limit) break;
            if (event->host == host && (which == broker::HostNews::all || is_notable(*event))) events.push_back(*event);
        }
        co_return events;
    }

    Task<Result<int>> prune(TimePoint older_than) override {
        if (data_.failure) co_return *data_.failure;
        const auto removed = std::erase_if(data_.sessions, [&](const auto& item) {
            const auto& session = item.second;
            return session.state == State::ended && session.ended_at &&
                   *session.ended_at < older_than;
        });
        auto first = std::find_if(data_.events.begin(), data_.events.end(), [&](const auto& event) {
            return event.at >= older_than;
        });
        data_.events.erase(data_.events.begin(), first);
        co_return static_cast<int>(removed);
    }

    Task<Status> check() override {
        if (data_.failure) co_return *data_.failure;
        co_return Status{};
    }

private:
    Data& data_;
};

class MemoryStore::Accounts final : public broker::AccountStore {
public:
    explicit Accounts(Data& data)
        : data_{data} {}

    Task<Status> insert(Account account) override {
        if (data_.failure) co_return *data_.failure;
        if (data_.accounts.contains(account.id.str()) || data_.is_name_taken(account))
            co_return Error{Errc::already_exists, "insert account"};
        const auto id = account.id.str();
        data_.accounts[id] = std::move(account);
        co_return Status{};
    }
    Task<Status> update(Account account) override {
        if (data_.failure) co_return *data_.failure;
        auto found = data_.accounts.find(account.id.str());
        if (found == data_.accounts.end()) co_return Error{Errc::not_found, "no such account"};
        if (data_.is_name_taken(account)) co_return Error{Errc::already_exists, "update account"};
        found->second = std::move(account);
        co_return Status{};
    }
    Task<Result<std::optional<Account>>> find_by_name(std::string username) override {
        if (data_.failure) co_return *data_.failure;
        for (const auto& [id, account] : data_.accounts) {
            if (lower(account.username) == lower(username)) co_return std::optional{account};
        }
        co_return std::optional<Account>{};
    }
    Task<Result<std::optional<Account>>> find(UserId id) override {
        if (data_.failure) co_return *data_.failure;
        auto found = data_.accounts.find(id.str());
        if (found == data_.accounts.end()) co_return std::optional<Account>{};
        co_return std::optional{found->second};
    }
    Task<Result<std::vector<Account>>> list() override {
        if (data_.failure) co_return *data_.failure;
        std::vector<Account> accounts;
        for (const auto& [id, account] : data_.accounts)
            accounts.push_back(account);
        std::sort(accounts.begin(), accounts.end(), [](const auto& a, const auto& b) {
            return lower(a.username) < lower(b.username);
        });
        co_return accounts;
    }

private:
    Data& data_;
};

class MemoryStore::Credentials final : public broker::CredentialStore {
public:
    explicit Credentials(Data& data)
        : data_{data} {}

    Task<Status> insert(Credential credential) override {
        if (data_.failure) co_return *data_.failure;
        if (!data_.accounts.contains(credential.user.str()))
            co_return Error{Errc::not_found, "insert credential"};
        for (const auto& [hash, known] : data_.credentials) {
            if (hash == credential.hash ||
                (known.kind == credential.kind && known.id == credential.id))
                co_return Error{Errc::already_exists, "insert credential"};
        }
        const auto hash = credential.hash;
        data_.credentials[hash] = std::move(credential);
        co_return Status{};
    }
    Task<Result<std::optional<Credential>>> find_by_hash(std::string hash) override {
        if (data_.failure) co_return *data_.failure;
        auto found = data_.credentials.find(hash);
        if (found == data_.credentials.end()) co_return std::optional<Credential>{};
        co_return std::optional{found->second};
    }
    Task<Result<std::vector<Credential>>> list(UserId user, Credential::Kind kind) override {
        if (data_.failure) co_return *data_.failure;
        std::vector<Credential> credentials;
        for (const auto& [hash, credential] : data_.credentials) {
            if (credential.user == user && credential.kind == kind)
                credentials.push_back(credential);
        }
        std::stable_sort(credentials.begin(), credentials.end(), [](const auto& a, const auto& b) {
            return a.created_at < b.created_at;
        });
        co_return credentials;
    }
    Task<Status> touch(std::string hash, TimePoint last_used_at) override {
        if (data_.failure) co_return *data_.failure;
        auto found = data_.credentials.find(hash);
        if (found == data_.credentials.end())
            co_return Error{Errc::not_found, "no such credential"};
        found->second.last_used_at = last_used_at;
        co_return Status{};
    }
    Task<Status> remove(std::string hash) override {
        if (data_.failure) co_return *data_.failure;
        data_.credentials.erase(hash);
        co_return Status{};
    }
    Task<Status> remove_all_of(UserId user) override {
        if (data_.failure) co_return *data_.failure;
        std::erase_if(data_.credentials, [&](const auto& item) {
            return item.second.user == user;
        });
        co_return Status{};
    }
    Task<Result<int>> remove_expired(TimePoint now) override {
        if (data_.failure) co_return *data_.failure;
        co_return static_cast<int>(std::erase_if(data_.credentials, [&](const auto& item) {
            return item.second.expires_at && *item.second.expires_at <= now;
        }));
    }

private:
    Data& data_;
};

class MemoryStore::Hosts final : public broker::HostStore {
public:
    explicit Hosts(Data& data)
        : data_{data} {}

    Task<Result<std::vector<broker::HostRecord>>> load_hosts() override {
        if (data_.failure) co_return *data_.failure;
        std::vector<broker::HostRecord> records;
        for (const auto& [name, record] : data_.hosts) records.push_back(record);
        co_return records;
    }
    Task<Status> put_host(broker::HostRecord record) override {
        if (data_.failure) co_return *data_.failure;
        // As a row would: whose it is follows from there being a definition.
        if (record.definition) {
            record.definition->name = record.name;
            record.definition->origin = broker::HostOrigin::added;
        }
        data_.hosts[record.name] = std::move(record);
        co_return Status{};
    }
    Task<Status> remove_host(HostId name) override {
        if (data_.failure) co_return *data_.failure;
        data_.hosts.erase(name);
        co_return Status{};
    }

private:
    Data& data_;
};

MemoryStore::MemoryStore()
    : data_{std::make_unique<Data>()}
    , sessions_{std::make_unique<Sessions>(*data_)}
    , accounts_{std::make_unique<Accounts>(*data_)}
    , credentials_{std::make_unique<Credentials>(*data_)}
    , hosts_{std::make_unique<Hosts>(*data_)} {}

MemoryStore::~MemoryStore() = default;

broker::SessionStore& MemoryStore::sessions() noexcept {
    return *sessions_;
}
broker::AccountStore& MemoryStore::accounts() noexcept {
    return *accounts_;
}
broker::CredentialStore& MemoryStore::credentials() noexcept {
    return *credentials_;
}
broker::HostStore& MemoryStore::hosts() noexcept {
    return *hosts_;
}

Task<Result<std::vector<EventRecord>>> MemoryStore::events_after(std::int64_t after, int limit) {
    std::vector<EventRecord> events;
    for (const auto& event : data_->events) {
        if (static_cast<int>(events.size()) >= limit) break;
        if (event.seq > after) events.push_back(event);
    }
    co_return events;
}

void MemoryStore::fail_with(std::optional<Error> error) {
    data_->failure = std::move(error);
}

} // namespace berth::store
