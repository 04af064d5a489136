#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Create + start + first RFB greeting: through Berth over the local socket, through Berth over SSH, and by
`docker run` over a kept ssh connection (what the systems before Berth did), turn by turn in one run, one at
a time and ten at once. Then a port through the SSH connection against the same port directly. JSON on
standard output.

    bench/run_ssh.py build/release/berth build/release/bench/ssh_tunnel/ssh_tunnel [rounds]
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


def main():
    binary, tunnel = sys.argv[1], sys.argv[2]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    sshd = Sshd()
    hosts = (f"ssh:\n  config_file: {sshd.config}\n  known_hosts: {sshd.known_hosts}\n"
             f"hosts:\n  - {{name: far, endpoint: \"ssh://{sshd.user}@127.0.0.1:{sshd.port}\"}}\n")
    local, far = Berth(binary), Berth(binary, hosts)
    try:
        for berth in (local, far):
            berth_start(berth, "warm-up")
        docker_run(sshd)
        ways = {"local": lambda i: berth_start(local, f"l{i}"), "ssh": lambda i: berth_start(far, f"f{i}"),
                "docker_over_ssh": lambda i: docker_run(sshd)}
        single = {name: [] for name in ways}
        for i in range(rounds):
            for name, start in ways.items():
                single[name].append(start(i))
        ten = {name: [] for name in ways}
        for turn in range(3):
            for name, start in ways.items():
                ten[name].append(together(10, lambda i, start=start, turn=turn: start(1000 * (turn + 1) + i)))
        tunnel_figures = json.loads(subprocess.run(
            [tunnel, "127.0.0.1", str(sshd.port), sshd.user, sshd.config, sshd.known_hosts],
            capture_output=True, text=True, check=True).stdout)
    finally:
        local.stop()
        far.stop()
        sshd.stop()
    ms = lambda values: round(statistics.median(values) * 1000, 1)
    ratio = lambda group, a, b: round(statistics.median(group[a]) / statistics.median(group[b]), 3)
    print(json.dumps({
        "rounds": rounds,
        "one_ms": {name: ms(values) for name, values in single.items()},
        "one_ratio": {"ssh_to_local": ratio(single, "ssh", "local"), "ssh_to_docker_over_ssh": ratio(single, "ssh", "docker_over_ssh")},
        "ten_ms": {name: ms(values) for name, values in ten.items()},
        "ten_ratio": {"ssh_to_local": ratio(ten, "ssh", "local"), "ssh_to_docker_over_ssh": ratio(ten, "ssh", "docker_over_ssh")},
        "tunnel": tunnel_figures}))


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(__file__))
    main()
