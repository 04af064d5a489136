# SPDX-License-Identifier: Apache-2.0
"""A Berth of its own for a measurement: fresh state folder, free port, signed in."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

CONFIG = """
templates:
  - name: small
    title: Small
    image: berth/test-rfb:latest
    endpoints: {desktop: "rfb:5900"}
    lease: {initial: 1h}
  - name: small-env
    title: Small, its secret in a variable
    image: berth/test-rfb:latest
    endpoints: {desktop: "rfb:5900"}
    secret: env:VNC_PASSWORD
    lease: {initial: 1h}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Berth:
    def __init__(self, binary, more_config=""):
        self.state = pathlib.Path(tempfile.mkdtemp(prefix="berth-bench-"))
        self.port = free_port()
        config = self.state / "berth.yaml"
        config.write_text(CONFIG + more_config)
        env = dict(os.environ, BERTH_ADMIN_PASSWORD="bench-password-1")
        self.log = open(self.state / "log", "w")
        self.process = subprocess.Popen(
            [binary, "serve", "--config", str(config), "--state-dir", str(self.state), "--port", str(self.port),
             "--set", "quota.max_sessions_per_user=0"],
            stdout=self.log, stderr=self.log, env=env)
        self.cookie = ""
        for _ in range(200):
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    break
            except OSError:
                pass
            time.sleep(0.05)
        else:
            raise SystemExit("berth did not start:\n" + (self.state / "log").read_text())
        status, headers, _ = self.call("POST", "/api/v1/login", {"username": "admin", "password": "bench-password-1"})
        if status != 204:
            raise SystemExit(f"sign-in failed: {status}")
        self.cookie = headers["Set-Cookie"].split(";")[0]
        self.kept = None

    def call(self, method, path, body=None, connection=None):
        own = connection is None
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Origin": f"http://127.0.0.1:{self.port}"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        text = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            text = json.dumps(body)
        connection.request(method, path, text, headers)
        reply = connection.getresponse()
        data = reply.read()
        if own:
            connection.close()
        kind = reply.headers.get("Content-Type", "")
        return reply.status, reply.headers, json.loads(data) if "json" in kind and data else data

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()
        shutil.rmtree(self.state, ignore_errors=True)
