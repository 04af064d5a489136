// SPDX-License-Identifier: Apache-2.0
// What an engine sends: every decoder of src/docker/wire, error bodies, and the two stream
// cutters, which must give the same whatever the portions are. The first byte chooses.
#include "docker/engine_path.hpp"
#include "docker/errors.hpp"
#include "docker/image_description.hpp"
#include "docker/subnet.hpp"
#include "docker/wire/container.hpp"
#include "docker/wire/event.hpp"
#include "docker/wire/exec.hpp"
#include "docker/wire/image.hpp"
#include "docker/wire/network.hpp"
#include "docker/wire/stats.hpp"
#include "docker/wire/streams.hpp"
#include "docker/wire/system.hpp"
#include "docker/wire/volume.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace berth::docker;

// Cuts `text` into portions and returns what came out, with a mark for failure.
template <class Cutter, class Unit, class Text>
std::string cut(std::string_view text, std::size_t portion, Text text_of) {
    Cutter cutter;
    std::vector<Unit> units;
    bool is_good = true;
    while (is_good && !text.empty()) {
        is_good = cutter.feed(text.substr(0, portion), units).has_value();
        text.remove_prefix(std::min(portion, text.size()));
    }
    std::string all;
    for (const auto& unit : units)
        all += text_of(unit);
    return all + (is_good ? "+" : "-");
}

void check_streams(std::string_view text, std::size_t portion) {
    auto line_text = [](const std::string& line) { return line + "\n"; };
    auto whole = cut<LineSplitter, std::string>(text, text.size() + 1, line_text);
    if (whole != cut<LineSplitter, std::string>(text, portion, line_text)) std::abort();
    // A frame comes out in as many chunks as there were portions: only its bytes are compared.
    auto chunk_text = [](const OutputChunk& chunk) { return chunk.data; };
    auto output = cut<OutputDecoder, OutputChunk>(text, text.size() + 1, chunk_text);
    if (output != cut<OutputDecoder, OutputChunk>(text, portion, chunk_text)) std::abort();
    if (output.size() > text.size() + 1) std::abort();
}

void decode(int kind, std::string_view text) {
    switch (kind) {
    case 0:
        static_cast<void>(decode_container(text));
        break;
    case 1:
        static_cast<void>(decode_container_list(text));
        break;
    case 2:
        static_cast<void>(decode_container_created(text));
        break;
    case 3:
        static_cast<void>(decode_container_exit(text));
        break;
    case 4:
        static_cast<void>(decode_info(text));
        break;
    case 5:
        static_cast<void>(decode_version(text));
        break;
    case 6:
        if (auto image = decode_image(text)) static_cast<void>(describe_image(image->labels));
        break;
    case 7:
        static_cast<void>(decode_pull_progress(text));
        break;
    case 8:
        if (auto list = decode_network_list(text)) {
            for (const auto& network : *list) {
                for (const auto& subnet : network.subnets)
                    static_cast<void>(parse_subnet(subnet));
            }
        }
        break;
    case 9:
        static_cast<void>(decode_network(text));
        break;
    case 10:
        static_cast<void>(decode_volume_list(text));
        break;
    case 11:
        static_cast<void>(decode_exec(text));
        break;
    case 12:
        static_cast<void>(decode_event(text));
        break;
    case 13:
        static_cast<void>(decode_stats(text));
        break;
    case 14:
        static_cast<void>(error_from_reply("fuzz", Subject::container, 500, text));
        break;
    default:
        static_cast<void>(parse_api_version(text));
        break;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    decode(data[0] & 15, text);
    check_streams(text, static_cast<std::size_t>(data[0] >> 4) + 1);
    return 0;
}
