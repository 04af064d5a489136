// SPDX-License-Identifier: Apache-2.0
#include "cli/offline_accounts.hpp"

#include "cli/blocking.hpp"
#include "crypto/password_hasher.hpp"
#include "crypto/system_random.hpp"
#include "store/database.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace berth::cli {

namespace {

namespace json = boost::json;
using net::Task;

constexpr std::size_t longest_password = 256;
constexpr std::string_view users_path = "/api/v1/users";

std::string text_of(const json::object& body, std::string_view key) {
    const auto* value = body.if_contains(key);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

json::object to_json(const broker::Account& account) {
    json::object object{{"username", account.username}, {"role", access::name_of(account.role)},
        {"disabled", account.is_disabled}, {"created_at", format_rfc3339(account.created_at)}, {"last_login_at", nullptr}};
    if (account.last_login_at) object["last_login_at"] = format_rfc3339(*account.last_login_at);
    return object;
}

class Accounts {
public:
    Accounts(store::Database& database, int min_password_length)
        : store_{database.accounts()}
        , credentials_{database.credentials()}
        , min_password_length_{static_cast<std::size_t>(min_password_length)} {}

    Task<Result<json::value>> list() {
        auto accounts = co_await store_.list();
        if (!accounts) co_return accounts.error();
        json::array items;
        for (const broker::Account& account : *accounts) items.push_back(to_json(account));
        json::object object;
        object["items"] = std::move(items);
        co_return json::value(std::move(object));
    }

    Task<Result<json::value>> add(json::object body) {
        broker::Account account;
        account.username = text_of(body, "username");
        if (!is_valid_username(account.username)) co_return Error{Errc::invalid_input, "the name must be 1 to 64 of letters, digits and . _ @ + -"};
        auto role = access::role_from(text_of(body, "role"));
        if (!role) co_return Error{Errc::invalid_input, "the role must be user, operator or admin"};
        account.role = *role;
        account.created_at = SystemClock{}.now();
        account.id = UserId{make_session_id(random_).str()};
        auto status = co_await set_password(account, text_of(body, "password"));
        if (!status) co_return status.error();
        json::value answer = to_json(account);
        std::string name = account.username;
        auto inserted = co_await store_.insert(std::move(account));
        if (!inserted && inserted.error().code() == Errc::already_exists)
            co_return Error{Errc::already_exists, fmt::format("there is an account {} already", name)};
        if (!inserted) co_return inserted.error();
        co_return answer;
    }

    Task<Result<json::value>> change(std::string name, json::object body) {
        auto found = co_await store_.find_by_name(name);
        if (!found) co_return found.error();
        if (!*found) co_return Error{Errc::not_found, fmt::format("there is no account {}", name)};
        broker::Account account = std::move(**found);
        if (auto role = access::role_from(text_of(body, "role"))) account.role = *role;
        if (const auto* disabled = body.if_contains("disabled")) account.is_disabled = disabled->as_bool();
        if (body.contains("password")) {
            auto status = co_await set_password(account, text_of(body, "password"));
            if (!status) co_return status.error();
        }
        auto updated = co_await store_.update(account);
        if (!updated) co_return updated.error();
        // As on a running server: a new password or a disabled account ends what was signed in.
        if (account.is_disabled || body.contains("password")) {
            auto removed = co_await credentials_.remove_all_of(account.id);
            if (!removed) co_return removed.error();
        }
        co_return json::value(to_json(account));
    }

private:
    Task<Status> set_password(broker::Account& account, std::string password) {
        if (password.size() < min_password_length_ || password.size() > longest_password)
            co_return Error{Errc::invalid_input, fmt::format("the password must have {} to {} characters", min_password_length_, longest_password)};
        auto hash = co_await hasher_.hash(Secret{std::move(password)});
        if (!hash) co_return hash.error();
        account.password_hash = std::move(*hash);
        co_return Status{};
    }

    broker::AccountStore& store_;
    broker::CredentialStore& credentials_;
    std::size_t min_password_length_;
    crypto::SystemRandom random_;
    crypto::PasswordHasher hasher_;
};

Task<Result<json::value>> dispatch(Accounts& accounts, std::string method, std::string target, json::object body) {
    if (method == "GET" && target == users_path) co_return co_await accounts.list();
    if (method == "POST" && target == users_path) co_return co_await accounts.add(std::move(body));
    // Names need no decoding: of the characters that are encoded only @ and + are legal in one.
    std::string name = target.substr(std::min(target.size(), users_path.size() + 1));
    for (auto [from, to] : {std::pair{"%40", "@"}, std::pair{"%2B", "+"}})
        for (auto at = name.find(from); at != std::string::npos; at = name.find(from)) name.replace(at, 3, to);
    co_return co_await accounts.change(std::move(name), std::move(body));
}

} // namespace

Result<std::string> offline_accounts(const config::Config& config, const std::string& method,
                                     const std::string& target, const std::string& body) {
    boost::asio::io_context context; // first: the threads of the others end before it
    crypto::SystemRandom random;
    store::DatabaseConfig where;
    where.file = config.database.path;
    auto database = store::Database::open(where, random, SystemClock{});
    if (!database) return database.error();
    Accounts accounts{**database, config.auth.min_password_length};
    json::object parsed = body.empty() ? json::object{} : json::parse(body).as_object();
    auto answer = run_blocking(context, dispatch(accounts, method, target, std::move(parsed)));
    if (!answer) return answer.error();
    return json::serialize(*answer);
}

} // namespace berth::cli
