// SPDX-License-Identifier: Apache-2.0
#pragma once
// "Give me a byte stream to X." The Engine client and the gateway know no other way out.

#include "base/time.hpp"
#include "net/byte_stream.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace berth::net {

// What a stream carries: a few bytes, or whatever a desktop sends.
enum class Traffic { control, bulk };

class Dialer {
public:
    virtual ~Dialer() = default;
    // A new connected stream that lives on `executor`. Errors: host_unreachable (text says what
    // was tried), timed_out. The dialer outlives the call.
    virtual Task<Result<ByteStreamPtr>> dial(Executor executor, Deadline deadline) = 0;
    // For people: "unix:///var/run/docker.sock", "tcp://10.0.0.7:2376".
    virtual std::string describe() const = 0;
};

std::unique_ptr<Dialer> make_unix_dialer(std::string path);
// `host` is a name or an address; all addresses are tried in order within the deadline.
std::unique_ptr<Dialer> make_tcp_dialer(std::string host, std::uint16_t port);

struct TlsFiles {
    std::string ca, cert, key; // PEM paths; cert and key may be empty (no client certificate)
    bool verify_host = true;
};
// Verifies the chain and, unless switched off, the host name (RFC 6125) and sends SNI.
std::unique_ptr<Dialer> make_tls_dialer(std::string host, std::uint16_t port, TlsFiles files);

} // namespace berth::net
