// SPDX-License-Identifier: Apache-2.0
#include "cli/offline_accounts.hpp"

#include "cli/blocking.hpp"
#include "crypto/password_hasher.hpp"
#include "crypto/system_random.hpp"
#include "identity/accounts.hpp"
#include "store/database.hpp"

#include <boost/json.hpp>

#include <utility>

namespace berth::cli {

namespace {

namespace json = boost::json;
using net::Task;

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

// The members of the API's request, each as the use case it stands for.
class Offline {
public:
    explicit Offline(store::Database& database)
        : parts_{database.accounts(), database.credentials(), hasher_, random_, clock_, turn_}
        , authenticator_{parts_}
        , accounts_{parts_, authenticator_} {}

    Task<Result<json::value>> list() {
        auto accounts = co_await accounts_.list();
        if (!accounts) co_return accounts.error();
        json::array items;
        for (const broker::Account& account : *accounts) items.push_back(to_json(account));
        json::object object;
        object["items"] = std::move(items);
        co_return json::value(std::move(object));
    }

    Task<Result<json::value>> add(json::object body) {
        auto role = access::role_from(text_of(body, "role"));
        if (!role) co_return Error{Errc::invalid_input, "the role must be user, operator or admin"};
        std::string name = text_of(body, "username");
        Secret password{text_of(body, "password")};
        auto account = co_await accounts_.add(name, std::move(password), *role);
        if (account) co_return json::value(to_json(*account));
        if (account.error().code() != Errc::already_exists) co_return account.error();
        co_return Error{Errc::already_exists, "there is an account " + name + " already"};
    }

    Task<Result<json::value>> change(std::string name, json::object body) {
        if (auto role = access::role_from(text_of(body, "role"))) {
            auto changed = co_await accounts_.set_role(name, *role);
            if (!changed) co_return changed.error();
        }
        if (const auto* disabled = body.if_contains("disabled")) {
            auto changed = disabled->as_bool() ? accounts_.disable(name) : accounts_.enable(name);
            auto account = co_await std::move(changed);
            if (!account) co_return account.error();
        }
        if (body.contains("password")) {
            Secret password{text_of(body, "password")};
            auto changed = co_await accounts_.set_password(name, std::move(password));
            if (!changed) co_return changed.error();
        }
        auto account = co_await accounts_.find(name);
        if (!account) co_return account.error();
        co_return json::value(to_json(*account));
    }

private:
    SystemClock clock_;
    crypto::SystemRandom random_;
    crypto::PasswordHasher hasher_;
    identity::Turn turn_;
    identity::Parts parts_;
    identity::Authenticator authenticator_;
    identity::Accounts accounts_;
};

Task<Result<json::value>> dispatch(Offline& offline, std::string method, std::string target, json::object body) {
    if (method == "GET" && target == users_path) co_return co_await offline.list();
    if (method == "POST" && target == users_path) co_return co_await offline.add(std::move(body));
    // Names need no decoding: of the characters that are encoded only @ and + are legal in one.
    std::string name = target.substr(std::min(target.size(), users_path.size() + 1));
    for (auto [from, to] : {std::pair{"%40", "@"}, std::pair{"%2B", "+"}})
        for (auto at = name.find(from); at != std::string::npos; at = name.find(from)) name.replace(at, 3, to);
    co_return co_await offline.change(std::move(name), std::move(body));
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
    Offline offline{**database};
    json::object parsed = body.empty() ? json::object{} : json::parse(body).as_object();
    auto answer = run_blocking(context, dispatch(offline, method, target, std::move(parsed)));
    if (!answer) return answer.error();
    return json::serialize(*answer);
}

} // namespace berth::cli
