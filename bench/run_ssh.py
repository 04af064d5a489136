#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Create + start + first RFB greeting: through Berth over the local socket, through Berth over SSH, and by
`docker run` over a kept ssh connection (what the systems before Berth did), turn by turn in one run, one at
a time and ten at once. Then a port through the SSH connection against the same port directly, and the memory
of one more connection. JSON on standard output.

    bench/run_ssh.py build/release/berth build/release/bench/ssh_tunnel/ssh_tunnel [rounds [rounds of ten]]
"""
import json
import os
import statistics
import subprocess
import sys
import threading
import time

from berth_server import Berth
from run_floor import IMAGE, berth_start, greeting
from ssh_lab import Sshd


def docker_run(sshd):
    """The same limits as Berth sets; the network is the engine's own."""
    began = time.perf_counter()
    run = subprocess.run(
        sshd.command("docker", "run", "-d", "--rm", "--init", "-p", "127.0.0.1::5900", "--cap-drop", "ALL", "--memory", "4g",
                     "--memory-swap", "4g", "--cpus", "2", "--shm-size", "512m", "--pids-limit", "4096",
                     "--security-opt", "no-new-privileges", "-e", "VNC_PASSWORD=floor123", IMAGE),
        capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise SystemExit(f"docker run over ssh: {run.stderr}")
    container = run.stdout.strip()
    port = subprocess.run(sshd.command("docker", "port", container, "5900/tcp"), capture_output=True, text=True, check=True).stdout
    greeting(int(port.split(":")[1].split()[0]))
    took = time.perf_counter() - began
    subprocess.run(sshd.command("docker", "rm", "-f", container), stdout=subprocess.DEVNULL, check=True)
    return took


def together(count, start):
    """Until the last one is ready."""
    failures, took = [], []

    def one(i):
        try:
            took.append(start(i))
        except SystemExit as error:
            failures.append(str(error))
    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        raise SystemExit(failures[0])
    return max(took)


def measure_starts(ways, rounds, rounds_of_ten):
    """name → seconds of each round: one at a time, and until the last of ten is ready."""
    single = {name: [] for name in ways}
    for i in range(rounds):
        for name, start in ways.items():
            single[name].append(start(f"one{i}", 0.002))
    ten = {name: [] for name in ways}
    for turn in range(rounds_of_ten):
        for name, start in ways.items():
            # Ten who look every 2 ms would take the engine's cores away.
            ten[name].append(together(10, lambda i, start=start, turn=turn: start(f"ten{turn}-{i}", 0.02)))
    return single, ten


def summary(group):
    ms = lambda value: round(value * 1000, 1)
    ratio = lambda a, b: round(statistics.median(group[a]) / statistics.median(group[b]), 3)
    return {
        "ms": {name: {"p50": ms(statistics.median(values)), "min": ms(min(values)), "max": ms(max(values))}
               for name, values in group.items()},
        "ratio_p50": {"ssh_to_local": ratio("ssh", "local"), "ssh_to_docker_over_ssh": ratio("ssh", "docker_over_ssh"),
                      "ssh_secret_in_variable_to_docker_over_ssh": ratio("ssh_secret_in_variable", "docker_over_ssh")}}


def main():
    binary, tunnel = sys.argv[1], sys.argv[2]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    rounds_of_ten = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    sshd = Sshd()
    hosts = (f"ssh:\n  config_file: {sshd.config}\n  known_hosts: {sshd.known_hosts}\n"
             f"hosts:\n  - {{name: far, endpoint: \"ssh://{sshd.user}@127.0.0.1:{sshd.port}\"}}\n")
    local, far = Berth(binary), Berth(binary, hosts)
    ways = {"local": lambda slot, look: berth_start(local, slot, "small", look),
            "ssh": lambda slot, look: berth_start(far, slot, "small", look),
            "ssh_secret_in_variable": lambda slot, look: berth_start(far, "v" + slot, "small-env", look),
            "docker_over_ssh": lambda slot, look: docker_run(sshd)}
    try:
        for start in ways.values():
            start("warm-up", 0.02)
        single, ten = measure_starts(ways, rounds, rounds_of_ten)
        streams = json.loads(subprocess.run(
            [tunnel, "127.0.0.1", str(sshd.port), sshd.user, sshd.config, sshd.known_hosts],
            stdout=subprocess.PIPE, text=True, check=True).stdout)
    finally:
        local.stop()
        far.stop()
        sshd.stop()
    print(json.dumps({"rounds": rounds, "one": summary(single), "rounds_of_ten": rounds_of_ten, "ten": summary(ten),
                      "streams": streams}))


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(__file__))
    main()
