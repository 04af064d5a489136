// SPDX-License-Identifier: Apache-2.0
// The fake's server: sockets, HTTP, faults, event streams. A thread per connection, blocking.
#include "tests/support/fake_engine.hpp"

#include "tests/support/fake_engine_state.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace berth::test {
namespace json = boost::json;
namespace {

bool send_all(int socket, std::string_view text) {
    while (!text.empty()) {
        auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::string reason_of(int status) {
    return status < 300 ? "OK" : "Scripted";
}

std::string encode(const FakeReply& reply, const std::string& api_version, bool is_head) {
    std::string head =
        "HTTP/1.1 " + std::to_string(reply.status) + " " + reason_of(reply.status) + "\r\n";
    head += "Api-Version: " + api_version + "\r\nOstype: linux\r\nServer: Docker/fake\r\n";
    bool has_body = reply.status != 204 && reply.status != 304;
    if (has_body) {
        head += "Content-Type: " + (reply.type.empty() ? "application/json" : reply.type) + "\r\n";
        head += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
    }
    head += "\r\n";
    return has_body && !is_head ? head + reply.body : head;
}

std::string percent_decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        bool is_escape = text[i] == '%' && i + 2 < text.size();
        if (is_escape) {
            std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
            decoded += static_cast<char>(value);
            i += 2;
        } else
            decoded += text[i];
    }
    return decoded;
}

// Drops "/v1.41", splits the query.
void read_target(FakeRequest& request) {
    auto target = request.target;
    auto question = target.find('?');
    auto path = target.substr(0, question);
    bool is_versioned =
        path.size() > 2 && path.starts_with("/v") && path[2] >= '0' && path[2] <= '9';
    if (is_versioned) path = path.substr(path.find('/', 1));
    request.path = percent_decode(path);
    if (question == std::string::npos) return;
    std::string_view rest = std::string_view{target}.substr(question + 1);
    while (!rest.empty()) {
        auto pair = rest.substr(0, rest.find('&'));
        auto equals = pair.find('=');
        auto name = percent_decode(pair.substr(0, equals));
        request.query.emplace(
            name, equals == std::string_view::npos ? "" : percent_decode(pair.substr(equals + 1))
        );
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    }
}

// Receives one request; false at the end of the connection. Content-Length bodies only.
bool receive(int socket, std::string& buffer, FakeRequest& request) {
    auto more = [&] {
        char bytes[16 * 1024];
        auto got = ::recv(socket, bytes, sizeof bytes, 0);
        if (got > 0) buffer.append(bytes, static_cast<std::size_t>(got));
        return got > 0;
    };
    std::size_t head_end = 0;
    while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos) {
        if (!more()) return false;
    }
    auto head = buffer.substr(0, head_end);
    auto line = head.substr(0, head.find("\r\n"));
    request.method = line.substr(0, line.find(' '));
    request.target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
    std::transform(head.begin(), head.end(), head.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    std::size_t length = 0;
    if (auto at = head.find("\r\ncontent-length:"); at != std::string::npos)
        length = static_cast<std::size_t>(std::stoul(head.substr(at + 17)));
    while (buffer.size() < head_end + 4 + length) {
        if (!more()) return false;
    }
    request.body = buffer.substr(head_end + 4, length);
    buffer.erase(0, head_end + 4 + length);
    read_target(request);
    return true;
}

std::string event_line(const FakeEvent& event) {
    json::object attributes, actor, line;
    for (const auto& [key, value] : event.attributes)
        attributes[key] = value;
    actor["ID"] = event.id;
    actor["Attributes"] = std::move(attributes);
    line["Type"] = event.type;
    line["Action"] = event.action;
    line["Actor"] = std::move(actor);
    line["timeNano"] = event.time_ns;
    return json::serialize(line) + "\n";
}

std::string chunk(std::string_view data) {
    char size[20];
    auto end = std::to_chars(size, size + sizeof size, data.size(), 16).ptr;
    return std::string{size, end} + "\r\n" + std::string{data} + "\r\n";
}

std::string output_frame(std::string_view data) {
    std::string frame{"\1\0\0\0", 4};
    for (int shift : {24, 16, 8, 0})
        frame += static_cast<char>((data.size() >> shift) & 255);
    return frame.append(data);
}

} // namespace

FakeEngine::FakeEngine(std::string socket_path, std::string api_version)
    : state_{std::make_unique<State>()} {
    auto& s = *state_;
    s.socket_path = std::move(socket_path);
    s.api_version = std::move(api_version);
    s.engine_id = s.make_id().substr(0, 12);
    s.wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s.door = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (s.socket_path.size() >= sizeof address.sun_path)
        throw std::runtime_error("socket path is too long");
    s.socket_path.copy(address.sun_path, s.socket_path.size());
    if (::bind(s.door, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(s.door, 128) != 0)
        throw std::runtime_error("FakeEngine cannot listen on " + s.socket_path);
    s.acceptor = std::thread{[&s] { s.accept_loop(); }};
    s.ports_thread = std::thread{[&s] { s.serve_ports(); }};
}

FakeEngine::~FakeEngine() {
    auto& s = *state_;
    {
        std::scoped_lock lock{s.mutex};
        s.is_stopping = true;
        for (int socket : s.sockets)
            ::shutdown(socket, SHUT_RDWR);
    }
    ::shutdown(s.door, SHUT_RDWR);
    s.changed.notify_all();
    s.wake_ports();
    s.acceptor.join();
    s.ports_thread.join();
    for (auto& worker : s.workers)
        worker.join(); // nobody adds any more
    for (auto& [id, container] : s.containers)
        s.close_ports(container);
    ::close(s.door);
    ::close(s.wake);
    ::unlink(s.socket_path.c_str());
}

const std::string& FakeEngine::socket_path() const {
    return state_->socket_path;
}

void FakeEngine::add_image(const std::string& name, std::map<std::string, std::string> labels) {
    std::scoped_lock lock{state_->mutex};
    state_->images[name] = std::move(labels);
}

void FakeEngine::remove_image(const std::string& name) {
    std::scoped_lock lock{state_->mutex};
    state_->images.erase(name);
}

void FakeEngine::inject(std::string part, EngineFault fault, int times) {
    std::scoped_lock lock{state_->mutex};
    state_->faults.push_back({std::move(part), std::move(fault), times});
}

void FakeEngine::clear_faults() {
    std::scoped_lock lock{state_->mutex};
    state_->faults.clear();
    ++state_->fault_epoch;
    state_->changed.notify_all();
}

void FakeEngine::cut_event_streams() {
    std::scoped_lock lock{state_->mutex};
    ++state_->stream_epoch;
    state_->changed.notify_all();
}

void FakeEngine::set_log_drivers(std::vector<std::string> drivers) {
    std::scoped_lock lock{state_->mutex};
    state_->log_drivers = std::move(drivers);
}

void FakeEngine::replace() {
    std::scoped_lock lock{state_->mutex};
    for (auto& [id, container] : state_->containers)
        state_->close_ports(container);
    state_->containers.clear();
    state_->networks.clear();
    state_->events.clear();
    state_->engine_id = state_->make_id().substr(0, 12);
    ++state_->stream_epoch;
    state_->changed.notify_all();
}

void FakeEngine::end_container(const std::string& id_or_name, int exit_code, bool by_memory) {
    std::scoped_lock lock{state_->mutex};
    if (auto* container = state_->find_container(id_or_name))
        state_->end(*container, exit_code, by_memory);
}

std::vector<std::string> FakeEngine::requests() const {
    std::scoped_lock lock{state_->mutex};
    std::vector<std::string> lines;
    for (const auto& [line, body] : state_->seen)
        lines.push_back(line);
    return lines;
}

std::size_t FakeEngine::count_requests(const std::string& part) const {
    auto lines = requests();
    return static_cast<std::size_t>(std::ranges::count_if(lines, [&](const auto& line) {
        return line.find(part) != std::string::npos;
    }));
}

std::vector<std::string> FakeEngine::bodies(const std::string& part) const {
    std::scoped_lock lock{state_->mutex};
    std::vector<std::string> found;
    for (const auto& [line, body] : state_->seen) {
        if (line.find(part) != std::string::npos) found.push_back(body);
    }
    return found;
}

std::string FakeEngine::last_body(const std::string& part) const {
    auto all = bodies(part);
    return all.empty() ? std::string{} : all.back();
}

std::vector<std::string> FakeEngine::container_names() const {
    std::scoped_lock lock{state_->mutex};
    std::vector<std::string> names;
    for (const auto& [id, container] : state_->containers)
        names.push_back(container.name);
    return names;
}

std::vector<std::string> FakeEngine::network_names() const {
    std::scoped_lock lock{state_->mutex};
    std::vector<std::string> names;
    for (const auto& [id, network] : state_->networks)
        names.push_back(network.name);
    return names;
}

void FakeEngine::State::accept_loop() {
    while (true) {
        int socket = ::accept4(door, nullptr, nullptr, SOCK_CLOEXEC);
        std::scoped_lock lock{mutex};
        if (is_stopping || socket < 0) {
            if (socket >= 0) ::close(socket);
            if (is_stopping) return;
            continue;
        }
        sockets.insert(socket);
        workers.emplace_back([this, socket] { serve(socket); });
    }
}

void FakeEngine::State::serve(int socket) {
    std::string buffer;
    while (true) {
        FakeRequest request;
        if (!receive(socket, buffer, request) || !handle(socket, request)) break;
    }
    std::scoped_lock lock{mutex};
    sockets.erase(socket);
    ::close(socket);
}

std::optional<EngineFault> FakeEngine::State::take_fault(const FakeRequest& request) {
    auto line = request.method + " " + request.path;
    if (auto question = request.target.find('?'); question != std::string::npos)
        line += request.target.substr(question);
    for (auto script = faults.begin(); script != faults.end(); ++script) {
        if (line.find(script->part) == std::string::npos) continue;
        auto fault = script->fault;
        if (script->times > 0 && --script->times == 0) faults.erase(script);
        return fault;
    }
    return std::nullopt;
}

// False: the connection is over.
bool FakeEngine::State::handle(int socket, const FakeRequest& request) {
    std::unique_lock lock{mutex};
    if (is_stopping) return false;
    seen.emplace_back(request.method + " " + request.target, request.body);
    auto fault = take_fault(request);
    lock.unlock();
    if (fault && fault->kind != EngineFault::Kind::delay)
        return apply_fault(socket, *fault, request);
    lock.lock();
    if (fault) {
        auto epoch = fault_epoch;
        changed.wait_for(lock, fault->span, [&] { return is_stopping || fault_epoch != epoch; });
    }
    if (request.path == "/events") {
        lock.unlock();
        stream_events(socket, request);
        return false;
    }
    bool is_hijack = request.path.starts_with("/exec/") && request.path.ends_with("/start");
    if (is_hijack) {
        auto output = exec_output(request.path.substr(6, request.path.size() - 12));
        lock.unlock();
        std::string head =
            "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
            "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
        send_all(socket, head + output_frame(output));
        return false;
    }
    auto reply = answer(request, lock);
    if (lock.owns_lock()) lock.unlock();
    return send_all(socket, encode(reply, api_version, request.method == "HEAD"));
}

bool FakeEngine::State::apply_fault(
    int socket, const EngineFault& fault, const FakeRequest& request
) {
    std::unique_lock lock{mutex};
    FakeReply reply;
    switch (fault.kind) {
    case EngineFault::Kind::delay:
    case EngineFault::Kind::drop:
        return false;
    case EngineFault::Kind::lose_answer:
        static_cast<void>(answer(request, lock));
        return false;
    case EngineFault::Kind::hang: {
        auto epoch = fault_epoch;
        changed.wait(lock, [&] { return is_stopping || fault_epoch != epoch; });
        return false;
    }
    case EngineFault::Kind::status:
        reply = fake_error(fault.code, fault.text);
        break;
    case EngineFault::Kind::garbage:
        reply.body = "<html>not the engine</html>";
        break;
    case EngineFault::Kind::huge:
        reply.body = std::string(fault.size, ' ');
        break;
    }
    lock.unlock();
    return send_all(socket, encode(reply, api_version, false));
}

void FakeEngine::State::stream_events(int socket, const FakeRequest& request) {
    auto labels = fake_filter(request, "label");
    auto actions = fake_filter(request, "event");
    std::int64_t since_s = 0;
    auto since = request.value("since");
    std::from_chars(since.data(), since.data() + since.size(), since_s);
    std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::unique_lock lock{mutex};
    // Before the head: who has it may cut the stream at once.
    auto epoch = stream_epoch;
    auto at = since.empty() ? events.size() : 0;
    lock.unlock();
    if (!send_all(socket, head)) return;
    lock.lock();
    while (!is_stopping && epoch == stream_epoch) {
        while (at < events.size()) {
            auto event = events[at++];
            bool is_wanted =
                has_labels(event.attributes, labels) && event.time_ns >= since_s * 1'000'000'000 &&
                (actions.empty() || std::ranges::find(actions, event.action) != actions.end());
            if (!is_wanted) continue;
            lock.unlock();
            if (!send_all(socket, chunk(event_line(event)))) return;
            lock.lock();
            if (epoch != stream_epoch) return;
        }
        changed.wait(lock, [&] {
            return is_stopping || epoch != stream_epoch || at < events.size();
        });
    }
}

} // namespace berth::test
