// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.hpp"
#include "cli/commands.hpp"
#include "cli/doctor.hpp"
#include "cli/output.hpp"
#include "server/definitions.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace berth::cli {

namespace {

namespace json = boost::json;
using Level = Finding::Level;

Finding configuration(const config::Loaded& loaded) {
    std::string what = loaded.file.empty() ? "no file, the defaults" : loaded.file;
    if (loaded.warnings.empty()) return good("configuration", what);
    return warning("configuration", fmt::format("{}: {}", what, fmt::join(loaded.warnings, "; ")), "see docs/configuration.md");
}

int count(const Findings& findings, Level level) {
    return static_cast<int>(std::ranges::count_if(findings, [level](const Finding& finding) { return finding.level == level; }));
}

void print(const Context& context, const Findings& findings) {
    if (context.output == "json") {
        json::array items;
        for (const Finding& finding : findings)
            items.push_back(json::object{{"name", finding.name}, {"level", name_of(finding.level)}, {"detail", finding.detail}, {"remedy", finding.remedy}});
        json::object report{{"ok", count(findings, Level::fail) == 0}, {"checks", std::move(items)}};
        return context.print(pretty(report));
    }
    for (const Finding& finding : findings) {
        Table line{{"LEVEL", "NAME", "DETAIL"}};
        line.add({std::string{name_of(finding.level)}, finding.name, {}});
        // Details and remedies are whole sentences: a column would cut or stretch them.
        std::string head = line.text(false, may_colour());
        while (!head.empty() && (head.back() == '\n' || head.back() == ' ')) head.pop_back();
        context.print(head + (finding.detail.empty() ? "" : ": " + finding.detail));
        if (!finding.remedy.empty()) context.print("      → " + finding.remedy);
    }
    context.print(fmt::format("{} good, {} warnings, {} failed, {} skipped", count(findings, Level::ok),
        count(findings, Level::warn), count(findings, Level::fail), count(findings, Level::skipped)));
}

void doctor(Context& context) {
    bool was_quiet = std::exchange(context.is_quiet, true); // warnings appear as a finding instead
    auto loaded = context.load();
    context.is_quiet = was_quiet;
    Findings findings;
    if (!loaded) {
        // The problems stand on standard error; without a configuration nothing else can be looked at.
        findings.push_back(failure("configuration", "has errors", "berth config check"));
        print(context, findings);
        return;
    }
    auto server = ApiClient::over_socket(loaded->config.server.admin_socket);
    bool is_running = server.call("GET", "/healthz").has_value();
    findings.push_back(configuration(*loaded));
    check_machine(loaded->config, is_running, findings);
    Hosts hosts;
    for (auto& host : server::file_hosts_of(loaded->config)) hosts.push_back(std::move(host.definition));
    auto added = check_database(loaded->config, is_running, findings);
    std::ranges::move(added, std::back_inserter(hosts));
    check_engines(loaded->config, hosts, findings);
    print(context, findings);
    if (count(findings, Level::fail) > 0) context.exit = Exit::failed;
}

Finding make(std::string name, Level level, std::string detail, std::string remedy) {
    return Finding{std::move(name), level, std::move(detail), std::move(remedy)};
}

} // namespace

std::string_view name_of(Level level) noexcept {
    constexpr std::array<std::string_view, 4> names{"ok", "warn", "fail", "skipped"};
    return names[static_cast<std::size_t>(level)];
}
Finding good(std::string name, std::string detail) { return make(std::move(name), Level::ok, std::move(detail), {}); }
Finding warning(std::string name, std::string detail, std::string remedy) {
    return make(std::move(name), Level::warn, std::move(detail), std::move(remedy));
}
Finding failure(std::string name, std::string detail, std::string remedy) {
    return make(std::move(name), Level::fail, std::move(detail), std::move(remedy));
}
Finding skipped(std::string name, std::string reason) { return make(std::move(name), Level::skipped, std::move(reason), {}); }

void add_doctor(CLI::App& app, Context& context) {
    app.add_subcommand("doctor", "Looks at everything berth needs here and says what to do; exit 1 if something fails")
        ->callback([&context] { doctor(context); });
}

} // namespace berth::cli
