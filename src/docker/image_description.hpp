// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an image says about itself by labels. Explicit configuration of a template wins over it.

#include "session/session.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::docker {

struct ImageDescription {
    ImageDescription() = default;
    std::vector<session::Endpoint> endpoints; // in order of their names
    std::optional<session::SecretDelivery> secret_delivery;
    std::string secret_target;  // path or name of the variable
    std::string resolution_env; // name of the variable; empty: not adjustable
    std::optional<int> user_id;
    std::vector<std::string> problems; // one sentence per label that was not understood
};

// Labels that do not begin with our prefix are ignored; broken ones become problems.
ImageDescription describe_image(const std::map<std::string, std::string>& labels);

// Shared rules for what may reach a container.
bool is_variable_name(std::string_view text); // [A-Za-z_][A-Za-z0-9_]*, at most 128
bool is_plain_path(std::string_view text); // absolute, no "..", "." or empty part, no control byte

} // namespace berth::docker
