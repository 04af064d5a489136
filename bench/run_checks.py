#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests per second of decisions that Berth takes from memory, against one nginx worker that
answers a constant, with the same client (wrk) in one run. JSON on standard output.

    bench/run_checks.py build/release/berth [seconds]
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from berth_server import Berth, free_port

NGINX = """
worker_processes 1; daemon off; pid {root}/pid; error_log {root}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {root}/a; proxy_temp_path {root}/b; fastcgi_temp_path {root}/c;
uwsgi_temp_path {root}/d; scgi_temp_path {root}/e; keepalive_requests 100000000;
server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }} }}
"""


def rate(url, seconds, headers=(), script=None):
    command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", script]
    out = subprocess.run(command + [url], check=True, capture_output=True, text=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return {"per_second": round(float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))),
            "p99": re.search(r"99%\s+(\S+)", out).group(1), "refused": int(bad.group(1)) if bad else 0}


def main():
    binary, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    root = pathlib.Path(tempfile.mkdtemp(prefix="berth-nginx-"))
    port = free_port()
    (root / "nginx.conf").write_text(NGINX.format(root=root, port=port))
    nginx = subprocess.Popen(["nginx", "-p", str(root), "-c", str(root / "nginx.conf")], stderr=subprocess.DEVNULL)
    berth = Berth(binary)
    try:
        time.sleep(0.5)
        _, _, session = berth.call("POST", "/api/v1/sessions", {"template": "small"})
        path = f"/api/v1/sessions/{session['id']}"
        while berth.call("GET", path)[2]["state"] != "ready":
            time.sleep(0.05)
        own = f"http://127.0.0.1:{berth.port}"
        headers = [f"Cookie: {berth.cookie}", f"Origin: {own}"]
        script = root / "post.lua"
        script.write_text('wrk.method = "POST"\n')
        result = {"seconds": seconds,
                  "nginx_constant": rate(f"http://127.0.0.1:{port}/", seconds),
                  "healthz": rate(own + "/healthz", seconds),
                  "authenticated_me": rate(own + "/api/v1/me", seconds, headers),
                  "ticket": rate(own + path + "/ticket", seconds, headers, str(script))}
        result["me_to_nginx"] = round(result["authenticated_me"]["per_second"] / result["nginx_constant"]["per_second"], 3)
        result["ticket_to_nginx"] = round(result["ticket"]["per_second"] / result["nginx_constant"]["per_second"], 3)
        berth.call("DELETE", path)
        while berth.call("GET", path)[2]["state"] != "ended":
            time.sleep(0.05)
        print(json.dumps(result))
    finally:
        berth.stop()
        nginx.terminate()
        nginx.wait()
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(__file__))
    main()
