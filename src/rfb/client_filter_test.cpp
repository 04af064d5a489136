// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "rfb/client_filter.hpp"
#include "rfb/reader.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace berth::rfb {
namespace {

using namespace std::string_literals;

constexpr FilterPolicy control{};
constexpr FilterPolicy watching{.allows_input = false, .allows_clipboard = true};
constexpr FilterPolicy without_clipboard{.allows_input = true, .allows_clipboard = false};

struct Message {
    std::string name;
    std::string bytes;
    bool passes_when_watching;
    bool is_input;
};

std::string cut_text(std::int32_t length, std::size_t body) {
    std::string bytes = "\x06\0\0\0"s;
    append_u32(bytes, static_cast<std::uint32_t>(length));
    return bytes + std::string(body, 't');
}

std::string encodings(std::vector<std::int32_t> list) {
    std::string bytes = "\x02\0"s;
    append_u16(bytes, static_cast<std::uint16_t>(list.size()));
    for (auto encoding : list)
        append_u32(bytes, static_cast<std::uint32_t>(encoding));
    return bytes;
}

std::vector<Message> every_message() {
    return {
        {"SetPixelFormat", std::string(20, '\0'), true, false},
        {"SetEncodings, none", encodings({}), true, false},
        {"SetEncodings", encodings({7, 16, 0, -239, -308}), true, false},
        {"FramebufferUpdateRequest", "\x03\x01\0\0\0\0\x05\0\x05\0"s, true, false},
        {"KeyEvent", "\x04\x01\0\0\0\0\0a"s, false, true},
        {"PointerEvent", "\x05\x01\0\x10\0\x10"s, false, true},
        {"PointerEvent of button 8", "\x05\x80\0\x10\0\x10"s, false, true},
        {"ClientCutText, empty", cut_text(0, 0), false, false},
        {"ClientCutText", cut_text(5, 5), false, false},
        {"ClientCutText, extended", cut_text(-9, 9), false, false},
        {"EnableContinuousUpdates", "\x96\x01\0\0\0\0\x05\0\x05\0"s, true, false},
        {"ClientFence, empty", "\xf8\0\0\0\0\0\0\x01\0"s, true, false},
        {"ClientFence", "\xf8\0\0\0\0\0\0\x01\x08"s + "12345678", true, false},
        {"xvp", "\xfa\0\x01\x02"s, false, false},
        {"SetDesktopSize", "\xfb\0\x05\0\x05\0\x01\0"s + std::string(16, 's'), false, false},
        {"SetDesktopSize, no screen", "\xfb\0\x05\0\x05\0\0\0"s, false, false},
        {"QEMU key", "\xff\0\0\x01\0\0\0a\0\0\0\x1e"s, false, true},
        {"QEMU audio on", "\xff\x01\0\0"s, false, false},
        {"QEMU audio format", "\xff\x01\0\x02\x03\x02\0\0\xac\x44"s, false, false},
    };
}

struct Seen {
    std::string passed;
    bool failed = false;
    bool input = false;
};

// Feeds in portions of the sizes given, the last one repeated.
Seen run(FilterPolicy policy, std::string_view bytes, std::vector<std::size_t> sizes = {100000}) {
    ClientFilter filter{policy};
    Seen seen;
    for (std::size_t i = 0, at = 0; at < bytes.size(); ++i) {
        const auto size = std::min(sizes[std::min(i, sizes.size() - 1)], bytes.size() - at);
        std::string portion{bytes.substr(at, size)};
        at += size;
        const auto kept = filter.pass(portion);
        if (!kept) {
            seen.failed = true;
            break;
        }
        seen.passed += portion.substr(0, *kept);
    }
    seen.input = filter.take_input_seen();
    return seen;
}

TEST(ClientFilter, PassesEveryMessageOfAControllingViewerUnchanged) {
    std::string all;
    for (const auto& message : every_message())
        all += message.bytes;
    const auto seen = run(control, all);
    EXPECT_FALSE(seen.failed);
    EXPECT_EQ(seen.passed, all);
}

TEST(ClientFilter, DropsWhatAWatchingViewerMayNotSend) {
    // The request behind it proves that the length was right.
    const auto request = "\x03\x01\0\0\0\0\x05\0\x05\0"s;
    for (const auto& message : every_message()) {
        const auto seen = run(watching, message.bytes + request);
        EXPECT_FALSE(seen.failed) << message.name;
        EXPECT_EQ(seen.passed, (message.passes_when_watching ? message.bytes : "") + request)
            << message.name;
        EXPECT_FALSE(seen.input) << message.name;
    }
}

TEST(ClientFilter, CountsOnlyKeysAndPointerAsInput) {
    for (const auto& message : every_message())
        EXPECT_EQ(run(control, message.bytes).input, message.is_input) << message.name;
}

TEST(ClientFilter, ForgetsInputOnceAsked) {
    ClientFilter filter{control};
    auto key = "\x04\x01\0\0\0\0\0a"s;
    ASSERT_TRUE(filter.pass(key));
    EXPECT_TRUE(filter.take_input_seen());
    EXPECT_FALSE(filter.take_input_seen());
}

TEST(ClientFilter, DropsOnlyClipboardWhereThePolicySaysSo) {
    std::string all, expected;
    for (const auto& message : every_message()) {
        all += message.bytes;
        if (!message.name.starts_with("ClientCutText")) expected += message.bytes;
    }
    EXPECT_EQ(run(without_clipboard, all).passed, expected);
}

TEST(ClientFilter, KnowsTheWidePointerOnlyAfterItsAnnouncement) {
    const auto key = "\x04\x01\0\0\0\0\0a"s;
    const auto wide = "\x05\x81\0\x10\0\x10\x01"s;
    const auto announced = encodings({0, -316});
    EXPECT_EQ(run(control, announced + wide + key).passed, announced + wide + key);
    EXPECT_EQ(run(watching, announced + wide + announced).passed, announced + announced);
    // Withdrawn again: six bytes.
    const auto narrow = "\x05\x81\0\x10\0\x10"s;
    const auto withdrawn = announced + encodings({0}) + narrow + key;
    EXPECT_EQ(run(control, withdrawn).passed, withdrawn);
    // The number inside other bytes is none of ours.
    const auto shifted = encodings({0x00ffffff, static_cast<std::int32_t>(0xc4000000)});
    EXPECT_EQ(run(control, shifted + narrow + key).passed, shifted + narrow + key);
}

TEST(ClientFilter, RefusesWhatIsNoMessage) {
    const std::string refused[] = {
        "\x01"s,
        "\x07"s,
        "\x7f"s,
        "\x97"s,
        "\xf9"s,
        "\xfc"s,
        "\xfe"s,
        "GET / HTTP/1.1"s,
        "\xff\x02"s,       // QEMU without such a part
        "\xff\x01\0\x03"s, // QEMU audio without such an operation
        "\xff\x01\xff\xff"s,
        "\xf8\0\0\0\0\0\0\x01\x41"s, // fence of 65 bytes
        "\x02\0\x04\x01"s,           // 1025 encodings
        "\x02\0\xff\xff"s,
        cut_text(limits::rfb_cut_text + 1, 0),
        cut_text(0x7fffffff, 0),
        cut_text(-static_cast<std::int32_t>(limits::rfb_cut_text) - 1, 0),
        cut_text(INT32_MIN, 0),
        cut_text(-3, 3), // extended, shorter than its flags
        cut_text(-1, 1),
    };
    for (const auto& bytes : refused)
        for (const auto& policy : {control, watching, without_clipboard})
            EXPECT_TRUE(run(policy, bytes).failed) << testing::PrintToString(bytes);
}

TEST(ClientFilter, TakesCutTextExactlyAtTheBound) {
    const auto text = cut_text(limits::rfb_cut_text, limits::rfb_cut_text);
    EXPECT_EQ(run(control, text, {4096}).passed, text);
    EXPECT_EQ(run(watching, text + "\xf8\0\0\0\0\0\0\x01\0"s, {4096}).passed.size(), 9u);
}

TEST(ClientFilter, DoesNotCareHowTheBytesArrive) {
    const auto all = every_message();
    rc::check("portions of any size give the same", [&] {
        const auto picks = *rc::gen::container<std::vector<std::size_t>>(
            rc::gen::inRange<std::size_t>(0, all.size())
        );
        std::string bytes;
        for (auto pick : picks)
            bytes += all[pick].bytes;
        if (*rc::gen::inRange(0, 4) == 0) bytes += *rc::gen::arbitrary<std::string>();
        auto sizes =
            *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 12));
        sizes.push_back(1);
        for (const auto& policy : {control, watching, without_clipboard}) {
            const auto whole = run(policy, bytes);
            const auto portioned = run(policy, bytes, sizes);
            RC_ASSERT(portioned.failed == whole.failed);
            if (!whole.failed) RC_ASSERT(portioned.passed == whole.passed);
            if (!whole.failed) RC_ASSERT(portioned.input == whole.input);
        }
    });
}

} // namespace
} // namespace berth::rfb
