// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which host keys are known (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): a file of our own, which we
// write, and the user's and the system's, which we only read. The functions that touch files block:
// they are for a pool thread.

#include "base/error.hpp"
#include "ssh/target.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::ssh {

// "SHA256:…" of a base64 key; empty when it is no base64.
std::string fingerprint_of(std::string_view blob);

// "host", or "[host]:port" where the port is not 22; lower case.
std::string key_name(std::string_view host, std::uint16_t port);

enum class KeyVerdict { ok, unknown, changed, revoked };
struct KeyCheck {
    KeyVerdict verdict = KeyVerdict::unknown;
    HostKey known; // when changed: the one we expected
};

// One line that says something of that host.
struct KnownKey {
    enum class Marker { none, revoked, authority };
    Marker marker = Marker::none;
    std::string type, blob;
};
// Every line of the text whose patterns fit the name; hashed names too. Broken lines are skipped.
std::vector<KnownKey> find_known(std::string_view text, std::string_view name);

// A line for the file; `hashed` hides the name (HMAC-SHA1 with a fresh salt, as HashKnownHosts).
enum class NameForm { plain, hashed };
std::string known_line(std::string_view name, const HostKey& key, NameForm form);
// The text without what it says of exactly this name; patterns and @-lines stay.
std::string without_name(std::string_view text, std::string_view name);

class KnownHosts {
public:
    // `own` is the file we write; its folder exists. Empty = none.
    explicit KnownHosts(std::string own) : own_{std::move(own)} {}
    const std::string& own_file() const noexcept { return own_; }

    // Where our own file speaks of the host it alone decides; a key revoked anywhere is refused.
    // Another type than the known ones counts as changed: the order of algorithms that we offer
    // begins with the known types.
    KeyCheck check(const Target& target, const HostKey& key) const;
    // Types of the keys known for the host, first ours.
    std::vector<std::string> known_types(const Target& target) const;
    // The key is the only one of this name in our file afterwards. Atomic, 0600.
    Status put(std::string_view name, const HostKey& key, NameForm form = NameForm::plain) const;
    Status forget(std::string_view name) const;

private:
    Status rewrite(std::string_view name, std::string_view added) const;
    std::string own_;
};

} // namespace berth::ssh
