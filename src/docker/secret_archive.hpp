// SPDX-License-Identifier: Apache-2.0
#pragma once
// A tar with one small file, for PUT /containers/{id}/archive at "/".

#include "base/error.hpp"
#include "base/secret.hpp"

#include <string>
#include <string_view>

namespace berth::docker {

// A file of mode 0400 owned by `uid` (group the same) at the absolute `path`. No entries for the
// folders above: the engine makes missing ones (root, 0755) and an entry would change the mode of
// one that is there. The result contains the secret: hand it on, do not keep it.
Result<std::string> make_secret_archive(std::string_view path, int uid, const Secret& secret);

} // namespace berth::docker
