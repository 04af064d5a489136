// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <charconv>
#include <cstdio>

namespace berth {
namespace {

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    int value = 0;
    for (auto c : text.substr(at, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

// The part after the seconds: [.fraction](Z|±hh:mm). Returns what to add to the local reading.
std::optional<Milliseconds> tail_of(std::string_view tail) {
    Milliseconds add{0};
    if (!tail.empty() && tail.front() == '.') {
        tail.remove_prefix(1);
        int scale = 100;
        std::size_t n = 0;
        while (n < tail.size() && tail[n] >= '0' && tail[n] <= '9') {
            add += Milliseconds{scale * (tail[n] - '0')};
            scale /= 10;
            ++n;
        }
        if (n == 0) return std::nullopt;
        tail.remove_prefix(n);
    }
    if (tail == "Z" || tail == "z") return add;
    if (tail.size() != 6 || (tail[0] != '+' && tail[0] != '-') || tail[3] != ':') return std::nullopt;
    auto hours = digits(tail, 1, 2);
    auto minutes = digits(tail, 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    auto offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
    return tail[0] == '+' ? add - offset : add + offset;
}

} // namespace

TimePoint SystemClock::now() const {
    return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

AnchoredClock::AnchoredClock(const Clock& system)
    : system_{system}
    , wall_{system.now()}
    , steady_{std::chrono::steady_clock::now()} {}

TimePoint AnchoredClock::now() const {
    auto passed = std::chrono::steady_clock::now() - steady_;
    return wall_ + std::chrono::duration_cast<Milliseconds>(passed);
}

Milliseconds AnchoredClock::drift() const { return system_.now() - now(); }

Milliseconds AnchoredClock::reanchor() {
    auto moved = drift();
    wall_ = system_.now();
    steady_ = std::chrono::steady_clock::now();
    return moved;
}

std::string format_rfc3339(TimePoint time) {
    using namespace std::chrono;
    auto day = floor<days>(time);
    year_month_day date{day};
    hh_mm_ss clock{time - day};
    char text[40];
    std::snprintf(
        text,
        sizeof text,
        "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()),
        static_cast<int>(clock.subseconds().count())
    );
    return text;
}

std::optional<TimePoint> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't')
        || text[13] != ':' || text[16] != ':')
        return std::nullopt;
    auto y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
    auto h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
    auto tail = tail_of(text.substr(19));
    if (!y || !mo || !d || !h || !mi || !s || !tail || *h > 23 || *mi > 59 || *s > 60)
        return std::nullopt;
    year_month_day date{
        year{*y}, month{static_cast<unsigned>(*mo)}, std::chrono::day{static_cast<unsigned>(*d)}};
    if (!date.ok()) return std::nullopt;
    return TimePoint{sys_days{date}} + hours{*h} + minutes{*mi} + seconds{*s} + *tail;
}

} // namespace berth
