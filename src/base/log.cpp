// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <string>

namespace berth {
namespace {

struct Setup {
    std::mutex mutex;
    std::shared_ptr<spdlog::sinks::sink> sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    spdlog::level::level_enum level = spdlog::level::info;
};

Setup& setup() {
    static Setup the_setup;
    return the_setup;
}

} // namespace

spdlog::logger& log(std::string_view area) {
    auto& s = setup();
    std::scoped_lock lock{s.mutex};
    std::string name{area};
    if (auto known = spdlog::get(name)) return *known;
    auto logger = std::make_shared<spdlog::logger>(name, s.sink);
    logger->set_level(s.level);
    logger->flush_on(spdlog::level::info);
    spdlog::register_logger(logger);
    return *logger;
}

void configure_log(std::string_view level, LogFormat format) {
    auto& s = setup();
    std::scoped_lock lock{s.mutex};
    s.level = spdlog::level::from_str(std::string{level});
    if (format == LogFormat::json) {
        // log_safe() keeps quotes and control characters out of what is interpolated.
        s.sink->set_pattern(
            R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","area":"%n","msg":"%v"})"
        );
    } else {
        s.sink->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %n %v");
    }
    spdlog::apply_all([&](const std::shared_ptr<spdlog::logger>& logger) {
        logger->set_level(s.level);
    });
}

std::string log_safe(std::string_view text, std::size_t longest) {
    // Between two characters: what is cut may go into JSON.
    auto is_inside = [&] { return longest < text.size() && (static_cast<unsigned char>(text[longest]) & 0xC0) == 0x80; };
    for (int i = 0; i < 3 && longest > 0 && is_inside(); ++i) --longest;
    std::string safe;
    for (char c : text.substr(0, longest)) {
        auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) safe += '?';
        else if (c == '"' || c == '\\') safe += '\'';
        else safe += c;
    }
    if (text.size() > longest) safe += "…";
    return safe;
}

} // namespace berth
