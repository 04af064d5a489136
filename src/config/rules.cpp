// SPDX-License-Identifier: Apache-2.0
#include "config/rules.hpp"

#include "base/ids.hpp"
#include "config/config.hpp"
#include "config/units.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace berth::config {

namespace {

constexpr std::string_view lower_alnum = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view alnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool is_made_of(std::string_view text, std::string_view first, std::string_view others) {
    return !text.empty() && first.find(text.front()) != std::string_view::npos
           && text.find_first_not_of(std::string{alnum} + std::string{others}) == std::string_view::npos;
}
bool has_control(std::string_view text, std::string_view allowed = "") {
    return std::ranges::any_of(text, [&](char c) {
        auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 || byte == 0x7F) && allowed.find(c) == std::string_view::npos;
    });
}

std::optional<std::uint16_t> parse_port(std::string_view text, int least) {
    auto value = parse_integer(text);
    if (!value || *value < least || *value > 65535 || text.size() > 5) return std::nullopt;
    return static_cast<std::uint16_t>(*value);
}

struct HostPort {
    std::string_view host;
    std::optional<std::string_view> port;
};
// "name", "name:port", "[v6]", "[v6]:port"; the host comes without brackets.
std::optional<HostPort> split_host_port(std::string_view text) {
    HostPort result;
    std::size_t colon = std::string_view::npos;
    if (text.starts_with('[')) {
        auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        result.host = text.substr(1, end - 1);
        std::string address{result.host};
        in6_addr ignored{};
        if (inet_pton(AF_INET6, address.c_str(), &ignored) != 1) return std::nullopt;
        if (end + 1 < text.size()) {
            if (text[end + 1] != ':') return std::nullopt;
            colon = end + 1;
        }
    } else {
        colon = text.find(':');
        result.host = text.substr(0, colon);
        if (!is_made_of(result.host, alnum, ".-_") || result.host.size() > 253) return std::nullopt;
    }
    if (colon != std::string_view::npos) result.port = text.substr(colon + 1);
    return result;
}

// Address bytes and their number of bits; nothing if it is neither family.
struct Address {
    std::array<unsigned char, 16> bytes{};
    int bits = 0;
};
std::optional<Address> parse_address(std::string_view text) {
    Address address;
    std::string copy{text};
    if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) address.bits = 32;
    else if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) address.bits = 128;
    else return std::nullopt;
    return address;
}
bool has_host_bits(const Address& address, int prefix) {
    for (int bit = prefix; bit < address.bits; ++bit)
        if ((address.bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8)) & 1) return true;
    return false;
}

constexpr std::array<std::string_view, 41> capabilities{
    "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE",
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL",
    "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN",
    "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP",
    "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE",
    "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG",
    "WAKE_ALARM"};
// Each of these is a way out of a container (or over the host's clock, log or network).
constexpr std::array<std::string_view, 17> never_given{
    "AUDIT_CONTROL", "AUDIT_READ", "BPF", "CHECKPOINT_RESTORE", "DAC_READ_SEARCH",
    "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "PERFMON", "SYSLOG", "SYS_ADMIN",
    "SYS_BOOT", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_TIME"};

// An engine is never there, but other things are: a cloud's metadata, every machine of a network.
bool is_no_machine(Address address) {
    auto& b = address.bytes;
    constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (address.bits == 128 && std::equal(mapped.begin(), mapped.end(), b.begin())) {
        std::copy(b.begin() + 12, b.end(), b.begin());
        address.bits = 32;
    }
    if (address.bits == 32) return b[0] == 0 || b[0] >= 224 || (b[0] == 169 && b[1] == 254);
    bool is_any = std::all_of(b.begin(), b.end(), [](unsigned char byte) { return byte == 0; });
    return is_any || b[0] == 0xFF || (b[0] == 0xFE && (b[1] & 0xC0) == 0x80);
}

Complaint machine_complaint(std::string_view host) {
    if (auto address = parse_address(host))
        return is_no_machine(*address) ? "is an address that no engine can have" : "";
    // 2130706433, 0x7f.1 and 127.1 are addresses to some resolvers and names to others.
    if (host.ends_with('.')) host.remove_suffix(1);
    auto last = host.substr(host.rfind('.') + 1);
    bool is_number = last.find_first_not_of("0123456789") == std::string_view::npos
                     || last.starts_with("0x") || last.starts_with("0X");
    return is_number ? "must be a name, an IPv4 address in four parts or an IPv6 address in brackets" : "";
}

Complaint ssh_complaint(std::string_view rest) {
    if (auto slash = rest.find('/'); slash != std::string_view::npos) {
        auto path = rest.substr(slash);
        if (path.find_first_of("?#%") != std::string_view::npos || path.size() > 108)
            return "has a path that is no socket: ssh://[user@]host[:port][/path/to/docker.sock]";
        rest = rest.substr(0, slash);
    }
    if (auto at = rest.find('@'); at != std::string_view::npos) {
        // A user that begins with a minus would be read as an option by ssh.
        if (!is_made_of(rest.substr(0, at), std::string{alnum} + "_", "._-"))
            return "has a user name that is not accepted";
        rest = rest.substr(at + 1);
    }
    auto parts = split_host_port(rest);
    if (!parts || (parts->port && !parse_port(*parts->port, 1)))
        return "must be ssh://[user@]host[:port]";
    return machine_complaint(parts->host);
}

} // namespace

Complaint any_line(std::string_view text) {
    if (!is_utf8(text)) return "is not UTF-8 text";
    if (has_control(text)) return "has control characters";
    return text.size() > 1000 ? "is longer than 1,000 bytes" : "";
}

Complaint any_text(std::string_view text) {
    if (!is_utf8(text)) return "is not UTF-8 text";
    if (has_control(text, "\n\t\r")) return "has control characters";
    return text.size() > 32 * 1024 ? "is longer than 32 KiB" : "";
}

Complaint path_rule(std::string_view text) {
    if (text.empty()) return "must be a path";
    if (text.find('\0') != std::string_view::npos || has_control(text)) return "has control characters";
    return text.size() > 4000 ? "is longer than 4,000 bytes" : "";
}

Complaint name_rule(std::string_view text) {
    return is_valid_name(text) ? "" : "must be 1 to 63 of a-z, 0-9, '-', '_', a letter or digit first";
}

Complaint host_name_rule(std::string_view text) {
    return is_valid_host_name(text) ? ""
        : "must be 1 to 63 of a-z, 0-9, '-', '_', '.', a letter or digit first";
}

Complaint image_rule(std::string_view text) {
    bool is_bad = !is_made_of(text, alnum, "._/:@-") || text.size() > 255
                  || text.find("..") != std::string_view::npos
                  || text.find("//") != std::string_view::npos || text.ends_with(':')
                  || text.ends_with('/') || text.ends_with('@');
    return is_bad ? "must be an image reference such as berth/desktop:latest" : "";
}

Complaint env_name_rule(std::string_view text) {
    bool is_good = is_made_of(text, alnum, "_") || (text.starts_with('_') && is_made_of(text, "_", "_"));
    if (!is_good || (text[0] >= '0' && text[0] <= '9') || text.size() > 128)
        return "must be a variable name: letters, digits and '_', no digit first";
    return {};
}

Complaint label_rule(std::string_view text) {
    if (!is_made_of(text, lower_alnum, "._/-") || text.size() > 128
        || std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; }))
        return "must be of a-z, 0-9, '.', '-', '_', '/', a letter or digit first";
    for (auto reserved : {"io.berth.", "com.docker.", "io.docker.", "org.dockerproject."})
        if (text.starts_with(reserved)) return fmt::format("begins with {}, which is reserved", reserved);
    return {};
}

Complaint capability_rule(std::string_view text) {
    if (text.starts_with("CAP_")) text.remove_prefix(4);
    if (std::ranges::find(never_given, text) != never_given.end())
        return "is never given to a session: it opens the way to the host";
    if (std::ranges::find(capabilities, text) != capabilities.end()) return {};
    auto near = nearest(text, capabilities);
    return near.empty() ? "is no capability of Linux (upper case, as CHOWN or NET_RAW)"
                        : fmt::format("is no capability of Linux; {} perhaps?", near);
}

Complaint resolution_rule(std::string_view text) {
    auto x = text.find('x');
    auto width = x == std::string_view::npos ? std::nullopt : parse_integer(text.substr(0, x));
    auto height = x == std::string_view::npos ? std::nullopt : parse_integer(text.substr(x + 1));
    if (!width || !height || text.size() > 9 || text[0] == '0' || text[x + 1] == '0')
        return "must be WIDTHxHEIGHT such as 1920x1080";
    if (*width < 320 || *width > 7680 || *height < 200 || *height > 4320)
        return "must lie between 320x200 and 7680x4320";
    return {};
}

Complaint engine_endpoint_rule(std::string_view text) {
    if (text.empty()) return {};
    if (has_control(text) || text.find(' ') != std::string_view::npos) return "has spaces or control characters";
    if (!is_utf8(text)) return "is not UTF-8 text";
    if (text.size() > 1000) return "is longer than 1,000 bytes";
    if (text.starts_with("unix://")) {
        if (!text.substr(7).starts_with('/')) return "needs an absolute path: unix:///var/run/docker.sock";
        return text.size() - 7 > 107 ? "has a path of more than 107 bytes, the most a unix socket can have" : "";
    }
    if (text.starts_with("ssh://")) return ssh_complaint(text.substr(6));
    if (text.starts_with("npipe:")) return "is a Windows pipe: only Linux engines are supported";
    if (text.starts_with("tcp://")) {
        auto parts = split_host_port(text.substr(6));
        if (!parts || !parts->port || !parse_port(*parts->port, 1)) return "must be tcp://host:port";
        return machine_complaint(parts->host);
    }
    return "must begin with unix://, ssh:// or tcp://";
}

Complaint volume_name_rule(std::string_view text) {
    return is_made_of(text, alnum, "_.-") && text.size() >= 2 && text.size() <= 128
        ? "" : "must be a volume's name: 2 to 128 letters, digits, '_', '.', '-', a letter or digit first";
}

Complaint mount_path_rule(std::string_view text) {
    if (auto complaint = path_rule(text); !complaint.empty()) return complaint;
    std::string whole{text};
    whole += '/';
    bool is_odd = !text.starts_with('/') || whole.find("//") != std::string::npos
                  || whole.find("/../") != std::string::npos || whole.find("/./") != std::string::npos
                  || text.find(':') != std::string_view::npos;
    if (is_odd || text == "/") return "must be an absolute path inside the container, without '..' and ':'";
    for (std::string_view system : {"/proc/", "/sys/", "/dev/", "/run/berth/"})
        if (whole.starts_with(system)) return fmt::format("lies in {}, which is not for volumes", system);
    return {};
}

Complaint origin_rule(std::string_view text) {
    auto scheme = text.starts_with("https://") ? 8U : text.starts_with("http://") ? 7U : 0U;
    if (scheme == 0) return "must begin with http:// or https://";
    auto rest = text.substr(scheme);
    if (rest.find('/') != std::string_view::npos)
        return "must end with the host and port: no path and no '/' behind them";
    auto parts = split_host_port(rest);
    if (!parts || (parts->port && !parse_port(*parts->port, 1))
        || std::ranges::any_of(rest, [](char c) { return c >= 'A' && c <= 'Z'; }))
        return "must be scheme://host[:port] in lower case";
    // Browsers never send the default port, so an origin that names it would match nobody.
    if (parts->port && *parts->port == (scheme == 8 ? "443" : "80")) return "must not name the default port";
    return {};
}

Complaint domain_rule(std::string_view text) {
    bool is_bad = text.empty() || text.size() > 200 || text.find("..") != std::string_view::npos
                  || text.starts_with('.') || text.ends_with('.') || text.starts_with('-')
                  || text.find_first_not_of(std::string{lower_alnum} + ".-") != std::string_view::npos;
    return is_bad ? "must be a host name in lower case such as apps.localhost" : "";
}

Complaint address_or_cidr_rule(std::string_view text) {
    auto slash = text.find('/');
    auto address = parse_address(text.substr(0, slash));
    if (!address) return "must be an address or a network such as 10.0.0.0/8";
    if (slash == std::string_view::npos) return {};
    auto prefix = parse_integer(text.substr(slash + 1));
    if (!prefix || *prefix < 0 || *prefix > address->bits)
        return fmt::format("must have a prefix length of 0 to {}", address->bits);
    if (has_host_bits(*address, static_cast<int>(*prefix)))
        return fmt::format("has bits set behind its prefix of {}", *prefix);
    return {};
}

Complaint pool_rule(std::string_view text) {
    if (auto complaint = address_or_cidr_rule(text); !complaint.empty()) return complaint;
    auto slash = text.find('/');
    if (slash == std::string_view::npos || text.find(':') != std::string_view::npos)
        return "must be an IPv4 network such as 10.231.0.0/16";
    auto prefix = parse_integer(text.substr(slash + 1)).value_or(32);
    if (prefix < 8 || prefix > 20) return "must have a prefix length of 8 to 20";
    return {};
}

std::optional<Listen> parse_listen(std::string_view text) {
    if (text.starts_with("*:")) {
        auto port = parse_port(text.substr(2), 0);
        return port ? std::optional{Listen{"0.0.0.0", *port}} : std::nullopt;
    }
    auto parts = split_host_port(text);
    if (!parts || !parts->port) return std::nullopt;
    auto port = parse_port(*parts->port, 0);
    std::string_view host = parts->host == "localhost" ? "127.0.0.1" : parts->host;
    if (!port || !parse_address(host)) return std::nullopt;
    return Listen{std::string{host}, *port};
}

std::string format_listen(const Listen& listen) {
    bool is_v6 = listen.address.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", listen.address, is_v6 ? "]" : "", listen.port);
}

} // namespace berth::config
