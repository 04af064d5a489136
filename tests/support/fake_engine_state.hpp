// SPDX-License-Identifier: Apache-2.0
#pragma once
// Inside of FakeEngine. Not for tests.

#include "tests/support/fake_engine.hpp"

#include <boost/json/object.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

namespace berth::test {

struct FakeFile {
    unsigned mode = 0, uid = 0;
    std::string content;
};

struct FakeContainer {
    std::string id, name, image, status = "created"; // the engine's words
    boost::json::object config, host_config;
    std::map<std::string, std::string> labels;
    int exit_code = 0;
    bool is_oom_killed = false;
    bool is_stubborn = false; // does not end on SIGTERM
    std::vector<std::uint16_t> ports;
    std::map<std::uint16_t, int> listeners;            // container port → listening descriptor
    std::map<std::uint16_t, std::uint16_t> host_ports; // container port → port on 127.0.0.1
    std::map<std::string, FakeFile> files;
    std::string output;
    std::string network;
    bool is_alive() const { return status == "running" || status == "paused"; }
};

struct FakeNetwork {
    std::string id, name, subnet;
    std::map<std::string, std::string> labels, options;
};

struct FakeEvent {
    std::string type, action, id;
    std::map<std::string, std::string> attributes;
    std::int64_t time_ns = 0;
};

struct FakeRequest {
    std::string method, path; // without the version
    std::multimap<std::string, std::string> query;
    std::string target, body;
    std::string value(const std::string& name) const;
    bool has_flag(const std::string& name) const;
};

struct FakeReply {
    FakeReply() = default;
    FakeReply(int status_, std::string body_, std::string type_ = "application/json")
        : status{status_}
        , body{std::move(body_)}
        , type{std::move(type_)} {}
    int status = 200;
    std::string body;
    std::string type;
};
FakeReply fake_error(int status, std::string_view message);

struct FakeEngine::State {
    // ---- set once
    std::string socket_path, api_version;
    // ---- guarded by mutex
    mutable std::mutex mutex;
    std::condition_variable changed; // anything below
    bool is_stopping = false;
    int stream_epoch = 0; // event streams of an older one end
    std::string engine_id;
    std::vector<std::string> log_drivers{"json-file", "local"};
    std::map<std::string, std::map<std::string, std::string>> images;  // name → labels
    std::map<std::string, FakeContainer> containers;                   // by id
    std::map<std::string, FakeNetwork> networks;                       // by id
    std::map<std::string, std::map<std::string, std::string>> volumes; // name → labels
    std::map<std::string, std::pair<std::string, std::vector<std::string>>>
        execs; // id → container, words
    std::vector<FakeEvent> events;
    std::uint64_t next_number = 1;
    struct Script {
        std::string part;
        EngineFault fault;
        int times;
    };
    std::list<Script> faults;
    int fault_epoch = 0;                                   // hanging requests of an older one go on
    std::vector<std::pair<std::string, std::string>> seen; // request line, body
    std::set<int> sockets;                                 // open connections of the API
    struct Guest {
        std::string container, line;
    };
    std::map<int, Guest> guests; // connections to containers' ports
    // ---- threads
    int door = -1, wake = -1;
    std::thread acceptor, ports_thread;
    std::list<std::thread> workers; // guarded by mutex

    // fake_engine_api.cpp: with the mutex held
    FakeReply answer(const FakeRequest& request, std::unique_lock<std::mutex>& lock);
    std::string make_id();
    FakeContainer* find_container(const std::string& reference);
    FakeNetwork* find_network(const std::string& reference);
    void emit(
        const FakeContainer& container,
        std::string action,
        std::map<std::string, std::string> extra = {}
    );
    void end(FakeContainer& container, int exit_code, bool by_memory);
    std::string exec_output(const std::string& exec);

    // fake_engine_net.cpp
    bool open_ports(FakeContainer& container); // with the mutex held
    void close_ports(FakeContainer& container);
    void serve_ports();
    void wake_ports() const;

    // fake_engine.cpp
    void accept_loop();
    void serve(int socket);
    bool handle(int socket, const FakeRequest& request);
    bool apply_fault(int socket, const EngineFault& fault, const FakeRequest& request);
    std::optional<EngineFault> take_fault(const FakeRequest& request);
    void stream_events(int socket, const FakeRequest& request);
};

// Labels filter of a query: {"label":["a=b"]}, also in the old form {"label":{"a=b":true}}.
std::vector<std::string> fake_filter(const FakeRequest& request, std::string_view name);
bool has_labels(
    const std::map<std::string, std::string>& labels, const std::vector<std::string>& wanted
);

} // namespace berth::test
