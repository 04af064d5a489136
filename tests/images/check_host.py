# SPDX-License-Identifier: Apache-2.0
"""The firewall rules of tools/host_prepare.sh, proved from throw-away containers. A bridge whose name the rules do
not match is the control: what is blocked on one must get through on the other."""
import fcntl
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import contextmanager

from harness import RUN_LABEL, Container, Skipped, case, docker, wait_until

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "host_prepare.sh"
TEST_RFB = "berth/test-rfb:latest"
CONNECTED, REFUSED, NOTHING = 0, 1, 2
# Interface names of at most 15 characters, different for each run on this machine.
BERTH_0, BERTH_1, CONTROL = (f"{prefix}{os.getpid() % 1000000}" for prefix in ("brth-a", "brth-b", "ctl-"))


@contextmanager
def bridge(name):
    docker("network", "rm", name, check=False)
    docker("network", "create", "--label", RUN_LABEL, "-o", f"com.docker.network.bridge.name={name}", name)
    try:
        yield docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", name).stdout.decode().strip()
    finally:
        docker("network", "rm", name, check=False)


@contextmanager
def service_of_the_host():
    """Listens on all addresses, as a host's own service does."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        def serve():
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def probe(network, host, port):
    done = docker("run", "--rm", "--label", RUN_LABEL, "--network", network, "--cap-drop", "ALL", TEST_RFB,
                  "probe", host, str(port), check=False)
    assert done.returncode in (CONNECTED, REFUSED, NOTHING), done.stderr
    return done.returncode


@contextmanager
def applied_rules():
    if shutil.which("iptables", path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
        raise Skipped("there is no iptables")
    if os.geteuid() != 0 and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode != 0:
        raise Skipped("this needs root")
    if os.environ.get("DOCKER_HOST", "unix://").split(":")[0] != "unix":
        raise Skipped("the engine is on another machine")
    subprocess.run([TOOL, "apply"], check=True)
    subprocess.run([TOOL, "apply"], check=True)
    assert subprocess.run([TOOL, "check"], capture_output=True, check=False).returncode == 0
    yield


@contextmanager
def alone_on_this_machine():
    """The metadata address exists once; two runs at a time would take it from each other."""
    folder = os.open(tempfile.gettempdir(), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def metadata_service():
    """The address of cloud metadata, answered by a listener behind a bridge of its own: forwarded, not local."""
    docker("network", "rm", "metatest0", check=False)
    docker("network", "create", "--label", RUN_LABEL, "--subnet", "169.254.169.0/24", "-o",
           "com.docker.network.bridge.name=metatest0", "metatest0")
    try:
        with Container(TEST_RFB, "--ip", "169.254.169.254", env=["VNC_PASSWORD=x"], network="metatest0") as container:
            wait_until("its listener", lambda: container.exec("/rfb", "probe", "127.0.0.1", "5900", check=False) == "connected\n")
            # The engine keeps bridges apart; for this proof alone the way is opened.
            ways = [[direction, "169.254.169.254", "-j", "ACCEPT"] for direction in ("-d", "-s")]
            for way in ways:
                # Before the closing RETURN and thereby after our own jump, which is always the first.
                as_root("iptables", "-w", "10", "-I", "DOCKER-USER", str(rules_in("DOCKER-USER")), *way)
            try:
                yield
            finally:
                for way in ways:
                    as_root("iptables", "-w", "10", "-D", "DOCKER-USER", *way)
    finally:
        docker("network", "rm", "metatest0", check=False)


def as_root(*words):
    done = subprocess.run([*([] if os.geteuid() == 0 else ["sudo"]), *words], capture_output=True, check=True,
                          env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    return done.stdout.decode()


def rules_in(chain):
    return sum(line.startswith("-A") for line in as_root("iptables", "-w", "10", "-S", chain).splitlines())


@case
def host_rules_keep_desktops_off_the_host():
    with applied_rules(), service_of_the_host() as port:
        with bridge(CONTROL) as gateway:
            assert probe(CONTROL, gateway, port) == CONNECTED, "the control must get through"
        with bridge(BERTH_0) as gateway:
            assert probe(BERTH_0, gateway, port) == NOTHING
            for line in as_root("ip", "-4", "-o", "addr", "show", "scope", "global").splitlines():
                address = line.split()[3].split("/")[0]
                assert probe(BERTH_0, address, port) == NOTHING, address


@case
def host_rules_block_the_metadata_address():
    with applied_rules(), alone_on_this_machine(), metadata_service():
        with bridge(CONTROL):
            assert probe(CONTROL, "169.254.169.254", 5900) == CONNECTED, "the control must get through"
        with bridge(BERTH_0):
            assert probe(BERTH_0, "169.254.169.254", 5900) == NOTHING


@case
def host_rules_keep_desktops_apart():
    with applied_rules(), bridge(BERTH_0), bridge(BERTH_1):
        with Container(TEST_RFB, "-p", "0.0.0.0::5900", env=["VNC_PASSWORD=x"], network=BERTH_0) as container:
            networks = container.inspect()["NetworkSettings"]
            address = networks["Networks"][BERTH_0]["IPAddress"]
            published = networks["Ports"]["5900/tcp"][0]["HostPort"]
            gateway = networks["Networks"][BERTH_0]["Gateway"]
            # Docker itself keeps bridges apart, so only this line needs our rule: a network made without icc=false.
            assert probe(BERTH_0, address, 5900) == NOTHING
            assert probe(BERTH_1, address, 5900) == NOTHING
            assert probe(BERTH_1, gateway, published) == NOTHING
            # The neighbour's published port by the host's address, from inside the same network.
            assert probe(BERTH_0, gateway, published) == NOTHING


@case
def host_rules_leave_the_hosts_own_way_to_published_ports():
    with applied_rules(), bridge(BERTH_0):
        with Container(TEST_RFB, "-p", "127.0.0.1::5900", env=["VNC_PASSWORD=x"], network=BERTH_0) as container:
            container.wait_banner()
