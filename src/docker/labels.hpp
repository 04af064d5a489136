// SPDX-License-Identifier: Apache-2.0
#pragma once
// Label names: the only place where they are spelled.

#include <string_view>

namespace berth::docker::labels {

// On what we make. Identity is deployment + session + generation; the rest is for people.
inline constexpr std::string_view deployment = "io.berth.deployment";
inline constexpr std::string_view session = "io.berth.session";
inline constexpr std::string_view generation = "io.berth.generation";
inline constexpr std::string_view owner = "io.berth.owner"; // realm/subject/slot
inline constexpr std::string_view template_name = "io.berth.template";
inline constexpr std::string_view version = "io.berth.version"; // of the program that made it
inline constexpr std::string_view network = "io.berth.network"; // on networks: shared | own

// By which an image describes itself.
inline constexpr std::string_view image_endpoint_prefix =
    "io.berth.endpoint.";                                           // <name>=<protocol>:<port>
inline constexpr std::string_view image_secret = "io.berth.secret"; // file:/path | env:NAME
inline constexpr std::string_view image_resolution_env = "io.berth.resolution.env";
inline constexpr std::string_view image_user = "io.berth.user"; // numeric id the secret belongs to

} // namespace berth::docker::labels
