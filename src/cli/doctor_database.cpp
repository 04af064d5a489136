// SPDX-License-Identifier: Apache-2.0
#include "cli/blocking.hpp"
#include "cli/doctor.hpp"

#include "base/scope_exit.hpp"
#include "crypto/system_random.hpp"
#include "store/database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace berth::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_copy = std::uintmax_t{512} * 1024 * 1024;

void check_accounts(boost::asio::io_context& context, store::Database& database, Findings& findings) {
    auto accounts = run_blocking(context, database.accounts().list());
    if (!accounts) {
        findings.push_back(failure("administrator", accounts.error().operator_text(), "restore the database from a backup"));
        return;
    }
    auto administrators = std::ranges::count_if(*accounts, [](const broker::Account& account) {
        return account.role == access::Role::admin && !account.is_disabled;
    });
    if (administrators > 0) findings.push_back(good("administrator", fmt::format("{} of {} accounts", administrators, accounts->size())));
    else if (accounts->empty()) findings.push_back(good("administrator", "made at the first start"));
    else findings.push_back(warning("administrator", "no account is an administrator that may sign in", "berth user add NAME --role admin, or berth user role NAME admin"));
}

Hosts added_hosts(const config::Config& config, const fs::path& file, Findings& findings) {
    Hosts hosts;
    auto stored = store::read_hosts(file);
    if (!stored) {
        findings.push_back(warning("added_hosts", "not examined: " + stored.error().operator_text(), "run berth doctor as the user that runs berth"));
        return hosts;
    }
    for (const broker::HostRecord& record : *stored) {
        bool is_in_file = std::ranges::any_of(config.hosts, [&](const config::Host& host) { return host.name == record.name; });
        if (record.definition && !is_in_file) hosts.push_back(*record.definition);
    }
    return hosts;
}

// Opening migrates and writes, so it happens to a copy. The write-ahead file belongs to the database.
bool look_at_copy(const fs::path& file, const fs::path& folder, Findings& findings) {
    std::error_code bad;
    fs::copy_file(file, folder / "berth.db", bad);
    std::error_code ignored;
    fs::copy_file(file.string() + "-wal", folder / "berth.db-wal", ignored);
    if (bad) {
        findings.push_back(failure("database", fmt::format("{} cannot be read: {}", file.string(), bad.message()), "give the user that runs berth this file"));
        return false;
    }
    boost::asio::io_context context; // first: the database's threads end before it
    crypto::SystemRandom random;
    store::DatabaseConfig config;
    config.file = folder / "berth.db";
    auto database = store::Database::open(config, random, SystemClock{});
    if (!database) {
        findings.push_back(failure("database", database.error().operator_text(), "restore it from a backup, or start a newer berth if the schema is newer"));
        return false;
    }
    findings.push_back(good("database", fmt::format("{}: sound, deployment {}", file.string(), (*database)->deployment_id())));
    check_accounts(context, **database, findings);
    return true;
}

} // namespace

Hosts check_database(const config::Config& config, bool is_running, Findings& findings) {
    std::error_code bad;
    const fs::path file = config.database.path;
    if (is_running) {
        findings.push_back(skipped("database", "a running berth uses it; see /readyz"));
        findings.push_back(skipped("administrator", "a running berth uses the database"));
        return added_hosts(config, file, findings);
    }
    if (!fs::exists(file, bad)) {
        findings.push_back(good("database", file.string() + " will be made at the first start"));
        findings.push_back(good("administrator", "made at the first start"));
        return {};
    }
    if (fs::file_size(file, bad) > largest_copy) {
        findings.push_back(skipped("database", "larger than 512 MiB: not copied for a look; hosts that were added are not examined"));
        return {};
    }
    std::string folder = (fs::temp_directory_path(bad) / "berth-doctor-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) {
        findings.push_back(skipped("database", "there is no room for a copy in " + fs::temp_directory_path(bad).string() + "; hosts that were added are not examined"));
        return {};
    }
    ScopeExit clean{[&] { fs::remove_all(folder, bad); }};
    if (!look_at_copy(file, folder, findings)) return {};
    return added_hosts(config, fs::path{folder} / "berth.db", findings);
}

} // namespace berth::cli
