#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the gateway against websockify and against nginx in front of websockify, in one run.

Bulk: one stream from the desktop, MB/s and CPU seconds per GB of the proxy. Small: 10 bytes up and
1 KB down, one at a time per viewer, round trip and CPU per exchange, at 1 and at 100 viewers. Idle:
resident memory per viewer. Prints a table to standard error and JSON to standard output.

    cmake --preset release -DBERTH_BENCH=ON && cmake --build build/release --target gateway_relay
    bench/run_gateway.py build/release/bench/gateway_relay/gateway_relay
"""
import argparse
import json
import os
import pathlib
import platform
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, process):
    for _ in range(200):
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended before its port was open")
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"port {port} did not open")


def tree(pid):
    """The process and its descendants that are alive now."""
    found, todo = [], [pid]
    while todo:
        current = todo.pop()
        found.append(current)
        try:
            for task in os.listdir(f"/proc/{current}/task"):
                todo += map(int, open(f"/proc/{current}/task/{task}/children").read().split())
        except OSError:
            pass
    return found


def cpu_seconds(pids):
    """User and system time of the trees, of ended and awaited children too."""
    ticks = 0
    for pid in pids:
        for one in tree(pid):
            try:
                fields = open(f"/proc/{one}/stat").read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks += sum(map(int, fields[11:13])) + (sum(map(int, fields[13:15])) if one == pid else 0)
    return ticks / TICK


def rss_bytes(pids):
    total = 0
    for pid in pids:
        for one in tree(pid):
            try:
                total += int(open(f"/proc/{one}/statm").read().split()[1]) * PAGE
            except OSError:
                pass
    return total


class Bench:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.running = []
        self.desktop = free_port()
        self.start([program, "desktop", "--port", str(self.desktop)], self.desktop)

    def start(self, command, port):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.running.append(process)
        wait_port(port, process)
        return process.pid

    def stop(self):
        for process in reversed(self.running):
            process.terminate()
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()

    def gateway(self):
        port = free_port()
        pid = self.start(
            [self.program, "gateway", "--port", str(port), "--desktop", str(self.desktop)], port)
        return port, [pid]

    def websockify(self):
        port = free_port()
        pid = self.start(["websockify", f"127.0.0.1:{port}", f"127.0.0.1:{self.desktop}"], port)
        return port, [pid]

    def nginx(self, upstream):
        port = free_port()
        config = self.folder / "nginx.conf"
        config.write_text(f"""
daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p;
  fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{upstream}; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
      proxy_set_header Host $host; proxy_read_timeout 1h;
    }}
  }}
}}""")
        return port, [self.start(["nginx", "-c", str(config), "-p", str(self.folder)], port)]

    def load(self, port, pids, *options):
        """One load run; the proxy's CPU is taken before and just after it."""
        before = cpu_seconds(pids)
        done = subprocess.run(
            [self.program, "load", "--port", str(port), *map(str, options)],
            capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            sys.exit(f"load failed: {done.stderr}")
        time.sleep(0.3)  # children of websockify are awaited by their parent now
        return json.loads(done.stdout), cpu_seconds(pids) - before

    def idle(self, port, pids, viewers):
        before = rss_bytes(pids)
        process = subprocess.Popen(
            [self.program, "load", "--port", str(port), "--viewers", str(viewers), "--idle", "1"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if process.stdout.readline().strip() != "ready":
            sys.exit("the idle viewers did not open")
        time.sleep(1)
        after = rss_bytes(pids)
        process.stdin.close()
        process.wait(20)
        return {"viewers": viewers, "kib_per_viewer": round((after - before) / viewers / 1024, 1)}


def measure(bench, name, port, pids, options, bulk, exchanges):
    result = {"name": name}
    bench.load(port, pids, *options, "--bulk", 64)  # warm
    bulks = []
    for _ in range(3):
        seen, cpu = bench.load(port, pids, *options, "--bulk", bulk)
        size = seen["mib"] * 1048576
        bulks.append({"mb_per_s": round(size / seen["seconds"] / 1e6),
                      "cpu_s_per_gb": round(cpu / (size / 1e9), 2)})
    result["bulk"] = max(bulks, key=lambda one: one["mb_per_s"])
    result["bulk_runs"] = bulks
    for viewers in (1, 100):
        each = exchanges if viewers == 1 else max(1, exchanges // 50)
        seen, cpu = bench.load(
            port, pids, *options, "--viewers", viewers, "--exchanges", each)
        result[f"small_{viewers}"] = {
            "p50_us": seen["p50_us"], "p99_us": seen["p99_us"],
            "per_s": round(seen["exchanges"] / seen["seconds"]),
            "cpu_us": round(cpu / seen["exchanges"] * 1e6, 1)}
    return result


def table(results):
    lines = ["| | MB/s | CPU s/GB | p50 µs (1) | p99 µs (1) | CPU µs (1) | p50 µs (100) | CPU µs (100) |",
             "|---|---|---|---|---|---|---|---|"]
    for one in results:
        a, b = one["small_1"], one["small_100"]
        lines.append(f"| {one['name']} | {one['bulk']['mb_per_s']} | {one['bulk']['cpu_s_per_gb']} | "
                     f"{a['p50_us']} | {a['p99_us']} | {a['cpu_us']} | {b['p50_us']} | {b['cpu_us']} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--bulk", type=int, default=1024, help="MiB of one stream")
    parser.add_argument("--exchanges", type=int, default=20000)
    parser.add_argument("--idle", type=int, default=1000, help="viewers, 0 = leave out")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-bench-"))
    folder.chmod(0o755)
    bench = Bench(args.program, folder)
    results, idle = [], {}
    try:
        results.append(measure(bench, "direct TCP", bench.desktop, [], ["--raw", 1],
                               args.bulk, args.exchanges))
        port, pids = bench.gateway()
        results.append(measure(bench, "berth gateway", port, pids, [], args.bulk, args.exchanges))
        if args.idle:
            idle_port, idle_pids = bench.gateway()
            bench.load(idle_port, idle_pids, "--exchanges", 10)
            idle = bench.idle(idle_port, idle_pids, args.idle)
        if shutil.which("websockify"):
            port, pids = bench.websockify()
            options = ["--target", "/"]
            results.append(measure(bench, "websockify", port, pids, options, args.bulk, args.exchanges))
            if shutil.which("nginx"):
                front, front_pids = bench.nginx(port)
                results.append(measure(bench, "nginx + websockify", front, front_pids + pids, options,
                                       args.bulk, args.exchanges))
    finally:
        bench.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(table(results), file=sys.stderr)
    print(f"idle: {idle}", file=sys.stderr)
    json.dump({"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "kernel": platform.release(),
               "cpus": os.cpu_count(), "load_average": os.getloadavg(), "relay": results,
               "idle": idle}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
