// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/program.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace berth::test {

namespace fs = std::filesystem;

namespace {

constexpr unsigned longest_run_s = 60; // SIGALRM ends the program; the test then sees 142

std::string read_all(const fs::path& file) {
    std::ostringstream content;
    content << std::ifstream{file}.rdbuf();
    return content.str();
}

[[noreturn]] void become(const std::vector<std::string>& words, const std::vector<std::string>& variables, const fs::path& folder) {
    auto redirect = [&](const char* name, int flags, int target) { ::dup2(::open((folder / name).c_str(), flags, 0600), target); };
    redirect("stdin", O_RDONLY, 0);
    redirect("stdout", O_WRONLY | O_CREAT | O_TRUNC, 1);
    redirect("stderr", O_WRONLY | O_CREAT | O_TRUNC, 2);
    std::vector<char*> argv, envp;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& variable : variables) envp.push_back(const_cast<char*>(variable.c_str()));
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    ::setsid(); // no terminal to ask
    ::alarm(longest_run_s);
    if (::chdir((folder / "work").c_str()) == 0) ::execve(BERTH_PROGRAM, argv.data(), envp.data());
    ::_exit(127);
}

} // namespace

Program::Program() {
    std::string name = (fs::temp_directory_path() / "berth-cli-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    fs::create_directory(folder_ / "work");
}
Program::~Program() { fs::remove_all(folder_); }

std::string Program::write(const std::string& name, const std::string& text) const {
    fs::path file = folder_ / "work" / name;
    std::ofstream{file} << text;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    return file.string();
}

Outcome Program::run(std::vector<std::string> arguments, const std::string& input) const {
    std::ofstream{folder_ / "stdin"} << input;
    arguments.insert(arguments.begin(), "berth");
    std::vector<std::string> variables{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
    pid_t child = ::fork();
    if (child == 0) become(arguments, variables, folder_);
    int status = 0;
    ::waitpid(child, &status, 0);
    Outcome outcome;
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = read_all(folder_ / "stdout");
    outcome.err = read_all(folder_ / "stderr");
    return outcome;
}

} // namespace berth::test
