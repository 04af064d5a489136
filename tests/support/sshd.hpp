// SPDX-License-Identifier: Apache-2.0
#pragma once
// A real OpenSSH server for one test: on 127.0.0.1 and a free port, with keys of its own in a folder
// of its own; and what a client needs to enter it. Ends with the object, with all its children.

#include <cstdint>
#include <string>
#include <vector>

namespace berth::test {

class Sshd {
public:
    // `settings` are further lines of sshd_config. Trusts its own key already, see forget_key().
    explicit Sshd(std::string settings = {});
    ~Sshd();
    Sshd(const Sshd&) = delete;
    Sshd& operator=(const Sshd&) = delete;

    // Why it does not run; empty when it does. A test skips loudly with it.
    const std::string& problem() const { return problem_; }
    std::uint16_t port() const { return port_; }
    const std::string& folder() const { return folder_; }
    std::string user() const;
    // For ssh -F: the key, no agent, no known_hosts files but an empty one. More lines may be added.
    std::string config_file() const { return folder_ + "/client_config"; }
    void write_client_config(const std::string& more = {}) const;
    std::string key_file() const { return folder_ + "/client_key"; }
    std::string known_hosts() const { return folder_ + "/own_known_hosts"; } // our own file
    void trust() const;      // the host key is in that file
    void forget_key() const; // and is not
    std::string fingerprint() const;
    void make_host_key(); // another one; restart() shows it

    // Listens on the same port again.
    void restart();
    void stop_listening();               // new connections are refused, old ones stay
    void kill_connections();             // SIGKILL to each
    void signal_all(int number);         // the listener and every connection: SIGSTOP, SIGCONT, SIGKILL
    std::vector<int> connections() const; // their processes
    std::string log() const;

private:
    void start();
    void write_server_config();

    std::string settings_, folder_, problem_;
    std::uint16_t port_ = 0;
    int process_ = -1;
};

// The exit status of a program, its output thrown away; -1 when it cannot be started.
int run_program(const std::vector<std::string>& words);

} // namespace berth::test
