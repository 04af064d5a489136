// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/container_host/lab.hpp"

#include "docker/endpoint.hpp"
#include "docker/hash.hpp"
#include "docker/labels.hpp"
#include "net/deadline.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <unistd.h>

namespace berth::test {
namespace {

using docker::labels::deployment;

la_ssize_t append(archive*, void* target, const void* data, std::size_t size) {
    static_cast<std::string*>(target)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
}

// A root file system of one program.
std::string witness_tar() {
    std::ifstream file{BERTH_WITNESS, std::ios::binary};
    std::ostringstream program;
    program << file.rdbuf();
    auto bytes = program.str();
    std::string tar;
    auto* writer = archive_write_new();
    archive_write_set_format_pax_restricted(writer);
    archive_write_open(writer, &tar, nullptr, append, nullptr);
    auto* entry = archive_entry_new();
    archive_entry_set_pathname(entry, "witness");
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0755);
    archive_write_header(writer, entry);
    archive_write_data(writer, bytes.data(), bytes.size());
    archive_entry_free(entry);
    archive_write_close(writer);
    archive_write_free(writer);
    return tar;
}

std::string unique_deployment() {
    static std::atomic<int> count{0};
    return "contract-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

docker::DockerHostConfig config_of(std::string name) {
    docker::DockerHostConfig config;
    config.deployment = std::move(name);
    config.network_pool = "10.233.0.0/16";
    return config;
}

docker::Filters of_deployment(const std::string& name) {
    docker::Filters filters;
    std::vector<std::string> wanted{std::string{deployment} + "=" + name};
    filters.emplace_back("label", std::move(wanted));
    return filters;
}

// Parameters instead of captures: a coroutine lambda must have none.
net::Task<Result<std::string>>
converse(docker::DockerHost& host, ContainerId container, std::string line, Deadline deadline) {
    auto executor = co_await boost::asio::this_coro::executor;
    // With the engine's own port proxy a connection may come before the program listens.
    while (true) {
        auto stream = co_await host.dial(container, 5900, net::Traffic::control, executor, deadline);
        if (!stream) co_return stream.error();
        std::array<char, 12> greeting{};
        auto status = co_await (*stream)->read_exactly(boost::asio::buffer(greeting));
        if (!status && std::chrono::steady_clock::now() < deadline) {
            co_await net::sleep_for(Milliseconds{20});
            continue;
        }
        if (!status) co_return status.error();
        std::string answer{greeting.data(), greeting.size()};
        if (line.empty()) co_return answer;
        line += '\n';
        auto sent = co_await (*stream)->write_all(boost::asio::buffer(line));
        if (!sent) co_return sent.error();
        std::array<char, 64> buffer{};
        auto got = co_await (*stream)->read_some(boost::asio::buffer(buffer));
        if (got) answer.append(buffer.data(), *got);
        co_return answer;
    }
}

net::Task<Result<net::HttpReply>>
import_image(net::HttpClient& http, net::HttpRequest request, Deadline deadline) {
    co_return co_await http.exchange(std::move(request), deadline);
}

} // namespace

EngineLab::EngineLab(std::string kind)
    : deployment_{unique_deployment()} {
    docker::Endpoint endpoint;
    if (kind == "fake") {
        std::array<char, 32> name{"/tmp/berth-fake-XXXXXX"};
        folder_ = ::mkdtemp(name.data());
        endpoint.path = folder_ + "/engine.sock";
        fake_ = std::make_unique<FakeEngine>(endpoint.path);
        fake_->add_image(witness_image);
    } else {
        auto resolved = docker::resolve_endpoint(docker::process_world());
        if (!resolved) {
            problem_ = describe(resolved.error());
            return;
        }
        endpoint = *resolved;
    }
    docker::ConnectorContext ways{context_.get_executor()};
    if (kind == "ssh") {
        sshd_ = std::make_unique<Sshd>();
        problem_ = sshd_->problem();
        if (endpoint.kind != docker::Endpoint::Kind::unix_socket) problem_ = "the engine is not of this machine";
        if (!problem_.empty()) return;
        endpoint.kind = docker::Endpoint::Kind::ssh;
        endpoint.host = "127.0.0.1";
        endpoint.port = sshd_->port();
        ways.known_hosts = sshd_->known_hosts();
        ways.ssh_config = sshd_->config_file();
    }
    auto connector = docker::make_connector(endpoint, ways);
    if (!connector) {
        problem_ = describe(connector.error());
        return;
    }
    connector_ = std::move(*connector);
    docker::Client::Config client;
    door_ = std::make_unique<docker::Client>(context_.get_executor(), connector_->engine(), client);
    host_ = another_host(deployment_);
    if (auto ping = run(door_->ping(soon())); !ping)
        problem_ = describe(ping.error());
    else if (!is_fake())
        problem_ = install_image();
    scope_ = std::make_unique<net::TaskScope>(context_.get_executor(), "lab");
}

EngineLab::~EngineLab() {
    if (!scope_) return;
    run(scope_->stop());
    if (fake_) fake_->clear_faults();
    if (problem_.empty()) clean();
    scope_.reset();
    host_.reset();
    door_.reset();
    if (connector_) run(connector_->stop());
    connector_.reset();
    context_.restart();
    context_.poll(); // streams that were destroyed outside of it
    sshd_.reset();
    fake_.reset();
    if (!folder_.empty()) ::rmdir(folder_.c_str());
}

std::unique_ptr<docker::DockerHost> EngineLab::another_host(std::string name) {
    return std::make_unique<docker::DockerHost>(
        context_.get_executor(), *connector_, config_of(std::move(name))
    );
}

std::string EngineLab::install_image() {
    static bool is_installed = false; // once per process: the program may have been rebuilt
    if (is_installed) return {};
    auto tar = witness_tar();
    auto hash = docker::sha256_hex(tar);
    // Imported again only when it changed: each import would leave an untagged image behind.
    auto present = run(door_->image_inspect(witness_image, soon()));
    is_installed = present && present->labels["io.berth.contract.hash"] == hash;
    if (is_installed) return {};
    net::HttpClient http{context_.get_executor(), connector_->engine(), {}};
    docker::Query query;
    query.emplace_back("fromSrc", "-");
    query.emplace_back("repo", "berth-contract");
    query.emplace_back("tag", "witness");
    query.emplace_back("changes", "ENTRYPOINT [\"/witness\"]");
    query.emplace_back("changes", "USER 1000:1000");
    query.emplace_back("changes", "LABEL io.berth.contract.hash=" + hash);
    auto target = "/v1.40/images/create" + docker::encode_query(query);
    net::HttpRequest request{"POST", std::move(target), std::move(tar), "application/x-tar"};
    auto reply = run(import_image(http, std::move(request), soon()));
    if (!reply) return describe(reply.error());
    if (reply->status != 200) return "import of the witness image: " + reply->body;
    is_installed = true;
    return {};
}

void EngineLab::clean() {
    docker::ContainerListOptions options;
    options.filters = of_deployment(deployment_);
    auto containers = run(door_->container_list(std::move(options), soon()));
    for (std::size_t i = 0; containers && i < containers->size(); ++i) {
        docker::ContainerRemoveOptions remove;
        remove.container = (*containers)[i].id.str();
        static_cast<void>(run(door_->container_remove(std::move(remove), soon())));
    }
    auto networks = run(door_->network_list(of_deployment(deployment_), soon()));
    for (std::size_t i = 0; networks && i < networks->size(); ++i)
        static_cast<void>(run(door_->network_remove((*networks)[i].id, soon())));
}

broker::ContainerOrder EngineLab::order(int generation) const {
    broker::ContainerOrder order;
    order.session = SessionId{"abcdefghijklmnopqrstuvwxyz"};
    order.generation = generation;
    order.owner.realm = "local";
    order.owner.subject = "ann \"quoted\" ü";
    order.owner.slot = "desk";
    order.template_name = TemplateName{"desk"};
    order.spec.image = witness_image;
    session::Endpoint endpoint;
    endpoint.name = "desktop";
    endpoint.port = 5900;
    order.spec.endpoints.push_back(endpoint);
    order.spec.memory_bytes = 32 << 20;
    order.spec.nano_cpus = 500'000'000;
    order.spec.pids = 64;
    order.spec.secret_target = "/run/berth/rfb_secret";
    order.spec.secret_uid = 1000;
    order.rfb_secret = Secret{"s3cr3t42"};
    return order;
}

Result<std::string> EngineLab::talk(const ContainerId& container, std::string line) {
    return run(converse(*host_, container, std::move(line), deadline_in(Seconds{10})));
}

std::string EngineLab::look_inside(const ContainerId& container, std::vector<std::string> words) {
    docker::ExecCreateOptions options;
    options.container = container.str();
    options.config.command.emplace_back("/witness");
    for (auto& word : words)
        options.config.command.push_back(std::move(word));
    auto result = run(door_->exec_run(std::move(options), soon()));
    if (!result) return "failed: " + describe(result.error());
    return result->output;
}

void EngineLab::start_watch() {
    std::function<void(broker::HostNotice)> keep = [this](broker::HostNotice notice) {
        notices_.push_back(std::move(notice));
    };
    scope_->spawn(host_->watch(std::move(keep)));
    ASSERT_TRUE(wait_gap(1));
}

bool EngineLab::wait_gap(std::size_t count) {
    auto has_gaps = [&] {
        std::size_t gaps = 0;
        for (const auto& notice : notices_)
            gaps += notice.is_gap ? 1 : 0;
        return gaps >= count;
    };
    return run_until(context_, has_gaps, Seconds{10});
}

std::optional<broker::HostNotice> EngineLab::wait_notice(int generation) {
    std::optional<broker::HostNotice> found;
    auto look = [&] {
        for (const auto& notice : notices_) {
            if (!notice.is_gap && notice.generation == generation) found = notice;
        }
        return found.has_value();
    };
    // The bar is two seconds; what is measured is recorded, since a loaded machine is slow to end
    // the container in the first place.
    auto before = std::chrono::steady_clock::now();
    static_cast<void>(run_until(context_, look, Seconds{10}));
    auto waited = std::chrono::steady_clock::now() - before;
    auto ms = std::chrono::duration_cast<Milliseconds>(waited).count();
    testing::Test::RecordProperty("noticed_after_ms", static_cast<int>(ms));
    return found;
}

} // namespace berth::test
