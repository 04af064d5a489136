// SPDX-License-Identifier: Apache-2.0
// What an engine or a container answers, read as the HTTP client reads it. Beside not crashing, it
// must hold that an answer is read the same however it is cut into pieces, and that no byte is
// used twice or made up. The first byte chooses: bit 0 an answer to HEAD, the rest the portion.
#include "base/assert.hpp"
#include "net/http_reply.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using berth::net::HttpReplyParser;

enum class End { failed, unfinished, done };

struct Reading {
    End end = End::unfinished;
    std::size_t used = 0;
    int interim = 0;
    bool may_keep = false;
    berth::net::HttpReply reply;
};

class Reader {
public:
    Reader(std::string_view bytes, std::size_t step, bool is_answer_to_head)
        : bytes_{bytes}
        , step_{step}
        , is_answer_to_head_{is_answer_to_head}
        , parser_{is_answer_to_head} {}

    Reading read() {
        while (reading_.end == End::unfinished && !parser_.is_done()) {
            const auto before = reading_.used;
            if (!advance()) {
                reading_.end = End::failed;
                return std::move(reading_);
            }
            if (reading_.used != before || parser_.is_done()) continue;
            if (arrived_ == bytes_.size()) break;
            arrived_ = std::min(arrived_ + step_, bytes_.size());
        }
        if (parser_.is_done() || parser_.put_end()) reading_.end = End::done;
        reading_.may_keep = parser_.may_keep_connection();
        static_cast<void>(parser_.content_length());
        reading_.reply = std::move(parser_.reply());
        return std::move(reading_);
    }

private:
    bool advance() {
        const auto unused = bytes_.substr(reading_.used, arrived_ - reading_.used);
        const auto used = parser_.has_head() ? parser_.put_body(unused) : parser_.put_head(unused);
        if (!used) return false;
        BERTH_ASSERT(*used <= unused.size());
        reading_.used += *used;
        const auto status = parser_.reply().status;
        if (parser_.has_head() && status / 100 == 1 && status != 101) {
            parser_ = HttpReplyParser{is_answer_to_head_};
            ++reading_.interim;
        }
        return true;
    }

    std::string_view bytes_;
    std::size_t step_;
    bool is_answer_to_head_;
    HttpReplyParser parser_;
    std::size_t arrived_ = 0;
    Reading reading_;
};

void check(const Reading& whole, const Reading& pieces, std::string_view bytes, bool is_answer_to_head) {
    // What is wrong is noticed earlier or later; what is taken is taken in any cut.
    BERTH_ASSERT((whole.end == End::done) == (pieces.end == End::done));
    if (whole.end != End::done) return;
    BERTH_ASSERT(whole.interim == pieces.interim);
    BERTH_ASSERT(whole.used == pieces.used);
    BERTH_ASSERT(whole.may_keep == pieces.may_keep);
    BERTH_ASSERT(whole.reply.status == pieces.reply.status);
    BERTH_ASSERT(whole.reply.headers == pieces.reply.headers);
    BERTH_ASSERT(whole.reply.body == pieces.reply.body);
    BERTH_ASSERT(whole.used <= bytes.size() && whole.reply.body.size() <= whole.used);
    BERTH_ASSERT(!is_answer_to_head || whole.reply.body.empty());
    for (const auto& [name, value] : whole.reply.headers) {
        BERTH_ASSERT(name.find_first_of("\r\n: ") == std::string::npos);
        BERTH_ASSERT(value.find_first_of("\r\n") == std::string::npos);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    const bool is_answer_to_head = (data[0] & 1) != 0;
    const std::size_t portion = static_cast<std::size_t>(data[0] >> 1) + 1;
    const auto whole = Reader{bytes, bytes.size() + 1, is_answer_to_head}.read();
    check(whole, Reader{bytes, portion, is_answer_to_head}.read(), bytes, is_answer_to_head);
    return 0;
}
