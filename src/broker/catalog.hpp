// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be started. Fixed for the life of the process.

#include "base/error.hpp"
#include "broker/ports.hpp"
#include "session/session.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::broker {

enum class PullPolicy { never, missing }; // missing: fetched where no host has the image
enum class WarmKind { paused, running };   // paused costs no processor time and 20 ms at the claim

// Sessions made ahead of time. max 0 = none.
struct WarmPolicy {
    int min = 0; // always ready
    int max = 0; // as demand shows
    WarmKind kind = WarmKind::paused;
};

struct Template {
    TemplateName name;
    std::string title, description, icon;
    std::vector<std::string> tags;
    session::Spec spec;          // complete: defaults are merged in
    session::LeasePolicy lease;
    std::vector<std::string> resolutions; // allowed choices, the first one is the default
    std::string resolution_env;  // variable that carries the choice; empty = none
    std::map<std::string, std::string> host_labels;
    std::optional<placement::Strategy> strategy; // nothing = the installation's
    bool is_enabled = true;
    int max_running = 0;         // 0 = no limit
    PullPolicy pull = PullPolicy::never;
    WarmPolicy warm;
};

class Catalog {
public:
    explicit Catalog(std::vector<Template> templates);
    const std::vector<Template>& all() const noexcept { return templates_; }
    // nullptr when unknown or disabled.
    const Template* find(const TemplateName& name) const noexcept;

private:
    std::vector<Template> templates_;
};

// The template with what its image says of itself where it is silent: endpoints, the way of the
// secret, the variable of the resolution. Without any word: rfb on 5900, the secret in VNC_PASSWORD
// (the contract of the oldest images).
Template complete(Template chosen, const ImageFacts* facts);
session::Spec complete(session::Spec spec, const ImageFacts* facts);
bool is_complete(const session::Spec& spec) noexcept;

// The template's spec with the person's choice in it. invalid_input when the resolution is not one
// of the template's (or, without a list, not WIDTHxHEIGHT between 320x200 and 7680x4320).
Result<session::Spec> spec_for(const Template& chosen, const std::string& resolution);

// Whether the choice is what everybody gets who chooses nothing.
bool is_default_resolution(const Template& chosen, const std::string& resolution);

// What a host must offer.
placement::Need need_of(const Template& chosen);
// Without the hosts it failed on. `chosen`: its template today, nullptr when there is none any more.
placement::Need need_of(const session::Session& session, const Template* chosen);

} // namespace berth::broker
