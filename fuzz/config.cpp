// SPDX-License-Identifier: Apache-2.0
// Configuration text of any kind: it is accepted or refused with places, never a crash, and what was
// accepted is shown in a form that is accepted again and shown the same. The same text as one to take hosts from.
#include "config/describe.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace berth::config;
    std::string_view text{reinterpret_cast<const char*>(data), size};
    if (auto hosts = read_seed_hosts(text); !hosts && hosts.error().fields().empty()) std::abort();
    auto loaded = load_text(text, "fuzz.yaml");
    if (!loaded) {
        if (loaded.error().operator_text().empty()) std::abort(); // a refusal must say something
        return 0;
    }
    // What reads a file on purpose or hides a secret cannot come back as it was.
    if (!loaded->config.auth.admin_password.empty()) return 0;
    std::string shown = show_yaml(*loaded, Origins::hide);
    auto again = load_text(shown, "shown.yaml");
    if (!again || show_yaml(*again, Origins::hide) != shown) std::abort();
    return 0;
}
