// SPDX-License-Identifier: Apache-2.0
#include "store/connection.hpp"

#include "base/log.hpp"

#include <soci/sqlite3/soci-sqlite3.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace berth::store {
namespace {

namespace api = sqlite_api;

api::sqlite3* handle_of(soci::session& sql) {
    return static_cast<soci::sqlite3_session_backend*>(sql.get_backend())->conn_;
}

Error unusable(const std::filesystem::path& file, std::string_view why) {
    return Error{
        Errc::unavailable, "database " + log_safe(file.string()) + ": " + std::string{why}};
}

// The file exists before SQLite opens it, so that its mode is ours whatever the umask; -wal and
// -shm inherit it.
Status make_file(const std::filesystem::path& file) {
    const auto folder = file.parent_path();
    std::error_code failed;
    if (!folder.empty() && !std::filesystem::exists(folder, failed)) {
        std::filesystem::create_directories(
            folder.parent_path().empty() ? "." : folder.parent_path(), failed
        );
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
            return unusable(file, std::string{"directory cannot be made: "} + std::strerror(errno));
    }
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return unusable(file, std::strerror(errno));
    struct stat facts {};
    const bool is_ours = ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
    const bool is_private = is_ours && ::fchmod(descriptor, 0600) == 0;
    ::close(descriptor);
    if (!is_ours) return unusable(file, "not a regular file");
    if (!is_private) return unusable(file, "its mode cannot be set to 0600");
    return {};
}

struct Meaning {
    Errc code;
    std::string_view text;
};

Meaning meaning_of(int result) {
    switch (result & 0xff) {
    case SQLITE_FULL:
        return {Errc::unavailable, "the disk is full"};
    case SQLITE_IOERR:
        return {Errc::unavailable, "input or output failed"};
    case SQLITE_READONLY:
        return {Errc::unavailable, "read only"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {Errc::unavailable, "locked by another process"};
    case SQLITE_CANTOPEN:
        return {Errc::unavailable, "cannot be opened"};
    case SQLITE_CORRUPT:
        return {Errc::unavailable, "damaged"};
    case SQLITE_NOTADB:
        return {Errc::unavailable, "not a database"};
    case SQLITE_NOMEM:
        return {Errc::unavailable, "out of memory"};
    case SQLITE_CONSTRAINT:
        return {Errc::internal, "a rule of the schema was broken"};
    default:
        return {Errc::unavailable, "refused"};
    }
}

} // namespace

Result<std::unique_ptr<Connection>>
Connection::open(const std::filesystem::path& file, int busy_timeout_ms) {
    if (file.string().find('"') != std::string::npos) return unusable(file, "quote in the path");
    if (auto made = make_file(file); !made) return made.error();
    std::unique_ptr<Connection> connection{new Connection};
    try {
        connection->sql_.open(soci::sqlite3, "dbname=\"" + file.string() + "\"");
        if (auto ready = connection->prepare(busy_timeout_ms); !ready)
            return unusable(file, ready.error().operator_text());
    } catch (const soci::soci_error& error) {
        return unusable(file, connection->translate(error, "open").operator_text());
    }
    return connection;
}

Result<std::unique_ptr<Connection>>
Connection::open_to_read(const std::filesystem::path& file, int busy_timeout_ms) {
    if (file.string().find('"') != std::string::npos) return unusable(file, "quote in the path");
    std::unique_ptr<Connection> connection{new Connection};
    try {
        connection->sql_.open(soci::sqlite3, "dbname=\"" + file.string() + "\" readonly=true");
        connection->answer_of("busy_timeout = " + std::to_string(busy_timeout_ms));
        connection->run_script("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
    } catch (const soci::soci_error& error) {
        return unusable(file, connection->translate(error, "open").operator_text());
    }
    return connection;
}

std::string Connection::answer_of(const std::string& pragma) {
    std::string answer;
    sql_ << "PRAGMA " + pragma, soci::into(answer);
    return answer;
}

Status Connection::prepare(int busy_timeout_ms) {
    answer_of("busy_timeout = " + std::to_string(busy_timeout_ms));
    // The schema is data too: a tampered file must not run functions through a view or trigger.
    run_script("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
               "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL");
    // A switch that fails is no error for SQLite: only the answer tells.
    if (answer_of("journal_mode = WAL") != "wal")
        return Error{Errc::unavailable, "no write-ahead log"};
    if (answer_of("synchronous") != "2") return Error{Errc::unavailable, "synchronous is not FULL"};
    if (answer_of("foreign_keys") != "1") return Error{Errc::unavailable, "no foreign keys"};
    if (answer_of("quick_check(1)") != "ok")
        return Error{Errc::unavailable, "damaged (quick_check)"};
    return {};
}

void Connection::run_script(const std::string& script) {
    const int result =
        api::sqlite3_exec(handle_of(sql_), script.c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK)
        throw soci::sqlite3_soci_error(api::sqlite3_errmsg(handle_of(sql_)), result);
}

Written Connection::write(soci::statement& statement) {
    try {
        statement.execute(true);
        return Written::yes;
    } catch (const soci::soci_error&) {
        switch (api::sqlite3_extended_errcode(handle_of(sql_))) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
            return Written::duplicate;
        case SQLITE_CONSTRAINT_FOREIGNKEY:
            return Written::missing_reference;
        default:
            throw;
        }
    }
}

Error Connection::translate(const soci::soci_error& error, std::string_view what) {
    const auto* known = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
    const int result = known != nullptr ? known->result() : SQLITE_ERROR;
    const auto meaning = meaning_of(result);
    is_write_suspect_ = true;
    return Error{
        meaning.code,
        "database: " + std::string{what} + ": " + std::string{meaning.text} + " (code " +
            std::to_string(result) + ")"};
}

Transaction::Transaction(Connection& connection, Locking locking)
    : connection_{connection} {
    connection_.run_script(locking == Locking::exclusive ? "BEGIN EXCLUSIVE" : "BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
    if (!is_open_) return;
    try {
        connection_.run_script("ROLLBACK");
    } catch (const soci::soci_error&) {
        // After some failures SQLite has rolled back by itself: nothing is open any more.
    }
}

void Transaction::commit() {
    connection_.run_script("COMMIT");
    is_open_ = false;
    connection_.set_write_suspect(false);
}

} // namespace berth::store
