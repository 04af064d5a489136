// SPDX-License-Identifier: Apache-2.0
#include "config/fields.hpp"

#include "base/limits.hpp"
#include "config/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace berth::config {

namespace {

using namespace std::chrono_literals;

constexpr Seconds day = 24h;
constexpr Seconds year = 366 * day;
constexpr std::int64_t mib = 1024 * 1024;
constexpr std::size_t most_endpoints = 8;
constexpr std::size_t most_volumes = 16;
constexpr std::size_t longest_socket_path = 107; // as load.cpp
constexpr std::size_t shortest_password = 8, longest_password = 256; // as identity/names.hpp

Field listen_field(std::string key, std::vector<Listen>& target, bool may_be_empty, std::string help) {
    Field field;
    field.key = std::move(key);
    field.shape = Field::Shape::list;
    field.type = "address:port";
    field.help = std::move(help);
    field.read = [&target, may_be_empty](const Node& node, Reading& reading) {
        target.clear();
        auto problems_before = reading.problem_count();
        for (const Node& element : reading.elements(node)) {
            const std::string* text = reading.scalar(element, "address:port");
            auto parsed = text == nullptr ? std::nullopt : parse_listen(*text);
            if (parsed) target.push_back(*parsed);
            else if (text != nullptr)
                reading.problem(element.mark, "must be address:port such as 127.0.0.1:8080 or [::1]:8080");
        }
        if (target.empty() && !may_be_empty && reading.problem_count() == problems_before)
            reading.problem(node.mark, "needs at least one address:port");
    };
    field.show = [&target] {
        Node list;
        list.kind = Node::Kind::list;
        for (const Listen& listen : target) list.children.push_back(text_node(format_listen(listen)));
        return list;
    };
    return field;
}

Complaint add_endpoint(const Node& child, const std::string& text, std::vector<session::Endpoint>& endpoints) {
    auto colon = text.find(':');
    auto protocol = session::Protocol::rfb;
    auto name = text.substr(0, colon);
    if (name == "web") protocol = session::Protocol::web;
    else if (name != "rfb") return "must be rfb:PORT or web:PORT";
    auto port = colon == std::string::npos ? std::nullopt : parse_integer(text.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return "must be rfb:PORT or web:PORT with a port of 1 to 65535";
    auto same_port = [&](const session::Endpoint& other) { return other.port == *port; };
    if (std::ranges::any_of(endpoints, same_port)) return "has a port that another endpoint has already";
    endpoints.push_back(session::Endpoint{child.key, protocol, static_cast<std::uint16_t>(*port)});
    return {};
}

Field endpoints_field(std::vector<session::Endpoint>& target) {
    Field field;
    field.key = "endpoints";
    field.shape = Field::Shape::pairs;
    field.type = "protocol:port";
    field.help = "What can be opened, by name: `desktop: rfb:5900`, `app: web:8080`. Without any the labels "
                 "of the image decide (`io.berth.endpoint.<name>`).";
    field.read = [&target](const Node& node, Reading& reading) {
        target.clear();
        for (const Node& child : reading.pairs(node).children) {
            Reading::Step step{reading, child.key.substr(0, 64)};
            if (auto complaint = name_rule(child.key); !complaint.empty())
                reading.problem(child.key_mark, complaint);
            const std::string* text = reading.scalar(child, "protocol:port");
            if (text == nullptr) continue;
            if (auto complaint = add_endpoint(child, *text, target); !complaint.empty())
                reading.problem(child.mark, complaint);
        }
        if (target.size() > most_endpoints)
            reading.problem(node.mark, fmt::format("has more than {} endpoints", most_endpoints));
    };
    field.show = [&target] {
        Node map = map_node({});
        for (const session::Endpoint& endpoint : target) {
            Node child = text_node(fmt::format("{}:{}",
                endpoint.protocol == session::Protocol::web ? "web" : "rfb", endpoint.port));
            child.key = endpoint.name;
            map.children.push_back(std::move(child));
        }
        return map;
    };
    return field;
}

Field secret_delivery_field(session::Spec& spec) {
    return custom("secret", "text",
        [&spec](std::string_view text) -> Complaint {
            if (text.empty()) { // the image says it
                spec.secret_delivery = session::SecretDelivery::file;
                spec.secret_target.clear();
                return {};
            }
            bool is_file = text.starts_with("file:/");
            if (!is_file && !text.starts_with("env:")) return "must be file:/PATH or env:NAME";
            auto target = text.substr(is_file ? 5 : 4);
            auto complaint = is_file ? path_rule(target) : env_name_rule(target);
            if (is_file && (target.ends_with('/') || target.find("/../") != std::string_view::npos
                            || target.find('/', 1) == std::string_view::npos))
                complaint = "must name a file inside a folder, without '..'";
            if (!complaint.empty()) return complaint;
            spec.secret_delivery = is_file ? session::SecretDelivery::file : session::SecretDelivery::env;
            spec.secret_target = std::string{target};
            return {};
        },
        [&spec]() -> std::string {
            if (spec.secret_target.empty()) return "";
            return (spec.secret_delivery == session::SecretDelivery::file ? "file:" : "env:") + spec.secret_target;
        },
        "How the desktop's own password enters the container: `file:/PATH` (read by the image once) or, for "
        "images that know nothing else, `env:NAME` (visible to whoever may inspect the container). Without it the "
        "image's label `io.berth.secret` counts, and without that `env:VNC_PASSWORD`.");
}

Field cpus(std::int64_t& nano_cpus, std::string help) {
    return custom("cpus", "number",
        [&nano_cpus](std::string_view text) -> Complaint {
            auto parsed = parse_cpus(text);
            if (!parsed || (*parsed != 0 && *parsed < 10'000'000) || *parsed > limits::host_cpus * std::int64_t{1'000'000'000})
                return fmt::format("must be a number of CPUs such as 2 or 0.5, from 0.01 to {} (0 = no limit)", limits::host_cpus);
            nano_cpus = *parsed;
            return {};
        },
        [&nano_cpus] { return format_cpus(nano_cpus); }, std::move(help));
}

// A closed list of words for the values of an enumeration, in its order.
template <class E>
Field word(std::string key, E& target, std::vector<std::string> names, std::string help) {
    return choice(std::move(key), std::move(names), [&target](std::size_t i) { target = static_cast<E>(i); },
        [&target] { return static_cast<std::size_t>(target); }, std::move(help));
}

std::vector<Field> spec_fields(session::Spec& spec) {
    return {
        size("memory", spec.memory_bytes, 6 * mib, "Memory and swap together; the desktop is ended when it needs more. 0 = the engine's default."),
        cpus(spec.nano_cpus, "CPUs, fractions allowed. 0 = the engine's default."),
        custom("pids", "integer",
            [&spec](std::string_view text) -> Complaint {
                auto parsed = parse_integer(text);
                if (!parsed || *parsed < 0 || *parsed > 4'194'304) return "must lie between 0 and 4194304";
                spec.pids = *parsed;
                return {};
            },
            [&spec] { return fmt::format("{}", spec.pids); }, "Processes and threads. 0 = the engine's default."),
        size("shm", spec.shm_bytes, mib, "Shared memory (/dev/shm), counted in `memory`; browsers need some hundred MiB."),
        texts("cap_add", spec.cap_add, capability_rule, "Capabilities the image needs; all others are dropped."),
        flag("allow_new_privileges", spec.allow_new_privileges, "Lets set-user-id programs (sudo) work inside the container."),
        choice("network", {"shared", "own"},
            [&spec](std::size_t i) { spec.network = i == 0 ? session::NetworkMode::shared : session::NetworkMode::own; },
            [&spec] { return spec.network == session::NetworkMode::shared ? std::size_t{0} : std::size_t{1}; },
            "`shared`: one bridge per host on which sessions cannot reach each other; `own`: a bridge for each session."),
        pairs("env", spec.env, env_name_rule, any_text, "Variables of the container. No place for secrets."),
        secret_delivery_field(spec),
        number("secret_uid", spec.secret_uid, 0, 65534, "Who owns the file of `secret` in the container."),
    };
}

std::vector<Field> lease_fields(session::LeasePolicy& lease) {
    return {
        span("initial", lease.initial, 0s, year, "Life of a desktop from the moment it is ready. 0 = no limit."),
        span("extension", lease.extension, 1s, year, "What one extension adds."),
        number("max_extensions", lease.max_extensions, -1, 100'000, "How often it may be extended. -1 = no limit, 0 = never."),
        span("max_total", lease.max_total, 0s, year, "Longest life with all extensions. 0 = no limit."),
        span("idle", lease.idle, 0s, year,
            "Ends after that long without mouse or keyboard. At a web endpoint every request and every WebSocket message from the "
            "browser counts as use, also what an open page sends by itself; pings do not. 0 = no limit."),
        span("disconnected", lease.disconnected, 0s, year, "Ends after that long without a viewer. 0 = no limit."),
        span("grace", lease.grace, 0s, day, "Between the end of the lease and taking the desktop back."),
        span("start_limit", lease.start_limit, 1s, 3600s, "From leaving the queue to ready; after that the start has failed."),
    };
}

std::vector<Field> host_fields(Host& host) {
    return {
        custom("name", "name",
            [&host](std::string_view text) -> Complaint {
                host.name = HostId{std::string{text}};
                return host_name_rule(text);
            },
            [&host] { return host.name.str(); }, "Name of the host, kept with its sessions: do not reuse it for another machine."),
        text("endpoint", host.endpoint, engine_endpoint_rule, "`unix:///path`, `tcp://host:port` or `ssh://[user@]host[:port]`; empty = as the docker command would choose."),
        number("weight", host.weight, 1, limits::host_weight, "Share of the sessions relative to other hosts."),
        number("capacity_sessions", host.capacity_sessions, 0, limits::host_sessions, "Most live sessions here. 0 = no limit."),
        size("memory", host.memory_bytes, 64 * mib, "Memory for all sessions here together, by their templates' `memory`. 0 = no limit."),
        cpus(host.nano_cpus, "CPUs for all sessions here together, by their templates' `cpus`. 0 = no limit."),
        number("creating_limit", host.creating_limit, 0, limits::host_creating, "Creations at once at most. 0 = two per core of the host, which is what an engine can do."),
        pairs("labels", host.labels, label_rule, any_line, "What templates may ask for by `host_labels`."),
        text("public_name", host.public_name, any_line, "Another name of the host, for staff: on the page of the hosts and in `/api/v1/hosts`."),
        word("data_path", host.data_path, {"tunnel", "direct"}, "`tunnel`: desktops are published on the host's 127.0.0.1 and reached through the way to its engine; `direct`: on its address, where others can reach them too."),
        word("transport", host.transport, {"automatic", "libssh", "openssh"}, "Who speaks SSH: `libssh` inside the program, `openssh` the `ssh` command; `automatic` takes the command where the ssh configuration needs it."),
        number("max_connections", host.max_connections, 1, limits::host_connections, "SSH connections at most."),
        text("tls_directory", host.tls_directory, path_rule, "Folder with ca.pem, cert.pem, key.pem for tcp://."),
        flag("drained", host.is_drained, "Keeps its sessions, gets no new ones."),
    };
}

std::vector<Field> template_fields(Template& entry) {
    std::vector<Field> fields{
        custom("name", "name",
            [&entry](std::string_view text) -> Complaint {
                entry.name = TemplateName{std::string{text}};
                return name_rule(text);
            },
            [&entry] { return entry.name.str(); }, "Name in the API and in addresses."),
        text("title", entry.title, any_line, "Name on the page; empty = `name`."),
        text("description", entry.description, any_text, "A sentence or two on the page."),
        text("icon", entry.icon, any_line, "Name of an icon of the page."),
        texts("tags", entry.tags, any_line, "Words for searching."),
        text("image", entry.spec.image, image_rule, "Image on the hosts; `pull` says whether a start may fetch it."),
        endpoints_field(entry.spec.endpoints),
        texts("resolutions", entry.resolutions, resolution_rule, "Sizes a person may choose; the first one is the default."),
        text("resolution_env", entry.resolution_env, env_name_rule, "Variable that carries the size into the container."),
    };
    for (Field& field : spec_fields(entry.spec)) fields.push_back(std::move(field));
    fields.push_back(section("lease", lease_fields(entry.lease), "Times that differ from `session_defaults`."));
    fields.push_back(pairs("volumes", entry.spec.volumes, volume_name_rule, mount_path_rule, "Named volumes and where they appear in the container: `shared-data: /data`. All sessions of the template on a host see the same one; hosts that have it are preferred to those that do not."));
    fields.push_back(pairs("host_labels", entry.host_labels, label_rule, any_line, "Labels a host must have."));
    fields.push_back(word("strategy", entry.strategy, {"spread", "pack"}, "As `placement.strategy`, for this template."));
    fields.push_back(word("pull", entry.pull, {"never", "missing"}, "`missing`: a start fetches the image where no host has it; `never`: it fails."));
    fields.push_back(section("warm", {
        number("min", entry.warm.min, 0, 1000, "Kept ready. 0 = none."),
        number("max", entry.warm.max, 0, 1000, "Most of them, as demand shows. 0 = the same as `min`."),
        word("kind", entry.warm.kind, {"paused", "running"}, "`paused`: they use memory but no processor, and wake in a moment; `running`: ready at once."),
    }, "Desktops made before somebody asks: docs/pools.md. They take places of the hosts like others, and make room for people."));
    fields.push_back(flag("enabled", entry.is_enabled, "Whether it can be started."));
    fields.push_back(number("max_running", entry.max_running, 0, 100'000, "Most live sessions of it. 0 = no limit."));
    return fields;
}

void check_host(const Host& host, const Node& node, Reading& reading) {
    if (host.name.empty()) reading.problem(node.mark, "has no name");
    if (!host.tls_directory.empty() && !host.endpoint.starts_with("tcp://"))
        reading.problem(node.mark, "has a tls_directory, but its endpoint is not tcp://");
    if (host.transport != SshTransport::automatic && !host.endpoint.starts_with("ssh://"))
        reading.problem(node.mark, "has a transport, but its endpoint is not ssh://");
}

void check_lease(const session::LeasePolicy& lease, const Node& node, Reading& reading) {
    if (lease.max_total > 0s && (lease.initial > lease.max_total || lease.initial == 0s))
        reading.problem(node.mark, fmt::format("has an initial time of {} above its max_total of {}",
            lease.initial == 0s ? "no limit" : format_duration(lease.initial), format_duration(lease.max_total)));
}

void check_spec(const session::Spec& spec, const Node& node, Reading& reading) {
    if (spec.memory_bytes > 0 && spec.shm_bytes > spec.memory_bytes)
        reading.problem(node.mark, fmt::format("has more shared memory ({}) than memory ({})",
            format_size(spec.shm_bytes), format_size(spec.memory_bytes)));
    if (spec.secret_delivery == session::SecretDelivery::env && spec.env.contains(spec.secret_target))
        reading.problem(node.mark, fmt::format("sets {} in env, which is where the secret goes", spec.secret_target));
    std::set<std::string> places;
    for (const auto& [name, place] : spec.volumes)
        if (!places.insert(place).second) reading.problem(node.mark, fmt::format("has two volumes at {}", place));
    if (spec.volumes.size() > most_volumes) reading.problem(node.mark, fmt::format("has more than {} volumes", most_volumes));
}

void check_template(const Template& entry, const Node& node, Reading& reading) {
    if (entry.name.empty()) reading.problem(node.mark, "has no name");
    if (entry.spec.image.empty()) reading.problem(node.mark, "has no image");
    if (entry.resolutions.empty()) reading.problem(node.mark, "needs at least one resolution");
    if (entry.warm.max != 0 && entry.warm.max < entry.warm.min)
        reading.problem(node.mark, fmt::format("has a warm.max of {} below its warm.min of {}", entry.warm.max, entry.warm.min));
    check_spec(entry.spec, node, reading);
    check_lease(entry.lease, node, reading);
}

// A list of sections: each element starts as `make()` and is read by `fields`, then checked.
template <class T>
Field items(std::string key, std::vector<T>& target, std::function<T()> make,
            std::vector<Field> (*fields)(T&), void (*check)(const T&, const Node&, Reading&), std::string help) {
    Field field;
    field.key = std::move(key);
    field.shape = Field::Shape::items;
    field.help = std::move(help);
    field.read = [&target, make, fields, check](const Node& node, Reading& reading) {
        std::vector<T> result;
        std::set<std::string> names;
        auto problems_before = reading.problem_count();
        for (const Node& element : reading.elements(node)) {
            Reading::Step step{reading, fmt::format("[{}]", result.size())};
            T& entry = result.emplace_back(make());
            auto bound = fields(entry);
            auto before = reading.problem_count();
            reading.section(element, bound);
            // Only what was read well is worth a look at how it fits together.
            if (reading.problem_count() == before) check(entry, element, reading);
            const Node* name = element.find("name");
            Reading::Step name_step{reading, "name"};
            if (name != nullptr && !names.insert(entry.name.str()).second)
                reading.problem(name->mark, fmt::format("'{}' is the name of another one already", entry.name.str()));
        }
        if (result.empty() && reading.problem_count() == problems_before) reading.problem(node.mark, "needs at least one element; leave the key out for the default");
        target = std::move(result);
    };
    field.show = [&target, fields] {
        Node list;
        list.kind = Node::Kind::list;
        for (T& entry : target) list.children.push_back(show_section(fields(entry)));
        return list;
    };
    // For documentation only: the sample lives as long as the field's closure.
    auto sample = std::make_shared<T>(make());
    field.children = fields(*sample);
    field.show = [show = std::move(field.show), sample] { return show(); };
    return field;
}

// A section whose members must also fit together.
Field checked(Field field, std::function<void(const Node&, Reading&)> check) {
    field.read = [read = std::move(field.read), check = std::move(check)](const Node& node, Reading& reading) {
        auto before = reading.problem_count();
        read(node, reading);
        if (reading.problem_count() == before) check(node, reading);
    };
    return field;
}

Complaint socket_rule(std::string_view text) {
    if (text.empty()) return {}; // none
    if (text.size() > longest_socket_path) return fmt::format("is longer than {} bytes, the most a unix socket can have", longest_socket_path);
    return path_rule(text);
}

bool is_loopback(const Listen& listen) {
    return listen.address == "::1" || listen.address.starts_with("127.");
}

void check_server(const Server& server, const Node& node, Reading& reading) {
    if (server.metrics_remote || std::ranges::all_of(server.metrics_listen, is_loopback)) return;
    Reading::Step step{reading, "metrics_listen"};
    const Node* list = node.find("metrics_listen");
    reading.problem(list != nullptr ? list->mark : node.mark,
        "has an address that other machines reach, where anybody may read it; metrics_remote: true allows that");
}

Field server_section(Server& server) {
    return checked(section("server", {
        listen_field("listen", server.listen, false, "Where the pages and the API are served. Port 0 takes any free one, `*` every IPv4 address."),
        listen_field("metrics_listen", server.metrics_listen, true, "Where `/metrics`, `/healthz` and `/readyz` are served without signing in, and nothing else. Addresses of this machine only, as `127.0.0.1:9464`."),
        text("metrics_socket", server.metrics_socket, socket_rule, "The same on a unix socket, for its owner only."),
        flag("metrics_remote", server.metrics_remote, "Lets `metrics_listen` name addresses that other machines reach. Anybody who can connect may read them: a firewall has to say who."),
        text("admin_socket", server.admin_socket, path_rule, "Unix socket of the command line, for its owner only. Default: `<state_dir>/berth.sock`."),
        text("public_url", server.public_url, origin_rule, "Address in the browser, `https://desktops.example.org`. With https the cookies are Secure."),
        texts("extra_origins", server.extra_origins, origin_rule, "Further pages that may open desktops."),
        texts("trusted_proxies", server.trusted_proxies, address_or_cidr_rule, "Addresses whose X-Forwarded-For and -Proto are believed."),
        text("web_dir", server.web_dir, path_rule, "Folder of the pages. Default: looked for beside the program."),
        text("apps_domain", server.apps_domain, domain_rule, "Each web endpoint gets the host name `<session>.<apps_domain>`."),
        number("connections_per_address", server.connections_per_address, 0, 100'000, "Connections of one client address (IPv6: of one /64). This machine, `trusted_proxies` and unix sockets are not counted. 0 = no limit."),
        number("gateway_threads", server.gateway_threads, 0, 256, "Threads that move pixels. 0 = one per core."),
        span("drain", server.drain, 0s, 600s, "How long open requests may take when the server stops."),
        flag("insecure_http", server.insecure_http, "Allows signing in over plain HTTP from other machines. Only for closed networks."),
        flag("show_host_to_users", server.show_host_to_users, "Shows people on which host their desktop runs."),
    }, "The HTTP server."), [&server](const Node& node, Reading& reading) { check_server(server, node, reading); });
}

} // namespace

session::Spec default_spec() {
    session::Spec spec;
    spec.memory_bytes = 4096 * mib;
    spec.nano_cpus = 2'000'000'000;
    spec.pids = 4096;
    spec.shm_bytes = 512 * mib;
    return spec;
}

Host default_host() {
    Host host;
    host.name = HostId{"local"};
    return host;
}

Template default_template(const Config& config) {
    Template entry;
    entry.name = TemplateName{"desktop"};
    entry.title = "Linux desktop";
    entry.description = "A light desktop with a terminal, a file manager and an editor.";
    entry.icon = "desktop";
    entry.spec = config.container_defaults;
    entry.spec.image = "berth/desktop:latest";
    entry.spec.endpoints = {session::Endpoint{"desktop", session::Protocol::rfb, 5900}};
    entry.lease = config.session_defaults;
    entry.strategy = config.placement.strategy;
    return entry;
}

Config defaults() {
    Config config;
    config.hosts.push_back(default_host());
    config.templates.push_back(default_template(config));
    return config;
}

std::vector<Field> fields_of(Config& config) {
    auto make_template = [&config] {
        Template entry;
        entry.spec = config.container_defaults;
        entry.lease = config.session_defaults;
        entry.strategy = config.placement.strategy;
        return entry;
    };
    std::vector<Field> fields;
    fields.push_back(text("state_dir", config.state_dir, path_rule, "Folder of the database, the keys and the admin socket."));
    fields.push_back(server_section(config.server));
    fields.push_back(section("database", {
        text("path", config.database.path, path_rule, "SQLite file. Default: `<state_dir>/berth.db`."),
    }, "Where sessions, accounts and events are kept."));
    fields.push_back(section("log", {
        choice("level", {"trace", "debug", "info", "warn", "error", "off"},
            [&config](std::size_t i) { config.log.level = std::vector<std::string>{"trace", "debug", "info", "warn", "error", "off"}[i]; },
            [&config] {
                const std::vector<std::string> names{"trace", "debug", "info", "warn", "error", "off"};
                return static_cast<std::size_t>(std::ranges::find(names, config.log.level) - names.begin());
            }, "How much is written to standard error."),
        choice("format", {"text", "json"},
            [&config](std::size_t i) { config.log.format = i == 0 ? LogFormat::text : LogFormat::json; },
            [&config] { return config.log.format == LogFormat::text ? std::size_t{0} : std::size_t{1}; }, "For people or for machines."),
    }, "The log."));
    fields.push_back(checked(section("auth", {
        secret("admin_password", config.auth.admin_password, "Password of the first administrator, `admin`; also BERTH_ADMIN_PASSWORD. Empty = generated and printed once."),
        span("login_idle", config.auth.login_idle, 60s, year, "A sign-in ends after that long without use. An open page is use."),
        span("login_lifetime", config.auth.login_lifetime, 60s, year, "A sign-in ends after that long in any case."),
    }, "Signing in."), [&auth = config.auth](const Node& node, Reading& reading) {
        if (auth.login_idle > auth.login_lifetime) reading.problem(node.mark, "has a login_idle above its login_lifetime");
        auto length = auth.admin_password.reveal().size();
        if (length != 0 && (length < shortest_password || length > longest_password))
            reading.problem(node.mark, fmt::format("has an admin_password that is not {} to {} characters long", shortest_password, longest_password));
    }));
    fields.push_back(section("quota", {
        number("max_sessions_per_user", config.quota.max_sessions_per_user, 0, 1000, "Live sessions of one person. 0 = no limit."),
        number("max_sessions", config.quota.max_sessions, 0, 1'000'000, "Live sessions of everybody together. 0 = no limit."),
    }, "How much may run."));
    fields.push_back(number("retention_days", config.retention_days, 0, 3650, "Days for which ended sessions and events are kept. 0 = for ever."));
    fields.push_back(section("network", {
        text("pool_cidr", config.network.pool_cidr, pool_rule, "IPv4 network from which Berth's bridges take their subnets."),
    }, "Networks of the sessions."));
    fields.push_back(section("ssh", {
        text("known_hosts", config.ssh.known_hosts, path_rule, "The keys of machines that somebody confirmed. Default: `<state_dir>/ssh/known_hosts`. The account's own file and the system's count too."),
        text("identity", config.ssh.identity, path_rule, "Private key for hosts, beside those of ssh_config and the agent; without a passphrase. Default: `<state_dir>/ssh/id_ed25519`, made by `berth host key`."),
        text("config_file", config.ssh.config_file, path_rule, "Read in place of the account's ~/.ssh/config and the system's ssh_config."),
    }, "The way to `ssh://` hosts."));
    fields.push_back(section("placement", {
        word("strategy", config.placement.strategy, {"spread", "pack"}, "`spread`: each session goes where most room is; `pack`: hosts are filled one after the other."),
    }, "Which host gets a session."));
    fields.push_back(checked(section("container_defaults", spec_fields(config.container_defaults), "Limits of every container, where a template does not say otherwise."),
        [&config](const Node& node, Reading& reading) { check_spec(config.container_defaults, node, reading); }));
    fields.push_back(checked(section("session_defaults", lease_fields(config.session_defaults), "Times of every session, where a template does not say otherwise."),
        [&config](const Node& node, Reading& reading) { check_lease(config.session_defaults, node, reading); }));
    fields.push_back(items<Host>("hosts", config.hosts, [] { return Host{}; }, host_fields, check_host, "The container engines. Without any: `local`, the engine the docker command would use."));
    fields.push_back(items<Template>("templates", config.templates, make_template, template_fields, check_template, "What can be started. Every key of `container_defaults` may stand here too. Without any: `desktop`."));
    return fields;
}

} // namespace berth::config
