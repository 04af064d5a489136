// SPDX-License-Identifier: Apache-2.0
#include "http.hpp"

#include "sha1.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t largest_head = 64 * 1024;
constexpr std::uint64_t largest_frame = 16 << 20;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

std::string frame(unsigned char first, const std::string& payload) {
    std::string out(1, static_cast<char>(first));
    if (payload.size() < 126) {
        out += static_cast<char>(payload.size());
    } else {
        const int bytes = payload.size() <= 0xffff ? 2 : 8;
        out += static_cast<char>(bytes == 2 ? 126 : 127);
        for (int byte = bytes - 1; byte >= 0; --byte)
            out += static_cast<char>(payload.size() >> (8 * byte));
    }
    return out + payload;
}

std::uint64_t big_endian(const std::string& bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes)
        value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

} // namespace

std::string Request::header(const std::string& lower_name) const {
    for (const auto& [name, value] : headers)
        if (lower(name) == lower_name)
            return value;
    return "";
}

unsigned long Request::query_number(const std::string& name, unsigned long otherwise) const {
    const auto at = ("&" + query).find("&" + name + "=");
    return at == std::string::npos ? otherwise : std::strtoul(query.c_str() + at + name.size() + 1, nullptr, 10);
}

Connection::Connection(int socket) : socket_(socket) {}

Connection::~Connection() { ::close(socket_); }

bool Connection::fill() {
    char chunk[65536];
    const auto n = ::recv(socket_, chunk, sizeof chunk, 0);
    if (n > 0)
        buffer_.append(chunk, static_cast<std::size_t>(n));
    return n > 0;
}

bool Connection::take(std::string& out, std::size_t size) {
    while (buffer_.size() < size)
        if (!fill())
            return false;
    out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return true;
}

bool Connection::take_line(std::string& out) {
    std::size_t end;
    while ((end = buffer_.find("\r\n")) == std::string::npos)
        if (buffer_.size() > largest_head || !fill())
            return false;
    out = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return true;
}

bool Connection::send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const auto n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        sent += static_cast<std::size_t>(n);
    }
    return true;
}

bool Connection::read_request(Request& request) {
    request = Request();
    std::string line;
    if (!take_line(line))
        return false;
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string::npos || last == first)
        return false;
    request.method = line.substr(0, first);
    request.path = line.substr(first + 1, last - first - 1);
    if (const auto mark = request.path.find('?'); mark != std::string::npos) {
        request.query = request.path.substr(mark + 1);
        request.path.resize(mark);
    }
    while (take_line(line)) {
        if (line.empty())
            return true;
        const auto colon = line.find(':');
        if (colon == std::string::npos || request.headers.size() >= 200)
            return false;
        const auto value = line.find_first_not_of(" \t", colon + 1);
        request.headers.emplace_back(line.substr(0, colon), value == std::string::npos ? "" : line.substr(value));
    }
    return false;
}

long long Connection::drain_body(const Request& request) {
    if (lower(request.header("transfer-encoding")) == "chunked")
        return drain_chunks();
    const auto size = std::strtoull(request.header("content-length").c_str(), nullptr, 10);
    auto left = size;
    while (left > 0) {
        if (buffer_.empty() && !fill())
            return -1;
        const auto now = std::min<unsigned long long>(left, buffer_.size());
        buffer_.erase(0, now);
        left -= now;
    }
    return static_cast<long long>(size);
}

long long Connection::drain_chunks() {
    long long total = 0;
    std::string line;
    std::string chunk;
    while (take_line(line)) {
        const auto size = std::strtoull(line.c_str(), nullptr, 16);
        if (size > largest_frame || !take(chunk, size) || !take_line(line))
            return -1;
        if (size == 0)
            return total;
        total += static_cast<long long>(size);
    }
    return -1;
}

bool Connection::respond(int status, const std::string& type, const std::string& body) {
    return send("HTTP/1.1 " + std::to_string(status) + (status == 200 ? " OK" : " No") + "\r\nContent-Type: " + type +
                "\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\nSet-Cookie: witness=from-the-container; Path=/\r\nCache-Control: no-store\r\n\r\n" + body);
}

bool Connection::respond_big(unsigned long long size) {
    const std::string block(65536, 'b');
    if (!send("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " + std::to_string(size) +
              "\r\n\r\n"))
        return false;
    for (; size > block.size(); size -= block.size())
        if (!send(block))
            return false;
    return send(block.substr(0, size));
}

void Connection::echo(const Request& request) {
    const auto key = request.header("sec-websocket-key");
    if (lower(request.header("upgrade")) != "websocket" || key.empty()) {
        respond(426, "text/plain", "a WebSocket lives here\n");
        return;
    }
    std::string protocol = request.header("sec-websocket-protocol");
    protocol = protocol.substr(0, protocol.find(','));
    send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         websocket_accept(key) + (protocol.empty() ? "" : "\r\nSec-WebSocket-Protocol: " + protocol) + "\r\n\r\n");
    while (echo_frame()) {
    }
}

bool Connection::echo_frame() {
    std::string head;
    std::string length;
    std::string mask;
    std::string payload;
    if (!take(head, 2) || (head[1] & 0x80) == 0) // clients must mask
        return false;
    std::uint64_t size = head[1] & 0x7f;
    if (size >= 126) {
        if (!take(length, size == 126 ? 2 : 8))
            return false;
        size = big_endian(length);
    }
    if (size > largest_frame || !take(mask, 4) || !take(payload, size))
        return false;
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
    auto first = static_cast<unsigned char>(head[0]);
    const int opcode = first & 0x0f;
    if (opcode == 9) // ping becomes pong
        first = static_cast<unsigned char>((first & 0xf0) | 10);
    if (opcode == 10)
        return true;
    return send(frame(first, payload)) && opcode != 8;
}
