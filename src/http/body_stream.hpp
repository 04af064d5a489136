// SPDX-License-Identifier: Apache-2.0
#pragma once
// A body that is produced piece by piece (RFC 9112 7.1), while the connection is watched for the
// client's leaving, so that a silent event stream does not outlive its reader.

#include "http/server_state.hpp"

namespace berth::http {

class BodyStream final : public BodyWriter {
public:
    BodyStream(net::ByteStream& stream, Watched& watch, Milliseconds write_stall, bool is_chunked)
        : stream_{stream}
        , watch_{watch}
        , write_stall_{write_stall}
        , is_chunked_{is_chunked} {}

    net::Task<Status> write(std::string_view text) override;
    // The end of the body, after which a client knows that nothing is missing.
    net::Task<Status> finish();

private:
    net::Task<Status> send(net::ConstBuffers pieces);

    net::ByteStream& stream_;
    Watched& watch_;
    Milliseconds write_stall_;
    bool is_chunked_;
    bool is_gone_ = false;
};

using Producer = std::function<net::Task<void>(BodyWriter&)>;

enum class ProducerEnd { finished, client_left };

// Runs the producer until it ends or the client closes the connection (or sends more than a
// request of it could need); then the producer is cancelled and awaited. Its own exceptions pass.
net::Task<ProducerEnd> run_producer(net::ByteStream& stream, BodyWriter& body, Producer producer);

} // namespace berth::http
