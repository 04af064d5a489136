// SPDX-License-Identifier: Apache-2.0
#pragma once
// A Docker engine for tests: the Engine API on a unix socket, in process, with its own threads.
// Its containers are ports that greet ("RFB 003.008\n") and obey lines ("exit 3", "eat", "say x"),
// as the witness image of the contract suite does. Faults are scripted by request. It passes the
// same contract suite as a real engine.

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace berth::test {

// What happens to a request instead of, or beside, its ordinary answer.
struct EngineFault {
    enum class Kind {
        delay,       // answers after `span`
        status,      // answers `code` with `text`, does nothing
        lose_answer, // does the work, then closes without an answer
        drop,        // closes without doing anything
        garbage,     // 200 with something that is not JSON
        huge,        // 200 with a body of `size` bytes
        hang,        // neither works nor answers until the end, or clear_faults()
    };
    EngineFault() = default;
    explicit EngineFault(Kind kind_)
        : kind{kind_} {}
    Kind kind = Kind::status;
    int code = 500;
    std::string text = "scripted failure";
    std::chrono::milliseconds span{0};
    std::size_t size = 0;
};

class FakeEngine {
public:
    // Listens when the constructor returns; `api_version` is what it claims to speak at most.
    explicit FakeEngine(std::string socket_path, std::string api_version = "1.41");
    ~FakeEngine();
    FakeEngine(const FakeEngine&) = delete;
    FakeEngine& operator=(const FakeEngine&) = delete;

    const std::string& socket_path() const;

    void add_image(const std::string& name, std::map<std::string, std::string> labels = {});
    void remove_image(const std::string& name);

    // The next `times` requests whose "METHOD /path?query" (without version) contains `part`;
    // -1 = all of them. Several faults are tried in order of their making.
    void inject(std::string part, EngineFault fault, int times = 1);
    void clear_faults();
    // Ends every open event stream, as a restart of the engine does.
    void cut_event_streams();
    // Log drivers that /info names.
    void set_log_drivers(std::vector<std::string> drivers);
    // Becomes another engine: new id, nothing left.
    void replace();

    // By hand, behind the client's back.
    void end_container(const std::string& id_or_name, int exit_code, bool by_memory = false);

    std::vector<std::string> requests() const; // "GET /v1.41/info" …, in order of arrival
    std::size_t count_requests(const std::string& part) const;
    std::vector<std::string> container_names() const;
    std::vector<std::string> network_names() const;
    std::vector<std::string> bodies(const std::string& part) const; // of all such requests
    std::string last_body(const std::string& part) const;

    struct State; // the files of this fake share it

private:
    std::unique_ptr<State> state_;
};

} // namespace berth::test
