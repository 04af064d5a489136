#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engine's floor (create + start + first RFB greeting by direct Engine calls) against the same
through Berth's API, cold, taken turn by turn in one run. JSON on standard output.

    bench/run_floor.py build/release/berth [rounds]
"""
import http.client
import json
import os
import re
import socket
import statistics
import sys
import time

from berth_server import Berth

IMAGE = "berth/test-rfb:latest"


class Engine(http.client.HTTPConnection):
    def __init__(self):
        super().__init__("localhost", timeout=60)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/var/run/docker.sock")

    def ask(self, method, path, body=None):
        text = json.dumps(body) if body is not None else None
        self.request(method, "/v1.41" + path, text, {"Content-Type": "application/json"} if text else {})
        reply = self.getresponse()
        data = reply.read()
        if reply.status >= 400:
            raise SystemExit(f"engine: {method} {path}: {reply.status} {data!r}")
        return json.loads(data) if data else None


def greeting(port):
    """Until the RFB version line has been read; tries again while nobody answers."""
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                if s.recv(12).startswith(b"RFB 003."):
                    return
        except OSError:
            pass
        time.sleep(0.002)


def engine_start(engine, network):
    """The same container as Berth asks for, without Berth."""
    host = {"PortBindings": {"5900/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}, "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"], "PidsLimit": 4096, "Memory": 4 << 30, "MemorySwap": 4 << 30,
            "NanoCpus": 2 * 10**9, "ShmSize": 512 << 20, "Init": True, "NetworkMode": network,
            "LogConfig": {"Type": "local", "Config": {"max-size": "5m", "max-file": "2"}}}
    begin = time.perf_counter()
    made = engine.ask("POST", "/containers/create", {"Image": IMAGE, "Env": ["VNC_PASSWORD=floor123"],
                                                     "ExposedPorts": {"5900/tcp": {}}, "HostConfig": host})
    engine.ask("POST", f"/containers/{made['Id']}/start")
    ports = engine.ask("GET", f"/containers/{made['Id']}/json")["NetworkSettings"]["Ports"]
    greeting(int(ports["5900/tcp"][0]["HostPort"]))
    took = time.perf_counter() - begin
    engine.ask("DELETE", f"/containers/{made['Id']}?force=1&v=1")
    return took


def berth_start(berth, slot, template="small", look_s=0.002):
    """Seconds until it is ready, seen within `look_s`."""
    connection = berth.connection()
    begin = time.perf_counter()
    status, _, session = berth.call("POST", "/api/v1/sessions", {"template": template, "slot": slot}, connection)
    if status != 202:
        raise SystemExit(f"create: {status} {session}")
    path = f"/api/v1/sessions/{session['id']}"
    while session["state"] != "ready":
        if session["state"] == "ended":
            raise SystemExit(f"did not start: {session['end']}")
        time.sleep(look_s)
        session = berth.call("GET", path, None, connection)[2]
    took = time.perf_counter() - begin
    berth.call("DELETE", path, None, connection)
    while berth.call("GET", path, None, connection)[2]["state"] != "ended":
        time.sleep(0.01)
    connection.close()
    return took


def main():
    binary, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 30
    engine = Engine()
    berth = Berth(binary)
    try:
        berth_start(berth, "warm-up")  # makes Berth's network, fills caches
        deployment = re.search(r"deployment=(\S+)", (berth.state / "log").read_text()).group(1)
        network = next(n["Name"] for n in engine.ask("GET", "/networks")
                       if (n["Labels"] or {}).get("io.berth.deployment") == deployment)
        engine_start(engine, network)
        floor, through, by_variable = [], [], []
        for i in range(rounds):
            floor.append(engine_start(engine, network))
            through.append(berth_start(berth, f"s{i}"))
            by_variable.append(berth_start(berth, f"e{i}", "small-env"))
    finally:
        berth.stop()
    ms = lambda values, q: round(statistics.quantiles(values, n=20)[q] * 1000, 1)
    result = {"rounds": rounds, "engine_ms": {"p50": ms(floor, 9), "p95": ms(floor, 18)},
              "berth_ms": {"p50": ms(through, 9), "p95": ms(through, 18)},
              "berth_secret_in_variable_ms": {"p50": ms(by_variable, 9), "p95": ms(by_variable, 18)},
              "ratio_p50": round(statistics.median(through) / statistics.median(floor), 3),
              "ratio_p50_secret_in_variable": round(statistics.median(by_variable) / statistics.median(floor), 3)}
    print(json.dumps(result))


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(__file__))
    main()
