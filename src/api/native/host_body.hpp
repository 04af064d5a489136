// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a request may say of a host.

#include "api/native/body.hpp"
#include "broker/host_ports.hpp"

#include <string_view>

namespace berth::api::native {

// Members that are present, with their bounds; the others keep what `into` has. Not name and endpoint.
void read_host_members(Body& body, broker::HostDefinition& into);
// Message and time of a maintenance or a drain.
broker::HostModeRecord read_mode(Body& body, broker::HostMode mode);
// "SHA256:" and 43 characters of base64, as ssh shows it.
bool is_fingerprint(std::string_view text) noexcept;

} // namespace berth::api::native
