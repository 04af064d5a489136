// SPDX-License-Identifier: Apache-2.0
// The web application for tests, on port 8080. /web serves, /web cat PATH prints a file.
//   /            a page that talks to ./echo and shows the answers
//   /echo        WebSocket, every message comes back
//   /headers     the request's headers as JSON: the proof of what a proxy let through
//   /big?bytes=N  /upload (POST, counts)  /slow?ms=N  /health
#include "http.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

constexpr unsigned long largest_delay_ms = 60'000;

constexpr const char* page = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Berth test application</title>
<body style="font:16px/1.5 system-ui;margin:2rem;background:#eef3f7;color:#16202c">
<h1>Berth test application</h1>
<p>State: <b id="state">connecting</b></p>
<form id="form"><input id="text" value="hello"> <button>Send</button></form>
<ul id="replies"></ul>
<script>
const url = new URL("echo", document.baseURI);
url.protocol = url.protocol.replace("http", "ws");
const socket = new WebSocket(url);
const state = document.getElementById("state");
socket.onopen = () => { state.textContent = "connected"; socket.send("first"); };
socket.onclose = (event) => { state.textContent = "closed " + event.code; };
socket.onmessage = (event) => {
  const item = document.createElement("li");
  item.textContent = event.data;
  document.getElementById("replies").append(item);
};
document.getElementById("form").onsubmit = (event) => {
  event.preventDefault();
  socket.send(document.getElementById("text").value);
};
</script></body></html>
)";

std::string json_text(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        char escaped[8];
        if (byte < 0x20 || byte == '"' || byte == '\\' || byte >= 0x7f) {
            std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
            out += escaped;
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string headers_as_json(const Request& request) {
    std::string out = "{\"method\":" + json_text(request.method) + ",\"path\":" + json_text(request.path) +
                      ",\"query\":" + json_text(request.query) + ",\"headers\":[";
    for (std::size_t i = 0; i < request.headers.size(); ++i)
        out += (i == 0 ? "[" : ",[") + json_text(request.headers[i].first) + "," +
               json_text(request.headers[i].second) + "]";
    return out + "]}\n";
}

bool answer(Connection& connection, const Request& request, long long body_bytes) {
    if (request.path == "/" || request.path == "/index.html")
        return connection.respond(200, "text/html; charset=utf-8", page);
    if (request.path == "/headers")
        return connection.respond(200, "application/json", headers_as_json(request));
    if (request.path == "/health")
        return connection.respond(200, "text/plain", "ok\n");
    if (request.path == "/big")
        return connection.respond_big(request.query_number("bytes", 1 << 20));
    if (request.path == "/upload")
        return connection.respond(request.method == "POST" ? 200 : 405, "application/json",
                                  "{\"bytes\":" + std::to_string(body_bytes) + "}\n");
    if (request.path == "/slow") {
        const auto delay = std::min(request.query_number("ms", 1000), largest_delay_ms);
        std::this_thread::sleep_for(std::chrono::milliseconds(delay));
        return connection.respond(200, "text/plain", "slow\n");
    }
    return connection.respond(404, "text/plain", "nothing here\n");
}

void converse(int socket) {
    Connection connection(socket);
    Request request;
    while (connection.read_request(request)) {
        if (request.path == "/echo") {
            connection.echo(request);
            return;
        }
        const auto body_bytes = connection.drain_body(request);
        if (body_bytes < 0 || !answer(connection, request, body_bytes) || request.header("connection") == "close")
            return;
    }
}

int print_file(const char* path) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    char buffer[65536];
    ssize_t n = -1;
    while (file >= 0 && (n = ::read(file, buffer, sizeof buffer)) > 0)
        if (::write(STDOUT_FILENO, buffer, static_cast<std::size_t>(n)) != n)
            return 1;
    if (n < 0)
        std::perror(path);
    return n < 0 ? 1 : 0;
}

int serve() {
    // Process 1 has no default action for SIGTERM.
    for (const int signal : {SIGTERM, SIGINT})
        std::signal(signal, [](int number) { ::_exit(128 + number); });
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(8080);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 128) != 0) {
        std::perror("listen on 8080");
        return 1;
    }
    for (;;) {
        const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0)
            continue;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::thread(converse, socket).detach();
    }
}

} // namespace

int main(int count, char** words) {
    const std::string_view mode = count > 1 ? words[1] : "serve";
    if (mode == "serve" && count <= 2)
        return serve();
    if (mode == "cat" && count == 3)
        return print_file(words[2]);
    std::fprintf(stderr, "usage: /web [serve] | cat PATH\n");
    return 64;
}
