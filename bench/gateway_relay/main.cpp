// SPDX-License-Identifier: Apache-2.0
#include "bench/gateway_relay/parts.hpp"

#include <cstdio>
#include <cstring>
#include <map>
#include <string>

namespace {

int usage() {
    std::fputs(
        "gateway_relay desktop --port N\n"
        "gateway_relay gateway --port N --desktop N [--threads N]\n"
        "gateway_relay load --port N [--target PATH] [--raw 1] [--viewers N]\n"
        "              (--bulk MIB | --exchanges N | --idle 1)\n",
        stderr
    );
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc % 2 != 0) return usage();
    std::map<std::string, std::string> options;
    for (int i = 2; i + 1 < argc; i += 2)
        options[argv[i]] = argv[i + 1];
    const auto number = [&](const char* name, int otherwise) {
        return options.contains(name) ? std::stoi(options[name]) : otherwise;
    };
    const auto port = static_cast<std::uint16_t>(number("--port", 0));
    const std::string part = argv[1];
    if (part == "desktop") return berth::bench::run_desktop(port);
    if (part == "gateway")
        return berth::bench::run_gateway(
            port, static_cast<std::uint16_t>(number("--desktop", 0)), number("--threads", 2)
        );
    if (part != "load") return usage();
    berth::bench::Load load;
    load.port = port;
    if (options.contains("--target")) load.target = options["--target"];
    load.is_raw = number("--raw", 0) != 0;
    load.bulk_mib = number("--bulk", 0);
    load.exchanges = number("--exchanges", 0);
    load.viewers = number("--viewers", 1);
    load.is_idle = number("--idle", 0) != 0;
    return berth::bench::run_load(load);
}
