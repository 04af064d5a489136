// SPDX-License-Identifier: Apache-2.0
// Both sides of the RFB handshake. The first byte chooses the side and the portions; whatever the
// portions are, the outcome is the same, and nothing is kept beyond the bounds.
#include "rfb/client_handshake.hpp"
#include "rfb/server_handshake.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace berth;

struct Outcome {
    bool is_good = true;
    bool is_done = false;
    std::string output;
    bool operator==(const Outcome&) const = default;
};

template <class Handshake>
Outcome feed(Handshake handshake, std::string_view bytes, std::size_t portion) {
    Outcome outcome;
    outcome.output = handshake.take_output();
    while (!bytes.empty() && outcome.is_good && !handshake.is_done()) {
        const auto status = handshake.feed(bytes.substr(0, portion));
        bytes.remove_prefix(std::min(portion, bytes.size()));
        outcome.is_good = status.has_value();
        outcome.output += handshake.take_output();
    }
    outcome.is_done = handshake.is_done();
    return outcome;
}

template <class Handshake>
void compare(const Handshake& handshake, std::string_view bytes, std::size_t portion) {
    if (feed(handshake, bytes, bytes.size()) != feed(handshake, bytes, portion)) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    const std::size_t portion = 1 + data[0] / 4;
    switch (data[0] % 4) {
    case 0:
        compare(rfb::ClientHandshake{Secret{"secret"}}, bytes, portion);
        break;
    case 1:
        compare(rfb::ClientHandshake{Secret{"secret"}, rfb::Proof::waived}, bytes, portion);
        break;
    default: {
        rfb::ServerInit init;
        init.width = init.height = 1;
        compare(rfb::ServerHandshake{init}, bytes, portion);
    }
    }
    return 0;
}
