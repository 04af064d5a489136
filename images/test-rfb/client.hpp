// SPDX-License-Identifier: Apache-2.0
// One connected viewer of the test server, and what all viewers share. RFC 6143; the desktop size messages are
// those of the community's rfbproto (encodings -223 and -308, client message 251).
#pragma once

#include "screen.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

/// What every viewer sees. All members are guarded by `mutex`; `changed` tells of any change.
struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    Size size;
    std::uint64_t events = 0;
    std::uint64_t resizes = 0;
    std::uint64_t resized_by = 0; ///< number of the client that asked last
    std::string name;
    std::string secret;
};

/// Speaks with one viewer until it leaves. Takes the socket over. Returns only when both directions have ended.
class Client {
public:
    Client(Shared& shared, int socket, std::uint64_t number);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void run();

private:
    bool shake_hands();
    bool prove_password();
    void read_messages();
    bool read_message(std::uint8_t type);
    bool on_pixel_format();
    bool on_encodings();
    bool on_update_request();
    bool on_key();
    bool on_pointer();
    bool on_cut_text();
    bool on_desktop_size();
    void write_updates();
    std::string next_output();
    void append_resize(std::string& out) const;

    bool receive(void* data, std::size_t size);
    bool skip(std::size_t size);
    bool send(const std::string& bytes);
    void note(const std::string& fields) const;

    Shared& shared_;
    const int socket_;
    const std::uint64_t number_;

    // Guarded by shared_.mutex.
    PixelFormat format_;
    bool knows_extended_size_ = false;
    bool knows_size_ = false;
    bool size_announced_ = false;
    bool wants_update_ = false;
    bool whole_ = false;
    bool gone_ = false;
    Rect wanted_;
    std::uint64_t shown_events_ = 0;
    std::uint64_t shown_resizes_ = 0;
    std::vector<std::string> outbox_;
};
