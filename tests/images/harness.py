# SPDX-License-Identifier: Apache-2.0
"""Containers, waiting and counting for the image checks."""
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import time
import traceback

RUN_LABEL = f"io.berth.check={os.getpid()}"
HARDENED = ["--init", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "4096",
            "--shm-size", "512m"]
CASES = []


class Skipped(Exception):
    """The machine lacks what the case needs; said loudly, counted apart."""


def case(function):
    CASES.append(function)
    return function


def docker(*words, stdin=None, check=True):
    done = subprocess.run(["docker", *words], input=stdin, capture_output=True, timeout=60)
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(words)}: {done.stderr.decode().strip()}")
    return done


def wait_until(what, condition, seconds=15.0):
    """Polls often; fails with `what` after a hard limit."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Container:
    """A running container of the image; removed at the end of the with block."""

    def __init__(self, image, *words, env=(), secret_file=None, command=(), network=None, start=True):
        flags = [*HARDENED, "--label", RUN_LABEL, *words]
        for item in env:
            flags += ["-e", item]
        for port in (5900, 6080, 8080):
            if network is None:
                flags += ["-p", f"127.0.0.1::{port}"]
        if network is not None:
            flags += ["--network", network]
        self.id = docker("create", *flags, image, *command).stdout.decode().strip()
        if secret_file is not None:
            docker("cp", "-", f"{self.id}:/run/berth", stdin=secret_tar(secret_file))
        self.began = time.monotonic()
        if start:
            docker("start", self.id)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        docker("rm", "-f", self.id, check=False)

    def inspect(self):
        return json.loads(docker("inspect", self.id).stdout)[0]

    def port(self, inside):
        bindings = self.inspect()["NetworkSettings"]["Ports"][f"{inside}/tcp"]
        return int(bindings[0]["HostPort"])

    def logs(self):
        done = docker("logs", self.id)
        return (done.stdout + done.stderr).decode(errors="replace")

    def exec(self, *words, check=True):
        done = docker("exec", self.id, *words, check=check)
        return done.stdout.decode(errors="replace")

    def wait_exit(self, seconds=10.0):
        wait_until("the container ends", lambda: self.inspect()["State"]["Status"] == "exited", seconds)
        return self.inspect()["State"]["ExitCode"]

    def wait_banner(self, seconds=15.0):
        """The engine's proxy accepts before anybody listens, so only the greeting counts."""
        port = self.port(5900)

        def greeted():
            try:
                with socket.create_connection(("127.0.0.1", port), 2) as probe:
                    return probe.recv(12) == b"RFB 003.008\n"
            except OSError:
                return False

        wait_until("the RFB greeting; log: " + self.logs()[-500:], greeted, seconds)
        return port


def secret_tar(text):
    """As Berth delivers it: one file, owner 1000, nobody else may read."""
    data = text.encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo("rfb_secret")
        entry.size, entry.mode, entry.uid, entry.gid = len(data), 0o400, 1000, 1000
        tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def run_all(words):
    """Runs the cases whose name contains one of the words. The last line is the count."""
    passed = failed = skipped = 0
    for function in CASES:
        name = function.__name__.replace("_", " ")
        if words and not any(word in name for word in words):
            continue
        began = time.monotonic()
        try:
            function()
            passed += 1
            print(f"ok      {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Skipped as reason:
            skipped += 1
            print(f"SKIPPED {name}: {reason}", flush=True)
        except Exception as error:  # a check must go on to the next one
            failed += 1
            print(f"FAILED  {name}: {error}", flush=True)
            traceback.print_exc(file=sys.stdout)
    left = docker("ps", "-aq", "--filter", f"label={RUN_LABEL}").stdout.decode().split()
    for container in left:
        docker("rm", "-f", container, check=False)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0
