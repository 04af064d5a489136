// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd_host.hpp"
#include "cli/output.hpp"
#include "cli/server_call.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>

namespace berth::cli {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Seconds longest_pull = 3600s; // then the person looks for themselves
constexpr Milliseconds look_interval = 1000ms;

struct Options {
    std::string template_name;
    bool waits = false;
};

const json::value* image_of(const json::value& host, const std::string& template_name) {
    const auto* object = host.if_object();
    const auto* images = object == nullptr ? nullptr : object->if_contains("images");
    if (images == nullptr || !images->is_array()) return nullptr;
    for (const json::value& image : images->get_array())
        if (cell(image, "template") == template_name) return &image;
    return nullptr;
}

// Until the image is there, or nobody fetches it any more.
void wait_for_it(Context& context, ApiClient& client, const std::string& name, const std::string& template_name) {
    auto end = deadline_in(longest_pull);
    std::string told;
    while (std::chrono::steady_clock::now() < end) {
        auto host = call(context, client, "GET", host_path(name));
        if (!host) return;
        const auto* image = image_of(*host, template_name);
        if (image == nullptr) return context.fail(Exit::failed, "error: the server's answer does not name the image");
        if (cell(*image, "present") == "true") return show_host(context, *host);
        if (cell(*image, "pulling") == "-")
            return context.fail(Exit::failed, "error: the image could not be fetched; the server's log has the registry's words");
        auto percent = cell(*image, "pulling.percent");
        if (percent != told) context.message(percent == "-" ? std::string{"fetching"} : fmt::format("fetching: {} %", percent));
        told = percent;
        std::this_thread::sleep_for(look_interval);
    }
    context.fail(Exit::try_again, "error: it is still being fetched; look again with berth host show");
}

} // namespace

void add_host_images(Context& context, const SharedHostOptions& host, const HostVerb& with_name) {
    auto options = std::make_shared<Options>();
    auto* pulling = with_name("pull", "Fetch a template's image there from its registry");
    pulling->add_option("template", options->template_name, "Whose image")->required();
    pulling->add_flag("--wait", options->waits, "Until it is there");
    pulling->callback([&context, host, options] {
        auto client = connect(context);
        json::object body{{"template", options->template_name}};
        auto begun = client ? call(context, *client, "POST", host_path(host->name, "/pull"), json::serialize(body)) : std::nullopt;
        if (!begun) return;
        if (options->waits) wait_for_it(context, *client, host->name, options->template_name);
        else show_host(context, *begun);
    });
}

} // namespace berth::cli
