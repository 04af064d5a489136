// SPDX-License-Identifier: Apache-2.0
#include "docker/errors.hpp"

#include "base/log.hpp"
#include "docker/wire/json.hpp"

namespace berth::docker {
namespace {

constexpr std::size_t longest_message = 1000;

Errc code_of(Subject subject, int status) {
    switch (status) {
    case 400:
    case 406:
    case 413:
    case 422:
        return Errc::invalid_input;
    case 404:
        return subject == Subject::image ? Errc::image_missing : Errc::not_found;
    case 409:
        return Errc::conflict;
    // Forbidden is the engine's word for "not in this state": a network in use, an address range
    // that overlaps; an authorization plugin says it as well.
    case 403:
        return subject == Subject::network ? Errc::conflict : Errc::engine_error;
    default:
        break;
    }
    // Other 3xx and 4xx: not an engine that we know.
    return status >= 500 || status == 401 || status == 429 ? Errc::engine_error
                                                           : Errc::protocol_violation;
}

} // namespace

std::string message_of(std::string_view body) {
    if (body.starts_with('{')) {
        if (auto value = parse_json(body)) {
            auto message = JsonView{*value}["message"].text();
            if (!message.empty()) return log_safe(message, longest_message);
        }
    }
    while (!body.empty() && (body.back() == '\n' || body.back() == '\r'))
        body.remove_suffix(1);
    return log_safe(body, longest_message);
}

Error error_from_reply(
    std::string_view operation, Subject subject, int status, std::string_view body
) {
    std::string text{operation};
    text += ": engine answered " + std::to_string(status);
    if (auto message = message_of(body); !message.empty()) text += ": " + message;
    return Error{code_of(subject, status), std::move(text)};
}

} // namespace berth::docker
