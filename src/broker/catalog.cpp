// SPDX-License-Identifier: Apache-2.0
#include "broker/catalog.hpp"

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

} // namespace berth::broker
