// SPDX-License-Identifier: Apache-2.0
#include "server/serve.hpp"

#include "base/log.hpp"
#include "server/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>

namespace berth::server {
namespace {

constexpr int exit_failed = 1, exit_unavailable = 69;

void prepare_process() {
    // Keys and desktops' secrets must not end in a core file, nor be read by a debugger of our user.
#ifndef __SANITIZE_ADDRESS__ // the leak checker has to look into the process
    prctl(PR_SET_DUMPABLE, 0);
#endif
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    std::signal(SIGPIPE, SIG_IGN);
}

void print_banner(const config::Config& config, const Started& started) {
    auto address = config.server.public_url;
    if (address.empty()) {
        const auto& listen = config.server.listen.front();
        auto is_any = listen.address == "0.0.0.0" || listen.address == "::";
        address = "http://" + (is_any ? std::string{"127.0.0.1"} : listen.address) + ":" + std::to_string(started.port);
    }
    std::cout << "Berth is ready: " << address << '\n';
    if (!started.generated_password.empty()) {
        std::cout << "First administrator: " << started.admin_username << '\n'
                  << "Password (shown only now): " << started.generated_password.reveal() << '\n';
    }
    std::cout.flush();
}

// One server for one state folder: two would drive the same sessions. Held until the process ends.
Result<int> lock_state(const std::string& directory) {
    // The database, the keys and the admin socket live there: for nobody but us from the start.
    std::error_code ignored;
    if (!std::filesystem::exists(directory, ignored)) {
        std::filesystem::create_directories(directory, ignored);
        std::filesystem::permissions(directory, std::filesystem::perms::owner_all, ignored);
    }
    auto path = directory + "/berth.lock";
    int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return Error{Errc::unavailable, "cannot open " + path};
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
    ::close(file);
    return Error{Errc::already_exists, "another berth runs with the state folder " + directory};
}

net::Task<void> live(boost::asio::io_context& context, const config::Config& config, ServeOptions options, int& code) {
    Server server{context, config, options.commit};
    auto started = co_await server.start();
    if (!started) {
        std::cerr << "berth: cannot start: " << describe(started.error()) << '\n';
        code = started.error().code() == Errc::invalid_input ? exit_failed : exit_unavailable;
        co_await server.stop();
        co_return;
    }
    if (options.print_banner) print_banner(config, *started);
    log("server").info("started port={}", started->port);
    boost::asio::signal_set signals{context, SIGINT, SIGTERM};
    boost::system::error_code error;
    auto signal = co_await signals.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
    log("server").info("stopping signal={}", signal);
    co_await server.stop();
    log("server").info("stopped");
}

} // namespace

int serve(const config::Config& config, const ServeOptions& options) {
    prepare_process();
    configure_log(config.log.level, config.log.format);
    auto lock = lock_state(config.state_dir);
    if (!lock) {
        std::cerr << "berth: cannot start: " << describe(lock.error()) << '\n';
        return exit_unavailable;
    }
    boost::asio::io_context context{1};
    int code = 0;
    boost::asio::co_spawn(context, live(context, config, options, code), [&](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    try {
        context.run();
    } catch (const std::exception& failure) {
        std::cerr << "berth: " << failure.what() << '\n';
        return exit_failed;
    }
    return code;
}

} // namespace berth::server
