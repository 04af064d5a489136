// SPDX-License-Identifier: Apache-2.0
#pragma once
// The whole configuration as plain values, with its defaults. Who has a Config has a checked one:
// load() lets no bad value through. What each key is called in the file, its bounds and the words
// of docs/configuration.md stand in fields.cpp, one line per member here.

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "session/session.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::config {

// Where the server listens: an address (not a name, except localhost) and a port, 0 = any free one.
struct Listen {
    std::string address;
    std::uint16_t port = 0;
    bool operator==(const Listen&) const = default;
};

struct Server {
    std::vector<Listen> listen{{"127.0.0.1", 8080}};
    // Where /metrics, /healthz and /readyz are served to anybody who can connect, and nothing else.
    std::vector<Listen> metrics_listen;
    std::string metrics_socket;  // the same on a unix socket, 0600
    bool metrics_remote = false; // metrics_listen may name addresses that other machines reach
    std::string admin_socket; // unix socket of the command line, 0600; load() fills the default
    std::string public_url;   // scheme://host[:port] as browsers see it; empty = as they asked for it
    std::vector<std::string> extra_origins;   // further origins that may open desktops
    std::vector<std::string> trusted_proxies; // addresses or CIDR whose X-Forwarded-* is believed
    std::string web_dir;                      // the pages; empty = looked for beside the binary
    std::string apps_domain = "apps.localhost"; // <session>.<this> is the host name of web endpoints
    int connections_per_address = 64;         // 0 = no limit
    int gateway_threads = 0;                  // 0 = one per core
    Seconds drain{10};                        // on SIGTERM: how long open requests may take
    // Lets cookies go over plain HTTP to other machines than this one. Only for closed networks.
    bool insecure_http = false;
    bool show_host_to_users = false; // whether the owner of a session learns the host's name

    // Whether browsers come by TLS: cookies are __Host- and Secure exactly then.
    bool is_tls() const { return public_url.starts_with("https://"); }
};

struct Database {
    std::string path; // SQLite file; load() fills the default
};

struct Log {
    std::string level = "info";
    LogFormat format = LogFormat::text;
};

struct Auth {
    Secret admin_password; // of the first administrator; empty = generated and printed once
    Seconds login_idle{30 * 60};        // a login ends after that long without use
    Seconds login_lifetime{12 * 3600};  // … and after that in any case
};

// 0 = no limit.
struct Quota {
    int max_sessions_per_user = 3;
    int max_sessions = 0;
};

struct Network {
    std::string pool_cidr = "10.231.0.0/16"; // Berth's bridges get their subnets from here
};

// How SSH hosts are reached and by which keys their machines are known.
struct Ssh {
    std::string known_hosts; // load() fills the default; written by `berth host accept-key`
    std::string identity;    // private key; load() fills the default; a file that is not there is skipped
    std::string config_file; // in place of the user's and the system's ssh_config; empty = those
};

enum class Strategy { spread, pack };
struct Placement {
    Strategy strategy = Strategy::spread;
};

enum class DataPath { tunnel, direct };
enum class SshTransport { automatic, libssh, openssh };

// One container engine.
struct Host {
    HostId name;
    std::string endpoint; // unix://, tcp://, ssh://; empty = as the docker command would choose
    int weight = 1;
    int capacity_sessions = 0;              // 0 = no limit, in the next two as well
    std::int64_t memory_bytes = 0;          // for all sessions together
    std::int64_t nano_cpus = 0;
    int creating_limit = 0;                 // creations in flight at most; 0 = from the engine's cores
    std::map<std::string, std::string> labels;
    std::string public_name;   // another name, for staff; seed A's pub_hostname
    DataPath data_path = DataPath::tunnel;
    SshTransport transport = SshTransport::automatic;
    int max_connections = 20;  // of ssh://
    std::string tls_directory; // of tcp://: ca.pem, cert.pem, key.pem; empty = plain
    bool is_drained = false;   // keeps its sessions, gets no new ones
};

enum class Pull { never, missing };
enum class WarmKind { paused, running };

// Desktops that are made before somebody asks for them.
struct Warm {
    int min = 0; // kept ready
    int max = 0; // as demand shows; never below min after load()
    WarmKind kind = WarmKind::paused;
};

// What can be started. Spec and lease are complete: container_defaults and session_defaults are in.
struct Template {
    TemplateName name;
    std::string title;
    std::string description;
    std::string icon;
    std::vector<std::string> tags;
    // Endpoints empty: they are to be taken from the image's labels.
    session::Spec spec;
    session::LeasePolicy lease;
    std::vector<std::string> resolutions{"1920x1080", "1600x900", "1366x768", "1280x720"}; // "1920x1080"; the first one is the default
    std::string resolution_env = "RESOLUTION"; // variable that carries it into the container
    std::map<std::string, std::string> host_labels; // hosts must have all of them
    Strategy strategy = Strategy::spread;           // placement's, where it says nothing
    Pull pull = Pull::never;
    Warm warm;
    bool is_enabled = true;
    int max_running = 0; // 0 = no limit
};

// Hardened limits of a session that says nothing else: 4 GiB, 2 CPUs, 4,096 processes, 512 MiB of
// shared memory, no capability, the secret as file /run/berth/rfb_secret.
session::Spec default_spec();

struct Config {
    std::string state_dir = "./var"; // absolute after load()
    Server server;
    Database database;
    Log log;
    Auth auth;
    Quota quota;
    int retention_days = 30; // ended sessions and events are kept that long; 0 = for ever
    Network network;
    Ssh ssh;
    Placement placement;
    session::Spec container_defaults = default_spec(); // what a template does not say
    session::LeasePolicy session_defaults;
    std::vector<Host> hosts;         // without any in the file: `local`
    std::vector<Template> templates; // without any in the file: `desktop`
};

// What an empty file means: host `local`, template `desktop`, everything else as above.
Config defaults();

} // namespace berth::config
