// SPDX-License-Identifier: Apache-2.0
#include "store/words.hpp"

#include "base/assert.hpp"

#include <array>
#include <utility>

namespace berth::store {
namespace {

using session::EndReason, session::NetworkMode, session::Protocol, session::SecretDelivery,
    session::Stage, session::State, broker::Credential;

template <class Enum>
struct Words;

template <>
struct Words<State> {
    static constexpr std::array table{
        std::pair{State::queued, "queued"},
        std::pair{State::creating, "creating"},
        std::pair{State::starting, "starting"},
        std::pair{State::probing, "probing"},
        std::pair{State::ready, "ready"},
        std::pair{State::stopping, "stopping"},
        std::pair{State::ended, "ended"}};
};
template <>
struct Words<EndReason> {
    static constexpr std::array table{
        std::pair{EndReason::owner_request, "owner_request"},
        std::pair{EndReason::admin_request, "admin_request"},
        std::pair{EndReason::lease_expired, "lease_expired"},
        std::pair{EndReason::idle, "idle"},
        std::pair{EndReason::disconnected, "disconnected"},
        std::pair{EndReason::failed, "failed"},
        std::pair{EndReason::container_died, "container_died"},
        std::pair{EndReason::out_of_memory, "out_of_memory"},
        std::pair{EndReason::removed_outside, "removed_outside"},
        std::pair{EndReason::host_lost, "host_lost"},
        std::pair{EndReason::host_maintenance, "host_maintenance"}};
};
template <>
struct Words<Protocol> {
    static constexpr std::array table{
        std::pair{Protocol::rfb, "rfb"},
        std::pair{Protocol::web, "web"},
        std::pair{Protocol::terminal, "terminal"},
        std::pair{Protocol::audio, "audio"},
        std::pair{Protocol::tcp, "tcp"}};
};
template <>
struct Words<Stage> {
    static constexpr std::array table{
        std::pair{Stage::queued, "queued"},
        std::pair{Stage::creating, "creating"},
        std::pair{Stage::starting, "starting"},
        std::pair{Stage::waiting, "waiting"}};
};
template <>
struct Words<NetworkMode> {
    static constexpr std::array table{
        std::pair{NetworkMode::shared, "shared"}, std::pair{NetworkMode::own, "own"}};
};
template <>
struct Words<SecretDelivery> {
    static constexpr std::array table{
        std::pair{SecretDelivery::file, "file"}, std::pair{SecretDelivery::env, "env"}};
};
template <>
struct Words<access::Role> {
    static constexpr std::array table{
        std::pair{access::Role::user, "user"},
        std::pair{access::Role::operator_, "operator"},
        std::pair{access::Role::admin, "admin"}};
};
template <>
struct Words<Credential::Kind> {
    static constexpr std::array table{
        std::pair{Credential::Kind::login, "login"}, std::pair{Credential::Kind::token, "token"}};
};
template <>
struct Words<broker::HostMode> {
    static constexpr std::array table{
        std::pair{broker::HostMode::active, "active"},
        std::pair{broker::HostMode::draining, "draining"},
        std::pair{broker::HostMode::maintenance, "maintenance"}};
};
template <>
struct Words<broker::DataPath> {
    static constexpr std::array table{
        std::pair{broker::DataPath::tunnel, "tunnel"}, std::pair{broker::DataPath::direct, "direct"}};
};
template <>
struct Words<broker::SshTransport> {
    static constexpr std::array table{
        std::pair{broker::SshTransport::automatic, "automatic"},
        std::pair{broker::SshTransport::libssh, "libssh"},
        std::pair{broker::SshTransport::openssh, "openssh"}};
};

template <class Enum>
std::string_view lookup(Enum value) {
    for (const auto& [known, word] : Words<Enum>::table) {
        if (known == value) return word;
    }
    assertion_failed("every enumerator has a stored word", __FILE__, __LINE__);
}

} // namespace

std::string_view word_of(State value) {
    return lookup(value);
}
std::string_view word_of(EndReason value) {
    return lookup(value);
}
std::string_view word_of(Protocol value) {
    return lookup(value);
}
std::string_view word_of(Stage value) {
    return lookup(value);
}
std::string_view word_of(NetworkMode value) {
    return lookup(value);
}
std::string_view word_of(SecretDelivery value) {
    return lookup(value);
}
std::string_view word_of(access::Role value) {
    return lookup(value);
}
std::string_view word_of(Credential::Kind value) {
    return lookup(value);
}
std::string_view word_of(broker::HostMode value) {
    return lookup(value);
}
std::string_view word_of(broker::DataPath value) {
    return lookup(value);
}
std::string_view word_of(broker::SshTransport value) {
    return lookup(value);
}

template <class Enum>
std::optional<Enum> from_word(std::string_view word) {
    for (const auto& [value, known] : Words<Enum>::table) {
        if (known == word) return value;
    }
    return std::nullopt;
}

template std::optional<State> from_word(std::string_view);
template std::optional<EndReason> from_word(std::string_view);
template std::optional<Protocol> from_word(std::string_view);
template std::optional<Stage> from_word(std::string_view);
template std::optional<NetworkMode> from_word(std::string_view);
template std::optional<SecretDelivery> from_word(std::string_view);
template std::optional<access::Role> from_word(std::string_view);
template std::optional<Credential::Kind> from_word(std::string_view);
template std::optional<broker::HostMode> from_word(std::string_view);
template std::optional<broker::DataPath> from_word(std::string_view);
template std::optional<broker::SshTransport> from_word(std::string_view);

} // namespace berth::store
