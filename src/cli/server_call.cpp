// SPDX-License-Identifier: Apache-2.0
#include "cli/server_call.hpp"

#include "cli/output.hpp"

#include <boost/json.hpp>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace berth::cli {

namespace {

namespace json = boost::json;

constexpr int most_pages = 1000; // a server that never stops saying "next" must not keep us

Result<Secret> read_token(const Context& context) {
    if (context.token_file.empty()) {
        const char* variable = std::getenv("BERTH_TOKEN");
        return Secret{variable == nullptr ? "" : variable};
    }
    struct stat facts {};
    if (::stat(context.token_file.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode))
        return Error{Errc::invalid_input, "--token-file: " + context.token_file + " is not a file"};
    if ((facts.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return Error{Errc::invalid_input, "--token-file: " + context.token_file + " may be read by everybody: chmod 600 it"};
    std::string token;
    std::ifstream file{context.token_file};
    std::getline(file, token);
    if (token.empty() || token.size() > 512) return Error{Errc::invalid_input, "--token-file: " + context.token_file + " holds no token"};
    return Secret{std::move(token)};
}

} // namespace

std::optional<ApiClient> connect(Context& context) {
    if (context.url.empty()) {
        auto loaded = context.load();
        if (!loaded) return std::nullopt;
        return ApiClient::over_socket(loaded->config.server.admin_socket);
    }
    auto token = read_token(context);
    if (!token) {
        context.fail(token.error());
        return std::nullopt;
    }
    auto client = ApiClient::over_http(context.url, std::move(*token));
    if (!client) {
        context.fail(client.error());
        return std::nullopt;
    }
    return std::move(*client);
}

void show(const Context& context, const json::value& items, const std::vector<Column>& columns, const std::string& name) {
    if (context.output == "json") return context.print(pretty(items));
    json::array single;
    if (!items.is_array()) single.push_back(items);
    const json::array& rows = items.is_array() ? items.get_array() : single;
    std::vector<std::string> heads;
    for (const Column& column : columns) heads.push_back(column.head);
    Table table{heads};
    std::string names;
    for (const json::value& row : rows) {
        std::vector<std::string> cells;
        for (const Column& column : columns) cells.push_back(cell(row, column.path));
        table.add(std::move(cells));
        names += cell(row, name) + "\n";
    }
    context.print(context.output == "name" ? names : table.text(context.has_headers, may_colour()));
}

std::optional<json::value> parsed(Context& context, const std::string& body) {
    if (body.empty()) return json::value{};
    json::error_code bad;
    json::value value = json::parse(body, bad);
    if (!bad) return value;
    context.fail(Exit::failed, "error: the server's answer is not JSON");
    return std::nullopt;
}

std::optional<json::value> call(Context& context, ApiClient& client, const std::string& method,
                                const std::string& target, const std::string& body) {
    auto reply = client.call(method, target, body);
    if (reply) return parsed(context, *reply);
    context.fail(reply.error());
    return std::nullopt;
}

std::optional<json::value> call_list(Context& context, ApiClient& client, const std::string& target) {
    json::array items;
    std::string page = target;
    for (int i = 0; i < most_pages; ++i) {
        auto answer = call(context, client, "GET", page);
        if (!answer) return std::nullopt;
        const auto* object = answer->if_object();
        const auto* found = object == nullptr ? nullptr : object->if_contains("items");
        if (found == nullptr || !found->is_array()) {
            context.fail(Exit::failed, "error: the server's answer is not a list");
            return std::nullopt;
        }
        for (const json::value& item : found->get_array()) items.push_back(item);
        const auto* next = object->if_contains("next");
        if (next == nullptr || !next->is_string()) break;
        page = target + (target.find('?') == std::string::npos ? "?" : "&") + "after=" + path_part(next->get_string());
    }
    return json::value(std::move(items));
}

} // namespace berth::cli
