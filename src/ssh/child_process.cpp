// SPDX-License-Identifier: Apache-2.0
#include "ssh/child_process.hpp"

#include "base/scope_exit.hpp"
#include "net/deadline.hpp"
#include "net/signal.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace berth::ssh {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Descriptor = asio::posix::stream_descriptor;

constexpr Seconds patience{1};

// One end of a pipe each; what is not taken is closed.
struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) == 0) read = ends[0], write = ends[1];
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        if (read >= 0) ::close(read);
        if (write >= 0) ::close(write);
    }
    int read = -1, write = -1;
};

// Ours may hold the administrator's password.
std::vector<char*> environment_for_others() {
    std::vector<char*> list;
    for (char** one = environ; one && *one; ++one)
        if (!std::string_view{*one}.starts_with("BERTH_")) list.push_back(*one);
    list.push_back(nullptr);
    return list;
}

class SpawnOptions {
public:
    SpawnOptions(int output, int errors) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
        if (output >= 0) ::posix_spawn_file_actions_adddup2(&actions_, output, 1);
        else ::posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions_, errors, 2);
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all); // we ignore SIGPIPE, it should not
        ::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID
        );
    }
    SpawnOptions(const SpawnOptions&) = delete;
    SpawnOptions& operator=(const SpawnOptions&) = delete;
    ~SpawnOptions() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    const posix_spawn_file_actions_t* actions() const { return &actions_; }
    const posix_spawnattr_t* attributes() const { return &attributes_; }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

// Only a program itself can ask to be killed with its parent; setpriv does that and becomes it.
constexpr const char* death_wish = "/usr/bin/setpriv";

int spawn(std::vector<std::string> words, const SpawnOptions& options, pid_t& id) {
    if (::access(death_wish, X_OK) == 0) {
        std::vector<std::string> prefix{death_wish, "--pdeathsig", "KILL", "--"};
        words.insert(words.begin(), prefix.begin(), prefix.end());
    }
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    auto environment = environment_for_others();
    return ::posix_spawnp(
        &id, arguments[0], options.actions(), options.attributes(), arguments.data(), environment.data()
    );
}

bool is_on_path(const std::string& program) {
    if (program.find('/') != std::string::npos) return ::access(program.c_str(), X_OK) == 0;
    const char* path = std::getenv("PATH");
    std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
        auto end = rest.find(':');
        auto candidate = std::string{rest.substr(0, end)} + "/" + program;
        if (::access(candidate.c_str(), X_OK) == 0) return true;
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return false;
}

} // namespace

struct ChildProcess::State : std::enable_shared_from_this<ChildProcess::State> {
    State(const net::Executor& executor, const Order& order)
        : most_output{order.most_output}
        , most_error_text{order.most_error_text}
        , process{executor}
        , output_pipe{executor}
        , error_pipe{executor}
        , changed{executor} {}

    void read_output();
    void read_errors();
    void await_end();
    void take_status();
    bool is_complete() const { return has_ended && !output_pipe.is_open() && !error_pipe.is_open(); }

    std::size_t most_output, most_error_text;
    pid_t id = -1;
    Descriptor process; // readable when the process has ended
    Descriptor output_pipe, error_pipe;
    std::array<char, 4096> output_piece, error_piece;
    std::string output, error_text;
    bool has_ended = false;
    int status = -1;
    net::Signal changed;
};

void ChildProcess::State::read_output() {
    output_pipe.async_read_some(asio::buffer(output_piece), [self = shared_from_this()](error_code ec, std::size_t n) {
        error_code ignored;
        auto room = self->most_output - std::min(self->most_output, self->output.size());
        self->output.append(self->output_piece.data(), std::min(n, room));
        if (!ec) return self->read_output();
        self->output_pipe.close(ignored);
        self->changed.notify();
    });
}

void ChildProcess::State::read_errors() {
    error_pipe.async_read_some(asio::buffer(error_piece), [self = shared_from_this()](error_code ec, std::size_t n) {
        error_code ignored;
        self->error_text.append(self->error_piece.data(), n);
        if (self->error_text.size() > self->most_error_text)
            self->error_text.erase(0, self->error_text.size() - self->most_error_text);
        if (!ec) return self->read_errors();
        self->error_pipe.close(ignored);
        self->changed.notify();
    });
}

void ChildProcess::State::await_end() {
    process.async_wait(Descriptor::wait_read, [self = shared_from_this()](error_code ec) {
        if (!ec) self->take_status();
    });
}

void ChildProcess::State::take_status() {
    if (has_ended) return;
    int raw = 0;
    if (::waitpid(id, &raw, WNOHANG) != id) return await_end();
    has_ended = true;
    status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    error_code ignored;
    process.close(ignored);
    changed.notify();
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(net::Executor executor, Order order) {
    const auto& program = order.arguments.front();
    if (!is_on_path(program)) return Error{Errc::not_found, "there is no program " + program};
    Pipe output, errors;
    bool wants_output = order.most_output != 0;
    SpawnOptions options{wants_output ? output.write : -1, errors.write};
    auto state = std::make_shared<State>(executor, order);
    if (int failure = spawn(order.arguments, options, state->id); failure != 0)
        return Error{Errc::internal, "start " + program + ": " + std::strerror(failure)};
    // <sys/pidfd.h> of glibc 2.36 is not made for C++.
    int watched = static_cast<int>(::syscall(SYS_pidfd_open, state->id, 0));
    if (watched < 0) {
        auto failure = errno;
        ::kill(state->id, SIGKILL);
        ::waitpid(state->id, nullptr, 0);
        return Error{Errc::internal, "watch " + program + ": " + std::strerror(failure)};
    }
    state->process.assign(watched);
    state->error_pipe.assign(std::exchange(errors.read, -1));
    state->read_errors();
    if (wants_output) {
        state->output_pipe.assign(std::exchange(output.read, -1));
        state->read_output();
    }
    state->await_end();
    return std::unique_ptr<ChildProcess>{new ChildProcess{std::move(state)}};
}

ChildProcess::ChildProcess(std::shared_ptr<State> state)
    : state_{std::move(state)} {}

ChildProcess::~ChildProcess() {
    error_code ignored;
    state_->process.close(ignored);
    state_->output_pipe.close(ignored);
    state_->error_pipe.close(ignored);
    if (state_->has_ended) return;
    ::kill(state_->id, SIGKILL);
    ::waitpid(state_->id, nullptr, 0);
    state_->has_ended = true;
}

bool ChildProcess::has_ended() const noexcept { return state_->has_ended; }
const std::string& ChildProcess::output() const noexcept { return state_->output; }
const std::string& ChildProcess::error_text() const noexcept { return state_->error_text; }
int ChildProcess::id() const noexcept { return state_->id; }

net::Task<Result<int>> ChildProcess::wait(Deadline deadline) {
    auto state = state_;
    while (!state->is_complete()) {
        if (std::chrono::steady_clock::now() >= deadline)
            co_return Error{Errc::timed_out, "the program does not end"};
        auto seen = state->changed.count();
        co_await state->changed.wait_past_until(seen, deadline);
    }
    co_return state->status;
}

net::Task<void> ChildProcess::stop() {
    auto state = state_;
    if (!state->has_ended) ::kill(state->id, SIGTERM);
    auto limit = deadline_in(patience);
    while (!state->has_ended && std::chrono::steady_clock::now() < limit) {
        auto seen = state->changed.count();
        co_await state->changed.wait_past_until(seen, limit);
    }
    if (!state->has_ended) ::kill(state->id, SIGKILL);
    while (!state->has_ended) {
        auto seen = state->changed.count();
        co_await state->changed.wait_past(seen);
    }
}

} // namespace berth::ssh
