// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words in which enumerators are stored. On purpose not the names of the API: what is on disk
// stays readable when a name there changes. Private to store/.

#include "access/policy.hpp"
#include "broker/accounts.hpp"
#include "broker/host_ports.hpp"
#include "session/session.hpp"

#include <optional>
#include <string_view>

namespace berth::store {

std::string_view word_of(session::State value);
std::string_view word_of(session::EndReason value);
std::string_view word_of(session::Protocol value);
std::string_view word_of(session::Stage value);
std::string_view word_of(session::NetworkMode value);
std::string_view word_of(session::SecretDelivery value);
std::string_view word_of(access::Role value);
std::string_view word_of(broker::Credential::Kind value);
std::string_view word_of(broker::HostMode value);
std::string_view word_of(broker::DataPath value);
std::string_view word_of(broker::SshTransport value);

// The enumerator with that word; instantiated for the types above.
template <class Enum>
std::optional<Enum> from_word(std::string_view word);

} // namespace berth::store
