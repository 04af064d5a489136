// SPDX-License-Identifier: Apache-2.0
#include "server/host_tools.hpp"

#include "base/limits.hpp"
#include "config/load.hpp"
#include "config/rules.hpp"
#include "docker/contexts.hpp"
#include "docker/endpoint.hpp"
#include "server/definitions.hpp"

#include <fmt/format.h>

#include <fstream>

namespace berth::server {
namespace {

constexpr std::streamsize longest_key = 8192;

class Complaints {
public:
    void add(std::string pointer, config::Complaint complaint) {
        if (complaint.empty()) return;
        error_ = std::move(error_).with_field(std::move(pointer), std::move(complaint));
        is_any_ = true;
    }
    Status take() && {
        if (is_any_) return std::move(error_);
        return {};
    }

private:
    Error error_{Errc::invalid_input, "host"};
    bool is_any_ = false;
};

config::Complaint tls_complaint(const broker::HostDefinition& definition) {
    if (definition.tls_directory.empty()) return {};
    if (!definition.endpoint.starts_with("tcp://")) return "is for tcp:// only";
    if (!definition.tls_directory.starts_with('/')) return "must be an absolute path";
    return config::path_rule(definition.tls_directory);
}

// The first line of the public half; what else is in the file is nobody's business.
std::string read_public_key(const std::string& identity) {
    std::ifstream file{identity + ".pub"};
    std::string text(static_cast<std::size_t>(longest_key), '\0');
    file.read(text.data(), longest_key);
    text.resize(static_cast<std::size_t>(file.gcount()));
    text = text.substr(0, text.find_first_of("\r\n"));
    bool is_key = text.starts_with("ssh-") || text.starts_with("ecdsa-") || text.starts_with("sk-");
    return is_key && config::any_text(text).empty() ? text : std::string{};
}

api::native::DockerContext context_of(docker::FoundContext found) {
    api::native::DockerContext context;
    context.definition.origin = broker::HostOrigin::added;
    context.definition.name = HostId{found.host_name};
    context.definition.endpoint = found.endpoint;
    context.definition.tls_directory = found.tls_directory;
    context.name = std::move(found.name);
    context.endpoint = std::move(found.endpoint);
    context.description = std::move(found.description);
    context.origin = std::move(found.origin);
    context.problem = std::move(found.problem);
    context.is_current = found.is_current;
    return context;
}

api::native::HostInFile in_file(config::HostOfFile found) {
    api::native::HostInFile host;
    host.definition = definition_of(found.host);
    host.definition.origin = broker::HostOrigin::added;
    host.problem = std::move(found.problem);
    auto endpoint = docker::parse_endpoint(found.host.endpoint);
    host.endpoint = endpoint ? docker::describe(*endpoint) : found.host.endpoint;
    return host;
}

Result<std::vector<api::native::HostInFile>> read_hosts(const std::string& text) {
    auto found = config::read_seed_hosts(text);
    if (!found) {
        const auto refusal = found.error();
        Error error{Errc::invalid_input, refusal.operator_text(), "This file cannot be read as a hosts.yml."};
        for (const auto& field : refusal.fields()) error = std::move(error).with_field("/text", field.detail);
        return error;
    }
    std::vector<api::native::HostInFile> hosts;
    for (auto& one : *found) hosts.push_back(in_file(std::move(one)));
    return hosts;
}

} // namespace

Status HostTools::check(const broker::HostDefinition& definition) const {
    Complaints complaints;
    complaints.add("/name", config::host_name_rule(definition.name.str()));
    complaints.add("/endpoint", config::engine_endpoint_rule(definition.endpoint));
    complaints.add("/public_name", config::any_line(definition.public_name));
    complaints.add("/tls_directory", tls_complaint(definition));
    if (definition.transport != broker::SshTransport::automatic && !definition.endpoint.starts_with("ssh://"))
        complaints.add("/transport", "is for ssh:// only");
    if (definition.labels.size() > limits::host_labels) complaints.add("/labels", fmt::format("are more than {}", limits::host_labels));
    else
        for (const auto& [key, value] : definition.labels) {
            complaints.add("/labels", config::label_rule(key));
            complaints.add("/labels", config::any_line(value));
        }
    return std::move(complaints).take();
}

broker::Task<Result<std::vector<api::native::DockerContext>>> HostTools::contexts() {
    auto look = [] { return docker::find_contexts(docker::context_world()); };
    auto found = co_await files_.run(look);
    if (!found) co_return found.error();
    std::vector<api::native::DockerContext> contexts;
    for (auto& one : *found) contexts.push_back(context_of(std::move(one)));
    co_return contexts;
}

// Beside the core thread for its length alone.
broker::Task<Result<std::vector<api::native::HostInFile>>> HostTools::hosts_in(std::string text) {
    auto read = [&text] { return read_hosts(text); };
    co_return co_await files_.run(read);
}

broker::Task<std::string> HostTools::public_key() {
    auto read = [this] { return read_public_key(identity_); };
    co_return co_await files_.run(read);
}

} // namespace berth::server
