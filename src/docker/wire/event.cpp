// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/event.hpp"

#include "docker/wire/json.hpp"

namespace berth::docker {

Result<EngineEvent> decode_event(std::string_view line) {
    auto value = parse_object(line, "event");
    if (!value) return value.error();
    JsonView view{*value};
    EngineEvent event;
    event.type = view["Type"].text();
    event.action = view["Action"].text();
    event.id = view["Actor"]["ID"].text();
    event.attributes = view["Actor"]["Attributes"].text_map();
    event.time_ns = view["timeNano"].number();
    return event;
}

} // namespace berth::docker
