// SPDX-License-Identifier: Apache-2.0
#pragma once
// Running another program inside a container.

#include "base/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

struct ExecConfig {
    ExecConfig() = default;
    std::vector<std::string> command; // never a shell line
    std::map<std::string, std::string> env;
    std::string user, working_directory;
    bool has_stdin = false;
    bool has_tty = false;
};

struct ExecState {
    bool is_running = false;
    int exit_code = 0;
};

std::string encode_exec_config(const ExecConfig& config);
std::string encode_exec_start(bool has_tty);
Result<std::string> decode_exec_created(std::string_view body); // the exec's id
Result<ExecState> decode_exec(std::string_view body);

} // namespace berth::docker
