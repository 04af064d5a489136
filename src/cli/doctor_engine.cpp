// SPDX-License-Identifier: Apache-2.0
#include "cli/blocking.hpp"
#include "cli/doctor.hpp"

#include "base/limits.hpp"
#include "base/random.hpp"
#include "crypto/system_random.hpp"
#include "base/log.hpp"
#include "docker/connector.hpp"
#include "docker/docker_host.hpp"
#include "docker/networks.hpp"
#include "net/task_scope.hpp"
#include "server/host_set.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

namespace berth::cli {

namespace {

using namespace std::chrono_literals;
using docker::Client;
using net::Task;

constexpr Seconds patience = 15s;
constexpr std::size_t at_once = 8;            // hosts; each may take its time to be dead
constexpr std::string_view test_image = "berth/test-rfb:latest"; // has a probe of its own
constexpr std::array<std::string_view, 2> own_images{test_image, "berth/desktop:latest"};
constexpr std::string_view metadata_address = "169.254.169.254"; // cloud metadata, RFC 3927 range
// Exit codes of a probe: 0 connected, 1 refused, 2 no answer.
constexpr int probe_connected = 0, probe_refused = 1, probe_silent = 2;
// The probe in an image of which nothing is known: $0 is the address, $1 the port.
constexpr const char* shell_probe =
    R"(text=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$0" "$1" 2>&1) && exit 0; case $text in *refused*) exit 1 ;; esac; exit 2)";

// A listener of this machine that a desktop must not reach.
class HostService {
public:
    HostService() {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET; // any address, any port
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (fd_ >= 0 && ::bind(fd_, generic, length) == 0 && ::listen(fd_, 8) == 0 && ::getsockname(fd_, generic, &length) == 0)
            port_ = ntohs(address.sin_port);
    }
    HostService(const HostService&) = delete;
    HostService& operator=(const HostService&) = delete;
    ~HostService() {
        if (fd_ >= 0) ::close(fd_);
    }
    std::uint16_t port() const noexcept { return port_; } // 0 = could not listen

private:
    int fd_ = -1;
    std::uint16_t port_ = 0;
};

// One engine under examination.
class Examination {
public:
    Examination(const config::Config& config, const broker::HostDefinition& host, docker::Connector& connector,
                const docker::Endpoint& endpoint, net::Executor executor, Findings& findings)
        : config_{config}
        , suffix_{" " + host.name.str()}
        , is_local_{endpoint.kind == docker::Endpoint::Kind::unix_socket}
        , described_{docker::describe(endpoint)}
        , host_{executor, connector, host_config(config, host)}
        , client_{host_.client()}
        , findings_{findings} {}

    // Whether the engine can be used at all.
    Task<bool> run() {
        bool is_usable = co_await go_the_way();
        if (is_usable) is_usable = co_await look_at_engine();
        if (is_usable) {
            co_await look_at_posture();
            co_await look_at_images();
            co_await make_a_container();
            co_await prove_isolation();
        }
        co_await host_.close();
        co_return is_usable;
    }
    const std::set<std::string>& images() const noexcept { return images_; } // which are here

private:
    static docker::DockerHostConfig host_config(const config::Config& config, const broker::HostDefinition& host) {
        docker::DockerHostConfig settings;
        settings.name = host.name.str();
        settings.deployment = "doctor";
        settings.network_pool = config.network.pool_cidr;
        const char* forced = std::getenv("DOCKER_API_VERSION");
        if (forced != nullptr) settings.client.forced_version = forced;
        return settings;
    }
    void add(Finding finding) {
        finding.name += suffix_;
        findings_.push_back(std::move(finding));
    }

    // The same steps as `berth host test`. The engine itself is looked at more closely below.
    Task<bool> go_the_way() {
        broker::TellStep nobody;
        auto steps = co_await host_.examine(std::move(nobody), deadline_in(limits::host_examination));
        bool is_open = true;
        for (const auto& step : steps) {
            auto text = fmt::format("{}{}{}", step.title, step.text.empty() ? "" : ": ", step.text);
            bool is_failed = step.state == decltype(step.state)::failed;
            bool is_about_the_machine = step.name == "clock" || step.name == "disk" || step.name == "network";
            is_open = is_open && (!is_failed || is_about_the_machine);
            auto name = (is_about_the_machine ? "engine_" : "") + step.name;
            if (is_failed) add(failure(name, described_ + ": " + text, step.remedy.empty() ? "look at the engine's log" : step.remedy));
            else if (step.state == decltype(step.state)::skipped) add(skipped(name, text));
            else if (step.name != "engine") add(good(name, fmt::format("{} ({} ms)", text, step.took.count())));
        }
        co_return is_open;
    }

    Task<bool> look_at_engine() {
        auto info = co_await client_.info(deadline_in(patience));
        if (!info) {
            add(failure("engine", fmt::format("{}: {}", described_, info.error().operator_text()),
                "start it (systemctl start docker), or give this user access: the group docker, or the host's endpoint"));
            co_return false;
        }
        auto api = co_await client_.api_version(deadline_in(patience));
        if (!api) {
            add(failure("engine", api.error().operator_text(), "use Docker 19.03 (API 1.40) or newer"));
            co_return false;
        }
        add(good("engine", fmt::format("{}: {} with API {}, {} CPUs, {} MiB", described_, info->server_version, *api, info->cpus, info->memory_bytes / (1024 * 1024))));
        info_ = std::move(*info);
        co_return true;
    }

    // Shown for a comparison with the advisories of the day; not judged here.
    Task<void> look_at_posture() {
        auto version = co_await client_.version(deadline_in(patience));
        std::string parts;
        if (version)
            for (const char* name : {"containerd", "runc"})
                if (auto found = version->components.find(name); found != version->components.end())
                    parts += fmt::format("{} {}, ", name, log_safe(found->second, 40));
        std::vector<std::string> options;
        for (const std::string& option : info_.security_options) options.push_back(log_safe(option, 60));
        add(good("engine_posture", fmt::format("{}kernel {}, cgroup {}, {}, live-restore {}", parts, log_safe(info_.kernel, 60),
            info_.cgroup_version.empty() ? "1" : log_safe(info_.cgroup_version, 8),
            options.empty() ? std::string{"no security options"} : fmt::format("{}", fmt::join(options, " ")), info_.has_live_restore ? "on" : "off")));
    }

    Task<void> look_at_images() {
        for (const config::Template& entry : config_.templates) {
            if (!entry.is_enabled) continue;
            auto image = co_await client_.image_inspect(entry.spec.image, deadline_in(patience));
            std::string name = "image " + entry.spec.image;
            if (image) {
                if (images_.insert(entry.spec.image).second) usable_images_.push_back(entry.spec.image);
                add(good(name, fmt::format("{} MiB, template {}", image->size_bytes / (1024 * 1024), entry.name.str())));
            } else if (image.error().code() == Errc::image_missing) {
                add(warning(name, fmt::format("is not here: template {} cannot start", entry.name.str()), "build or pull it on that host (images/build.sh makes Berth's own)"));
            } else {
                add(failure(name, image.error().operator_text(), "look at the engine's log"));
            }
        }
        for (std::string_view own : own_images) {
            std::string name{own};
            if (images_.contains(name)) continue;
            auto image = co_await client_.image_inspect(name, deadline_in(patience));
            if (image) usable_images_.push_back(std::move(name));
        }
    }

    docker::ContainerCreateOptions throw_away(const std::string& image, const std::string& network) {
        docker::ContainerCreateOptions options;
        crypto::SystemRandom random;
        options.name = "berth-doctor-" + make_session_id(random).str().substr(0, 10);
        options.config.image = image;
        options.config.network = network;
        options.config.labels["io.berth.doctor"] = "1";
        options.config.logs.driver.clear();
        return options;
    }

    Task<void> remove(std::string container) {
        docker::ContainerRemoveOptions options;
        options.container = std::move(container);
        auto removed = co_await client_.container_remove(std::move(options), deadline_in(patience));
        if (!removed) add(warning("leftover", removed.error().operator_text(), "docker rm -f the containers with label io.berth.doctor"));
    }

    Task<void> make_a_container() {
        if (usable_images_.empty()) {
            add(skipped("container", "no image to make one of"));
            co_return;
        }
        auto options = throw_away(usable_images_.front(), "none");
        auto made = co_await client_.container_create(std::move(options), deadline_in(patience));
        if (!made) {
            add(failure("container", made.error().operator_text(), "look at the engine's log: it refuses to make containers"));
            co_return;
        }
        co_await remove(made->id.str());
        add(good("container", "one was made and removed"));
    }

    // Exit code of the probe, or an error.
    Task<Result<int>> probe(std::string image, std::string network, std::string address, std::uint16_t port) {
        auto options = throw_away(image, network);
        options.config.command = {address, fmt::format("{}", port)};
        if (image == test_image) {
            options.config.command.insert(options.config.command.begin(), "probe");
        } else {
            options.config.entrypoint = {"/bin/sh", "-c", shell_probe};
            options.config.env["LC_ALL"] = "C"; // its words are read
        }
        auto made = co_await client_.container_create(std::move(options), deadline_in(patience));
        if (!made) co_return made.error();
        auto result = co_await run_probe(made->id.str());
        co_await remove(made->id.str());
        co_return result;
    }
    Task<Result<int>> run_probe(std::string container) {
        auto started = co_await client_.container_start(container, deadline_in(patience));
        if (!started) co_return started.error();
        docker::ContainerWaitOptions options;
        options.container = std::move(container);
        auto ended = co_await client_.container_wait(std::move(options), deadline_in(patience));
        if (!ended) co_return ended.error();
        co_return ended->exit_code;
    }

    Task<void> prove_isolation() {
        docker::NetworkPolicy policy;
        policy.deployment = "doctor";
        policy.pool = docker::parse_subnet(config_.network.pool_cidr).value_or(docker::Subnet{});
        docker::Networks networks{client_, policy};
        crypto::SystemRandom random;
        SessionId id = make_session_id(random);
        auto network = co_await networks.ensure_own(id, 1, deadline_in(patience));
        if (!network) {
            add(failure("isolation", network.error().operator_text(), "free addresses of network.pool_cidr, or choose another one"));
            co_return;
        }
        co_await prove_on(*network);
        auto removed = co_await networks.remove_own(id, 1, deadline_in(patience));
        if (!removed) add(warning("leftover", removed.error().operator_text(), "docker network prune"));
    }

    // The first image that is seen to try: a port of its own on which nobody listens must be refused. From one
    // that cannot even do that, silence would look like a proof.
    Task<std::string> find_prober(std::string network) {
        for (std::string image : usable_images_) {
            auto code = co_await probe(image, network, "127.0.0.1", 1);
            if (code && *code == probe_refused) co_return image;
        }
        co_return std::string{};
    }

    Task<void> prove_on(std::string network) {
        auto image = co_await find_prober(network);
        if (image.empty()) {
            add(warning("isolation", fmt::format("not proved: it takes an image with bash and timeout, or {}", test_image), "images/build.sh test-rfb"));
            co_return;
        }
        auto details = co_await client_.network_inspect(network, deadline_in(patience));
        auto subnet = details && !details->subnets.empty() ? docker::parse_subnet(details->subnets.front()) : std::nullopt;
        if (!subnet) {
            add(failure("isolation", "the engine does not say the addresses of a bridge", "look at the engine's log"));
            co_return;
        }
        subnet->address += 1; // the bridge's own address: this machine, seen from a desktop
        subnet->bits = 32;
        std::string gateway = docker::to_string(*subnet);
        gateway = gateway.substr(0, gateway.find('/'));
        HostService service;
        if (is_local_ && service.port() != 0) {
            auto code = co_await probe(image, network, gateway, service.port());
            judge("isolation_host", "this machine's own services, tried from " + image, std::move(code));
        } else {
            add(skipped("isolation_host", "the host is another machine: run berth doctor there"));
        }
        auto code = co_await probe(image, network, std::string{metadata_address}, 80);
        judge("isolation_metadata", fmt::format("{}, tried from {}", metadata_address, image), std::move(code));
    }

    void judge(std::string name, std::string what, Result<int> code) {
        if (!code) return add(failure(std::move(name), code.error().operator_text(), "look at the engine's log"));
        if (*code == probe_connected)
            return add(failure(std::move(name), "a desktop reaches " + what, "berth host prepare --apply, as root on that host"));
        if (*code > probe_silent)
            return add(failure(std::move(name), fmt::format("the probe ended with code {}", *code), "look at the engine's log"));
        add(good(std::move(name), "a desktop does not reach " + what));
    }

    const config::Config& config_;
    std::string suffix_;
    bool is_local_;
    std::string described_;
    docker::DockerHost host_;
    Client& client_;
    Findings& findings_;
    docker::EngineInfo info_;
    std::set<std::string> images_;
    std::vector<std::string> usable_images_; // those of templates first: what people get
};

struct Report {
    Findings findings;
    std::set<std::string> images;
    bool is_usable = false;
};

Task<void> examine(const config::Config& config, const broker::HostDefinition& host, net::Executor executor, Report& report) {
    std::string name = "engine " + host.name.str();
    auto endpoint = docker::resolve_endpoint(docker::process_world(), host.endpoint);
    if (!endpoint) {
        report.findings.push_back(failure(name, endpoint.error().operator_text(), "set the host's endpoint, DOCKER_HOST or the docker context"));
        co_return;
    }
    docker::use_tls_directory(*endpoint, host.tls_directory);
    auto connector = docker::make_connector(*endpoint, server::connector_context(config.ssh, host, executor));
    if (!connector) {
        report.findings.push_back(failure(name, connector.error().operator_text(), "correct the host's endpoint"));
        co_return;
    }
    Examination examination{config, host, **connector, *endpoint, executor, report.findings};
    report.is_usable = co_await examination.run();
    report.images = examination.images();
}

// Takes the next host as long as there is one.
Task<void> examine_in_turn(
    const config::Config& config, const Hosts& hosts, net::Executor executor, std::vector<Report>& reports, std::size_t& next
) {
    while (next < reports.size()) {
        auto mine = next++;
        co_await examine(config, hosts[mine], executor, reports[mine]);
    }
}

Task<bool> examine_all(const config::Config& config, const Hosts& hosts, net::Executor executor, std::vector<Report>& reports) {
    std::size_t next = 0;
    net::TaskScope scope{executor, "doctor"};
    for (std::size_t i = 0; i < std::min(at_once, reports.size()); ++i) scope.spawn(examine_in_turn(config, hosts, executor, reports, next));
    co_await scope.join();
    co_await scope.stop();
    co_return true;
}

} // namespace

void check_engines(const config::Config& config, const Hosts& hosts, Findings& findings) {
    std::vector<Report> reports(hosts.size());
    boost::asio::io_context context;
    run_blocking(context, examine_all(config, hosts, context.get_executor(), reports));
    std::set<std::string> images;
    bool is_any = false;
    for (Report& report : reports) {
        findings.insert(findings.end(), report.findings.begin(), report.findings.end());
        images.merge(report.images);
        is_any = is_any || report.is_usable;
    }
    if (!is_any) return;
    for (const config::Template& entry : config.templates)
        if (entry.is_enabled && !images.contains(entry.spec.image))
            findings.push_back(failure("template " + entry.name.str(), fmt::format("no host has the image {}", entry.spec.image),
                "build or pull it, or set enabled: false"));
}

} // namespace berth::cli
