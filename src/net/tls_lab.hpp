// SPDX-License-Identifier: Apache-2.0
#pragma once
// For net's tests: an authority with keys and certificates of its own, made when the test runs,
// and a TLS server with a script per connection.

#include "net/task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace berth::net {

// Its files are in a temporary folder that goes with it. Throws std::runtime_error.
class TestAuthority {
public:
    explicit TestAuthority(std::string name);
    ~TestAuthority();
    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;

    struct Files {
        std::string cert, key;
    };
    // `alt_names` as OpenSSL writes them: "DNS:localhost" or "IP:127.0.0.1".
    Files issue(const std::string& alt_names, long valid_seconds = 3600);
    const std::string& ca_file() const noexcept { return ca_file_; }
    const std::string& directory() const noexcept { return directory_; }

private:
    struct Keys;
    std::string directory_;
    std::string ca_file_;
    std::unique_ptr<Keys> keys_;
    int issued_ = 0;
};

class TlsPeer {
public:
    using Socket = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;
    // Runs after a good handshake. A plain function: it has nothing to dangle.
    using Script = Task<void> (*)(Socket& socket);
    struct Options {
        TestAuthority::Files files;
        std::string client_ca; // set: a client certificate of this authority is demanded
        int newest = TLS1_3_VERSION;
    };

    TlsPeer(boost::asio::io_context& context, const Options& options, Script script);
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    int accepted() const noexcept { return accepted_; }
    int handshakes() const noexcept { return handshakes_; } // good ones
    // Of the last good handshake: the name the client asked for, and who the client is.
    const std::string& server_name() const noexcept { return server_name_; }
    bool has_client_certificate() const noexcept { return has_client_certificate_; }

private:
    static Task<void> accept_all(TlsPeer* self);
    static Task<void> serve(TlsPeer* self, boost::asio::ip::tcp::socket socket);

    boost::asio::io_context& context_;
    boost::asio::ssl::context tls_;
    boost::asio::ip::tcp::acceptor acceptor_;
    Script script_;
    int accepted_ = 0;
    int handshakes_ = 0;
    std::string server_name_;
    bool has_client_certificate_ = false;
};

} // namespace berth::net
