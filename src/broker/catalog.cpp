// SPDX-License-Identifier: Apache-2.0
#include "broker/catalog.hpp"

#include "session/blame.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace berth::broker {
namespace {

bool is_sane_resolution(std::string_view text) {
    auto cross = text.find('x');
    if (cross == std::string_view::npos) return false;
    auto number = [](std::string_view digits, int low, int high) {
        int value = 0;
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return error == std::errc{} && end == digits.data() + digits.size() && value >= low
            && value <= high;
    };
    return number(text.substr(0, cross), 320, 7680) && number(text.substr(cross + 1), 200, 4320);
}

} // namespace

Catalog::Catalog(std::vector<Template> templates)
    : templates_{std::move(templates)} {}

const Template* Catalog::find(const TemplateName& name) const noexcept {
    auto found = std::find_if(templates_.begin(), templates_.end(), [&](const Template& one) {
        return one.name == name && one.is_enabled;
    });
    return found == templates_.end() ? nullptr : &*found;
}

bool is_complete(const session::Spec& spec) noexcept { return !spec.endpoints.empty() && !spec.secret_target.empty(); }

session::Spec complete(session::Spec spec, const ImageFacts* facts) {
    if (spec.endpoints.empty() && facts) spec.endpoints = facts->endpoints;
    if (spec.endpoints.empty()) {
        session::Endpoint desktop;
        desktop.name = "desktop";
        desktop.port = 5900;
        spec.endpoints.push_back(std::move(desktop));
    }
    if (spec.secret_target.empty() && facts && facts->secret_delivery) {
        spec.secret_delivery = *facts->secret_delivery;
        spec.secret_target = facts->secret_target;
        if (facts->user_id) spec.secret_uid = *facts->user_id;
    }
    if (spec.secret_target.empty()) {
        spec.secret_delivery = session::SecretDelivery::env;
        spec.secret_target = "VNC_PASSWORD";
    }
    return spec;
}

Template complete(Template chosen, const ImageFacts* facts) {
    chosen.spec = complete(std::move(chosen.spec), facts);
    if (chosen.resolution_env.empty() && facts) chosen.resolution_env = facts->resolution_env;
    return chosen;
}

Result<session::Spec> spec_for(const Template& chosen, const std::string& resolution) {
    auto spec = chosen.spec;
    auto wanted = resolution;
    if (wanted.empty() && !chosen.resolutions.empty()) wanted = chosen.resolutions.front();
    if (wanted.empty() || chosen.resolution_env.empty()) return spec;
    auto listed = std::find(chosen.resolutions.begin(), chosen.resolutions.end(), wanted);
    auto allowed = chosen.resolutions.empty() ? is_sane_resolution(wanted)
                                              : listed != chosen.resolutions.end();
    if (!allowed) {
        return Error{Errc::invalid_input, "resolution not offered by the template"}.with_field(
            "/resolution", "is not one of this template's resolutions"
        );
    }
    spec.env[chosen.resolution_env] = wanted;
    return spec;
}

bool is_default_resolution(const Template& chosen, const std::string& resolution) {
    return resolution.empty() || (!chosen.resolutions.empty() && resolution == chosen.resolutions.front());
}

namespace {

placement::Need need_of(const session::Spec& spec) {
    placement::Need need;
    need.image = spec.image;
    need.memory_bytes = spec.memory_bytes;
    need.nano_cpus = spec.nano_cpus;
    for (const auto& [name, path] : spec.volumes) need.volumes.insert(name);
    return need;
}

} // namespace

placement::Need need_of(const Template& chosen) {
    auto need = need_of(chosen.spec);
    need.labels = chosen.host_labels;
    need.strategy = chosen.strategy;
    return need;
}

placement::Need need_of(const session::Session& session, const Template* chosen) {
    auto need = need_of(session.spec);
    need.labels = session.placement_labels;
    auto failed = session::hosts_that_failed(session);
    need.excluded = std::move(failed.avoid);
    need.shunned = std::move(failed.shun);
    if (chosen) need.strategy = chosen->strategy;
    return need;
}

} // namespace berth::broker
