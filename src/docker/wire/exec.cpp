// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/exec.hpp"

#include "docker/wire/container.hpp"
#include "docker/wire/json.hpp"

#include <boost/json.hpp>

namespace berth::docker {
namespace json = boost::json;

std::string encode_exec_config(const ExecConfig& config) {
    json::array command, env;
    for (const auto& word : config.command)
        command.emplace_back(word);
    for (const auto& [name, value] : config.env)
        env.emplace_back(name + "=" + value);
    json::object body;
    body["Cmd"] = std::move(command);
    body["Env"] = std::move(env);
    if (!config.user.empty()) body["User"] = config.user;
    if (!config.working_directory.empty()) body["WorkingDir"] = config.working_directory;
    body["AttachStdin"] = config.has_stdin;
    body["AttachStdout"] = true;
    body["AttachStderr"] = true;
    body["Tty"] = config.has_tty;
    body["Privileged"] = false;
    return json::serialize(body);
}

std::string encode_exec_start(bool has_tty) {
    json::object body;
    body["Detach"] = false;
    body["Tty"] = has_tty;
    return json::serialize(body);
}

Result<std::string> decode_exec_created(std::string_view body) {
    auto value = parse_object(body, "exec create");
    if (!value) return value.error();
    auto id = JsonView{*value}["Id"].text();
    if (!is_container_id(id)) return Error{Errc::protocol_violation, "exec create: no valid id"};
    return id;
}

Result<ExecState> decode_exec(std::string_view body) {
    auto value = parse_object(body, "exec inspect");
    if (!value) return value.error();
    ExecState state;
    state.is_running = JsonView{*value}["Running"].flag();
    state.exit_code = static_cast<int>(JsonView{*value}["ExitCode"].number());
    return state;
}

} // namespace berth::docker
