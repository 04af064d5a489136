// SPDX-License-Identifier: Apache-2.0
// Just enough HTTP/1.1 and WebSocket over a blocking socket for a witness behind a proxy. Not for the open world.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

struct Request {
    std::string method;
    std::string path;
    std::string query;
    std::vector<std::pair<std::string, std::string>> headers; ///< names as they came, in order

    /// The first value of a header by its lower-case name; empty when there is none.
    std::string header(const std::string& lower_name) const;
    /// The number behind name= in the query, or `otherwise`.
    unsigned long query_number(const std::string& name, unsigned long otherwise) const;
};

class Connection {
public:
    explicit Connection(int socket);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// False at the end of the connection or when the head is malformed or above 64 KiB.
    bool read_request(Request& request);
    /// Reads a body by its Content-Length or chunks and forgets it; -1 when it breaks off.
    long long drain_body(const Request& request);
    bool respond(int status, const std::string& type, const std::string& body);
    /// A body of `size` letters, made while it is sent.
    bool respond_big(unsigned long long size);
    /// Answers the upgrade and sends every message back until the other side closes.
    void echo(const Request& request);

private:
    bool fill();
    bool take(std::string& out, std::size_t size);
    bool take_line(std::string& out);
    bool send(const std::string& bytes);
    bool echo_frame();
    long long drain_chunks();

    int socket_;
    std::string buffer_;
};
