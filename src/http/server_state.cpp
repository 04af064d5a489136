// SPDX-License-Identifier: Apache-2.0
#include "http/server_state.hpp"

#include "http/field_rules.hpp"

#include <charconv>
#include <random>
#include <stdexcept>

namespace berth::http {
namespace {

TrustedProxies parse_or_throw(const char* name, const std::vector<std::string>& texts) {
    auto networks = TrustedProxies::parse(texts);
    if (!networks) throw std::invalid_argument(name + (": " + describe(networks.error())));
    return std::move(*networks);
}

void append_hex(std::string& text, std::uint64_t number) {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, 16);
    text.append(digits, end.ptr);
}

} // namespace

ServerState::ServerState(ServerConfig config)
    : config_{std::move(config)}
    , proxies_{parse_or_throw("trusted_proxies", config_.trusted_proxies)}
    , uncounted_{parse_or_throw("uncounted_addresses", config_.uncounted_addresses)}
    , peers_{config_.connections_per_address}
    , answers_{config_.content_security_policy} {
    std::random_device device;
    append_hex(id_prefix_, device());
    id_prefix_ += '-';
}

std::string ServerState::next_request_id() {
    std::string id = id_prefix_;
    append_hex(id, ++requests_);
    return id;
}

std::string ServerState::last_answer(int status, int retry_after_s) {
    Response response{status};
    if (retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
    AnswerFrame frame;
    frame.is_keep_alive = false;
    std::string text;
    answers_.append_head(text, response, next_request_id(), frame);
    return text;
}

bool ServerState::is_allowed_host(std::string_view host) const {
    if (config_.allowed_hosts.empty()) return true;
    const auto name = without_port(host);
    for (const std::string_view allowed : config_.allowed_hosts) {
        if (iequals(allowed, name)) return true;
        if (allowed.substr(0, 2) != "*.") continue;
        const auto suffix = allowed.substr(1);
        if (name.size() > suffix.size() && iequals(name.substr(name.size() - suffix.size()), suffix)) {
            return true;
        }
    }
    return false;
}

std::optional<PeerCounter::Place> ServerState::place_for(std::string_view peer) {
    const bool is_free = config_.connections_per_address == 0 || peer == "unix"
        || proxies_.contains(peer) || uncounted_.contains(peer);
    if (is_free) return PeerCounter::Place{};
    return peers_.take(peer);
}

void ServerState::add(Watched& connection) {
    connection.index_ = connections_.size();
    connections_.push_back(&connection);
}

void ServerState::remove(Watched& connection) noexcept {
    auto* last = connections_.back();
    connections_[connection.index_] = last;
    last->index_ = connection.index_;
    connections_.pop_back();
}

void ServerState::sweep(Deadline now) noexcept {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        if (connections_[i]->due() <= now) connections_[i]->on_due();
    }
}

void ServerState::drain() noexcept {
    is_draining_ = true;
    for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i]->on_drain();
}

} // namespace berth::http
