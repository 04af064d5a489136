// SPDX-License-Identifier: Apache-2.0
#pragma once
// From a command to the server and its answer to the screen: what session, host, user and token
// have in common.

#include "cli/api_client.hpp"
#include "cli/context.hpp"

#include <boost/json/fwd.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace berth::cli {

// The server of --url (with --token-file or BERTH_TOKEN), else the local one. Nothing = failed, said.
std::optional<ApiClient> connect(Context& context);

// A column: its head and the member that fills it.
struct Column {
    std::string head;
    std::string path;
};

// One object or a list, in the form that -o asks for. `name` is the member for -o name.
void show(const Context& context, const boost::json::value& items, const std::vector<Column>& columns,
          const std::string& name);

// The body of an answer; an empty one reads as null. Nothing when it is not JSON, which is said.
std::optional<boost::json::value> parsed(Context& context, const std::string& body);
// Calls; nothing after a failure, which is said and is the exit code. An empty body reads as null.
std::optional<boost::json::value> call(Context& context, ApiClient& client, const std::string& method,
                                       const std::string& target, const std::string& body = {});
// The pages of a list put together; `target` may have a query already.
std::optional<boost::json::value> call_list(Context& context, ApiClient& client, const std::string& target);

} // namespace berth::cli
