// SPDX-License-Identifier: Apache-2.0
#pragma once
// The same ports without a disk: for tests of the use cases, and the twin against which the
// contract suite holds the database. Nothing survives the process. Core thread only.

#include "broker/accounts.hpp"
#include "broker/host_ports.hpp"
#include "broker/ports.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace berth::store {

class MemoryStore {
public:
    MemoryStore();
    ~MemoryStore();
    MemoryStore(const MemoryStore&) = delete;
    MemoryStore& operator=(const MemoryStore&) = delete;

    // Live as long as the store.
    broker::SessionStore& sessions() noexcept;
    broker::AccountStore& accounts() noexcept;
    broker::CredentialStore& credentials() noexcept;
    broker::HostStore& hosts() noexcept;
    net::Task<Result<std::vector<broker::EventRecord>>> events_after(std::int64_t after, int limit);

    // From now on every call of a port answers with this error, until told otherwise: for tests of
    // what happens when the database does not work.
    void fail_with(std::optional<Error> error);

private:
    struct Data;
    class Sessions;
    class Accounts;
    class Credentials;
    class Hosts;
    std::unique_ptr<Data> data_;
    std::unique_ptr<Sessions> sessions_;
    std::unique_ptr<Accounts> accounts_;
    std::unique_ptr<Credentials> credentials_;
    std::unique_ptr<Hosts> hosts_;
};

} // namespace berth::store
