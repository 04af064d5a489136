// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include "des.hpp"
#include "witness.hpp"

#include <algorithm>
#include <cstring>
#include <sys/random.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

constexpr std::size_t largest_cut_text = 1 << 20;
constexpr std::size_t largest_outbox = 64;
constexpr std::int32_t encoding_desktop_size = -223;
constexpr std::int32_t encoding_extended_size = -308;

unsigned u16(const std::uint8_t* at) { return static_cast<unsigned>(at[0]) << 8 | at[1]; }
std::uint32_t u32(const std::uint8_t* at) { return static_cast<std::uint32_t>(u16(at)) << 16 | u16(at + 2); }

void put16(std::string& out, unsigned value) {
    out += static_cast<char>(value >> 8);
    out += static_cast<char>(value);
}
void put32(std::string& out, std::uint32_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xffff);
}

std::string refusal(const std::string& reason) {
    std::string out;
    put32(out, static_cast<std::uint32_t>(reason.size()));
    return out + reason;
}

void put_rect_header(std::string& out, Rect rect, std::int32_t encoding) {
    put16(out, rect.x);
    put16(out, rect.y);
    put16(out, rect.width);
    put16(out, rect.height);
    put32(out, static_cast<std::uint32_t>(encoding));
}

} // namespace

Client::Client(Shared& shared, int socket, std::uint64_t number)
    : shared_(shared), socket_(socket), number_(number) {}

Client::~Client() { ::close(socket_); }

void Client::run() {
    note(R"("event":"client","what":"connected")");
    if (shake_hands()) {
        note(R"("event":"client","what":"signed-in")");
        std::thread writer([this] { write_updates(); });
        read_messages();
        {
            const std::lock_guard lock(shared_.mutex);
            gone_ = true;
        }
        ::shutdown(socket_, SHUT_RDWR);
        shared_.changed.notify_all();
        writer.join();
    }
    note(R"("event":"client","what":"left")");
}

bool Client::shake_hands() {
    char version[12];
    if (!send("RFB 003.008\n") || !receive(version, sizeof version))
        return false;
    if (std::memcmp(version, "RFB 003.008\n", 12) != 0) {
        send(std::string(1, '\0') + refusal("only RFB 3.8 is spoken here"));
        return false;
    }
    std::uint8_t choice = 0;
    if (!send(std::string("\1\2", 2)) || !receive(&choice, 1) || choice != 2 || !prove_password())
        return false;
    std::uint8_t share = 0;
    if (!receive(&share, 1))
        return false;
    const std::lock_guard lock(shared_.mutex);
    shown_events_ = shared_.events;
    shown_resizes_ = shared_.resizes;
    std::string init;
    put16(init, shared_.size.width);
    put16(init, shared_.size.height);
    init += std::string("\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0", 16);
    init += refusal(shared_.name); // same shape: length, text
    return send(init);
}

bool Client::prove_password() {
    Challenge challenge;
    Challenge answer;
    if (::getrandom(challenge.data(), challenge.size(), 0) != static_cast<ssize_t>(challenge.size()))
        return false;
    if (!send(std::string(challenge.begin(), challenge.end())) || !receive(answer.data(), answer.size()))
        return false;
    if (answer == vnc_response(shared_.secret, challenge))
        return send(std::string(4, '\0'));
    note(R"("event":"client","what":"wrong-password")");
    send(std::string("\0\0\0\1", 4) + refusal("authentication failed"));
    return false;
}

void Client::read_messages() {
    std::uint8_t type = 0;
    while (receive(&type, 1) && read_message(type)) {
    }
}

bool Client::read_message(std::uint8_t type) {
    switch (type) {
    case 0: return on_pixel_format();
    case 2: return on_encodings();
    case 3: return on_update_request();
    case 4: return on_key();
    case 5: return on_pointer();
    case 6: return on_cut_text();
    case 251: return on_desktop_size();
    default:
        note(R"("event":"client","what":"unknown-message","type":)" + std::to_string(type));
        return false;
    }
}

bool Client::on_pixel_format() {
    std::uint8_t in[19];
    if (!receive(in, sizeof in))
        return false;
    const auto* format = in + 3;
    const unsigned bits = format[0];
    const bool true_colour = format[3] != 0;
    if (!true_colour || (bits != 8 && bits != 16 && bits != 32))
        return false;
    const std::lock_guard lock(shared_.mutex);
    format_.bytes = bits / 8;
    format_.big_endian = format[2] != 0;
    for (unsigned channel = 0; channel < 3; ++channel) {
        format_.max[channel] = u16(format + 4 + 2 * channel);
        format_.shift[channel] = format[10 + channel] & 31;
    }
    return true;
}

bool Client::on_encodings() {
    std::uint8_t head[3];
    if (!receive(head, sizeof head))
        return false;
    bool extended = false;
    bool plain = false;
    for (auto left = u16(head + 1); left > 0; --left) {
        std::uint8_t in[4];
        if (!receive(in, sizeof in))
            return false;
        const auto encoding = static_cast<std::int32_t>(u32(in));
        extended = extended || encoding == encoding_extended_size;
        plain = plain || encoding == encoding_desktop_size;
    }
    const std::lock_guard lock(shared_.mutex);
    knows_extended_size_ = extended;
    knows_size_ = plain;
    return true;
}

bool Client::on_update_request() {
    std::uint8_t in[9];
    if (!receive(in, sizeof in))
        return false;
    const std::lock_guard lock(shared_.mutex);
    wanted_ = Rect{u16(in + 1), u16(in + 3), std::min(u16(in + 5), largest_side), std::min(u16(in + 7), largest_side)};
    wants_update_ = true;
    whole_ = whole_ || in[0] == 0;
    shared_.changed.notify_all();
    return true;
}

bool Client::on_key() {
    std::uint8_t in[7];
    if (!receive(in, sizeof in))
        return false;
    note(R"("event":"key","down":)" + std::string(in[0] != 0 ? "true" : "false") + R"(,"key":)" +
         std::to_string(u32(in + 3)));
    const std::lock_guard lock(shared_.mutex);
    ++shared_.events;
    shared_.changed.notify_all();
    return true;
}

bool Client::on_pointer() {
    std::uint8_t in[5];
    if (!receive(in, sizeof in))
        return false;
    note(R"("event":"pointer","buttons":)" + std::to_string(in[0]) + R"(,"x":)" + std::to_string(u16(in + 1)) +
         R"(,"y":)" + std::to_string(u16(in + 3)));
    const std::lock_guard lock(shared_.mutex);
    ++shared_.events;
    shared_.changed.notify_all();
    return true;
}

bool Client::on_cut_text() {
    std::uint8_t head[7];
    if (!receive(head, sizeof head))
        return false;
    const auto length = static_cast<std::int32_t>(u32(head + 3));
    // Negative: the extended clipboard, which was never offered here.
    if (length < 0 || static_cast<std::size_t>(length) > largest_cut_text)
        return length < 0 && length > -static_cast<std::int32_t>(largest_cut_text) &&
               skip(static_cast<std::size_t>(-length));
    std::string text(static_cast<std::size_t>(length), '\0');
    if (!receive(text.data(), text.size()))
        return false;
    note(R"("event":"cut","text":)" + json_text(text));
    const std::lock_guard lock(shared_.mutex);
    if (outbox_.size() < largest_outbox)
        outbox_.push_back(std::string("\3\0\0\0", 4) + refusal(text));
    shared_.changed.notify_all();
    return true;
}

bool Client::on_desktop_size() {
    std::uint8_t in[7];
    if (!receive(in, sizeof in) || !skip(std::size_t{in[5]} * 16))
        return false;
    const std::lock_guard lock(shared_.mutex);
    shared_.size.width = std::clamp(u16(in + 1), smallest_side, largest_side);
    shared_.size.height = std::clamp(u16(in + 3), smallest_side, largest_side);
    ++shared_.resizes;
    shared_.resized_by = number_;
    note(R"("event":"resize","width":)" + std::to_string(shared_.size.width) + R"(,"height":)" +
         std::to_string(shared_.size.height));
    shared_.changed.notify_all();
    return true;
}

void Client::write_updates() {
    for (;;) {
        std::unique_lock lock(shared_.mutex);
        shared_.changed.wait(lock, [this] {
            const bool news = whole_ || shown_events_ != shared_.events || shown_resizes_ != shared_.resizes ||
                              (knows_extended_size_ && !size_announced_);
            return gone_ || !outbox_.empty() || (wants_update_ && news);
        });
        if (gone_)
            return;
        const auto out = next_output();
        lock.unlock();
        if (!send(out)) {
            ::shutdown(socket_, SHUT_RDWR);
            return;
        }
    }
}

std::string Client::next_output() {
    std::string out;
    for (const auto& message : outbox_)
        out += message;
    outbox_.clear();
    if (!wants_update_)
        return out;
    const bool resized = shown_resizes_ != shared_.resizes;
    const bool announce = (knows_extended_size_ && (resized || !size_announced_)) || (knows_size_ && resized);
    Rect rect = wanted_;
    if (resized)
        rect = Rect{0, 0, shared_.size.width, shared_.size.height};
    else if (!whole_)
        rect = cell(shared_.size);
    const bool pixels = whole_ || resized || shown_events_ != shared_.events;
    out += std::string("\0\0", 2);
    put16(out, (announce ? 1U : 0U) + (pixels ? 1U : 0U));
    if (announce)
        append_resize(out);
    if (pixels) {
        put_rect_header(out, rect, 0);
        append_pixels(out, format_, shared_.size, shared_.events, rect);
    }
    size_announced_ = size_announced_ || announce;
    shown_events_ = shared_.events;
    shown_resizes_ = shared_.resizes;
    wants_update_ = false;
    whole_ = false;
    return out;
}

void Client::append_resize(std::string& out) const {
    const bool resized = shown_resizes_ != shared_.resizes;
    Rect rect{0, 0, shared_.size.width, shared_.size.height};
    if (!knows_extended_size_) {
        put_rect_header(out, rect, encoding_desktop_size);
        return;
    }
    // x tells who caused it: 0 the server, 1 this client, 2 another one; y the outcome, always success here.
    rect.x = !resized ? 0 : shared_.resized_by == number_ ? 1 : 2;
    put_rect_header(out, rect, encoding_extended_size);
    out += std::string("\1\0\0\0", 4);
    put32(out, 1);
    put32(out, 0);
    put16(out, shared_.size.width);
    put16(out, shared_.size.height);
    put32(out, 0);
}

bool Client::receive(void* data, std::size_t size) {
    return size == 0 || ::recv(socket_, data, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

bool Client::skip(std::size_t size) {
    std::string ignored(size, '\0');
    return receive(ignored.data(), size);
}

bool Client::send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const auto n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        sent += static_cast<std::size_t>(n);
    }
    return true;
}

void Client::note(const std::string& fields) const {
    witness("{" + fields + R"(,"client":)" + std::to_string(number_) + "}");
}
