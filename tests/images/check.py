# SPDX-License-Identifier: Apache-2.0
"""What the images promise. Run by check.sh; the pictures are kept in build/artifacts/images."""
import base64
import itertools
import json
import os
import pathlib
import socket
import sys
import time
import urllib.error
import urllib.request

import check_host  # noqa: F401  (its cases register themselves)
from harness import Container, case, docker, run_all, wait_until
from rfb import Client, Refused

DESKTOP = "berth/desktop:latest"
TEST_RFB = "berth/test-rfb:latest"
TEST_WEB = "berth/test-web:latest"
PASSWORD = "s3cret-8"
ARTIFACTS = pathlib.Path(__file__).resolve().parents[2] / "build" / "artifacts" / "images"
RFB_IMAGES = [DESKTOP, TEST_RFB]
ACTIVE_CLASS = "xprop -id $(xprop -root _NET_ACTIVE_WINDOW | sed 's/.*# //') WM_CLASS 2>/dev/null"


def started(image, *env, **more):
    container = Container(image, env=[f"VNC_PASSWORD={PASSWORD}", *env], **more)
    container.wait_banner()
    return container


def signed_in(container, password=PASSWORD):
    client = Client("127.0.0.1", container.port(5900))
    client.sign_in(password)
    return client


def must_refuse(what, action):
    try:
        action()
    except (Refused, OSError):
        return
    raise AssertionError(f"not refused: {what}")


def web_socket(port, path):
    """The socket after a WebSocket handshake."""
    link = socket.create_connection(("127.0.0.1", port), 10)
    key = base64.b64encode(os.urandom(16)).decode()
    link.sendall((f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        more = link.recv(1)
        if not more:
            break
        head += more
    assert b" 101 " in head.split(b"\r\n")[0], head
    return link


def frame(payload, opcode=2):
    mask = os.urandom(4)
    masked = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    assert len(payload) < 126
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked


def receive(link, size):
    data = b""
    while len(data) < size:
        more = link.recv(size - len(data))
        assert more, "closed"
        data += more
    return data


@case
def each_desktop_greets_and_offers_a_password_only():
    for image in RFB_IMAGES:
        with started(image) as container:
            client = Client("127.0.0.1", container.port(5900))
            client.greet()
            assert client.security_types == [2], f"{image}: {client.security_types}"
            client.choose(1)
            must_refuse(f"{image}: no authentication", lambda: client.receive(5))


@case
def each_desktop_refuses_a_wrong_password_and_takes_the_right_one():
    for image in RFB_IMAGES:
        with started(image, "RESOLUTION=800x600") as container:
            must_refuse(f"{image}: a wrong password", lambda: signed_in(container, "wrong"))
            client = signed_in(container)
            assert (client.width, client.height) == (800, 600), f"{image}: {client.width}x{client.height}"


@case
def each_desktop_prefers_the_secret_file_and_removes_it():
    for image in RFB_IMAGES:
        with Container(image, env=["VNC_PASSWORD=from-env"], secret_file="fromfile") as container:
            container.wait_banner()
            must_refuse(f"{image}: the environment's password", lambda: signed_in(container, "from-env"))
            signed_in(container, "fromfile").close()
            gone = docker("cp", f"{container.id}:/run/berth/rfb_secret", "-", check=False)
            assert gone.returncode != 0, f"{image}: the secret file is still there"


@case
def each_desktop_refuses_to_start_without_a_secret():
    for image in RFB_IMAGES:
        for more in ({}, {"secret_file": ""}):
            with Container(image, env=["VNC_PASSWORD="] if not more else [], **more) as container:
                assert container.wait_exit() == 78, image
                assert "secret" in container.logs(), container.logs()


@case
def each_desktop_is_not_locked_by_probes_that_only_read_the_greeting():
    for image in RFB_IMAGES:
        with started(image) as container:
            for _ in range(20):
                with socket.create_connection(("127.0.0.1", container.port(5900)), 5) as probe:
                    assert probe.recv(12) == b"RFB 003.008\n", image
            signed_in(container).close()


@case
def each_image_runs_as_uid_1000_and_stops_in_time():
    for image in [*RFB_IMAGES, TEST_WEB]:
        with Container(image, env=[f"VNC_PASSWORD={PASSWORD}"]) as container:
            if image != TEST_WEB:
                container.wait_banner()
            uids = docker("top", container.id, "-eo", "pid,uid").stdout.decode().split()[2:][1::2]
            assert uids and set(uids) == {"1000"}, f"{image}: {uids}"
            began = time.monotonic()
            docker("stop", "-t", "10", container.id)
            took = time.monotonic() - began
            assert took < 2, f"{image}: {took:.1f} s"
            assert container.inspect()["State"]["ExitCode"] == 143, container.inspect()["State"]


@case
def each_desktop_also_stops_without_the_engines_init():
    for image in RFB_IMAGES:
        name = docker("run", "-d", "--label", "io.berth.check=plain", "-e", f"VNC_PASSWORD={PASSWORD}", image).stdout.decode().strip()
        try:
            wait_until("it runs", lambda: docker("top", name, check=False).returncode == 0)
            began = time.monotonic()
            docker("stop", "-t", "10", name)
            assert time.monotonic() - began < 2, image
        finally:
            docker("rm", "-f", name, check=False)


@case
def each_image_describes_itself():
    expected = {
        DESKTOP: {"io.berth.endpoint.desktop": "rfb:5900", "io.berth.endpoint.web": "web:6080",
                  "io.berth.resolution.env": "RESOLUTION", "io.berth.secret": "file:/run/berth/rfb_secret",
                  "io.berth.user": "1000"},
        TEST_RFB: {"io.berth.endpoint.desktop": "rfb:5900", "io.berth.secret": "file:/run/berth/rfb_secret"},
        TEST_WEB: {"io.berth.endpoint.app": "web:8080"},
    }
    for image, labels in expected.items():
        found = json.loads(docker("image", "inspect", image).stdout)[0]["Config"]["Labels"]
        for name, value in labels.items():
            assert found.get(name) == value, f"{image}: {name} is {found.get(name)}"
        for name in ("title", "description", "version"):
            assert found.get(f"org.opencontainers.image.{name}"), f"{image}: no {name}"


@case
def desktop_shows_a_picture_and_follows_a_new_size():
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    with started(DESKTOP) as container:
        client = signed_in(container)
        assert (client.width, client.height) == (1920, 1080)

        def painted():
            client.screenshot()
            return client.colours() > 500 and client.pixel(960, 1070) != client.pixel(960, 300)

        wait_until("wallpaper and panel", painted)
        client.save_png(ARTIFACTS / "desktop.png")
        client.resize(1280, 720)
        client.wait_for("1280x720", lambda: (client.width, client.height) == (1280, 720))

        def panel_moved():
            client.screenshot()
            return client.pixel(640, 715) == client.pixel(700, 690) and client.colours() > 500

        wait_until("the panel at the new bottom", panel_moved)
        client.click(60, 700)
        closed = client.pixel(100, 600)

        def menu_open():
            client.screenshot()
            return client.pixel(100, 600) != closed

        wait_until("the menu", menu_open)
        client.save_png(ARTIFACTS / "desktop-menu.png")


@case
def desktop_takes_keys_and_clipboard_both_ways():
    with started(DESKTOP) as container:
        client = signed_in(container)
        wait_until("the window manager", lambda: "openbox" in container.exec("ps", "-eo", "comm") and "tint2" in container.exec("ps", "-eo", "comm"))
        container.exec("sh", "-c", "xfce4-terminal --disable-server --maximize >/dev/null 2>&1 &")
        wait_until("a shell in the terminal", lambda: "pts/" in container.exec("ps", "-eo", "tty,comm"))
        wait_until("the terminal in front", lambda: "terminal" in container.exec("sh", "-c", ACTIVE_CLASS, check=False))
        client.type("cat > /tmp/typed\n")
        wait_until("cat", lambda: "cat" in container.exec("ps", "-eo", "comm").split())
        pasted = "fr\xfchst\xfcck 42"
        client.cut(pasted)

        def arrived():
            client.tap(0xFFE3, 0xFFE1, ord("V"))  # Control Shift V
            client.type("\n")
            return pasted in container.exec("cat", "/tmp/typed")

        wait_until("the pasted text in the file", arrived)
        client.tap(0xFFE3, ord("c"))
        # A triple click selects a line; a screen full of one text makes sure which.
        client.type("clear; yes to-the-browser | head -40\n")
        lines = itertools.cycle((300, 400, 500))

        def selected():
            row = next(lines)
            for _ in range(3):
                client.click(60, row)
            # The text takes two round trips between programs; another click meanwhile would undo the selection.
            end = time.monotonic() + 3
            while time.monotonic() < end:
                client.screenshot()
                if any("to-the-browser" in text for text in client.cut_texts):
                    return True
                time.sleep(0.05)
            return False

        wait_until("the selected line in the viewer", selected, 30)


@case
def desktop_serves_novnc_on_6080():
    with started(DESKTOP) as container:
        base = f"http://127.0.0.1:{container.port(6080)}"

        def page():
            try:
                with urllib.request.urlopen(f"{base}/vnc.html", timeout=5) as answer:
                    return answer.status == 200 and b"noVNC" in answer.read()
            except (urllib.error.URLError, OSError):
                return False

        wait_until("/vnc.html", page)
        link = web_socket(container.port(6080), "/websockify")
        head = receive(link, 2)
        assert head[0] == 0x82 and receive(link, head[1]) == b"RFB 003.008\n"
        must_refuse("a listing of files", lambda: urllib.request.urlopen(f"{base}/app/", timeout=5))


@case
def desktop_ends_with_its_x_server():
    with started(DESKTOP) as container:
        container.exec("sh", "-c", "kill -KILL $(pidof Xtigervnc)")
        assert container.wait_exit() != 0


@case
def desktop_has_its_locales_and_survives_an_odd_resolution():
    with started(DESKTOP, "RESOLUTION=12;reboot") as container:
        client = signed_in(container)
        assert (client.width, client.height) == (1920, 1080)
        assert "RESOLUTION" in container.logs()
        locales = container.exec("locale", "-a").lower()
        for name in ("c.utf8", "en_us.utf8", "de_de.utf8"):
            assert name in locales, locales


@case
def test_desktop_shows_quadrants_and_counts_events():
    with started(TEST_RFB, "RESOLUTION=640x480", "BERTH_WITNESS=name-1") as container:
        client = signed_in(container)
        assert client.name == "name-1", client.name
        client.screenshot()
        corners = [client.pixel(x, y) for x, y in ((5, 5), (630, 5), (5, 470), (630, 470))]
        assert corners == [(0xC0, 0x30, 0x30), (0x30, 0xA0, 0x30), (0x30, 0x50, 0xC0), (0xD0, 0xC0, 0x30)], corners
        assert client.pixel(320, 240) == (255, 255, 255)
        client.key(65)
        client.wait_for("the cell's next colour", lambda: client.pixel(320, 240) == (0, 0, 0))
        client.pointer(7, 9, 1)
        client.cut('say "h\xe9llo"')
        client.wait_for("the text echoed", lambda: client.cut_texts == ['say "h\xe9llo"'])
        lines = [json.loads(line) for line in container.exec("/rfb", "cat", "/tmp/witness.jsonl").splitlines()]
        events = [{k: v for k, v in line.items() if k != "client"} for line in lines if line["event"] != "client"]
        assert events == [{"event": "key", "down": True, "key": 65},
                          {"event": "pointer", "buttons": 1, "x": 7, "y": 9},
                          {"event": "cut", "text": 'say "h\xe9llo"'}], events


@case
def test_desktop_resizes_for_every_viewer():
    with started(TEST_RFB) as container:
        first, second = signed_in(container), signed_in(container)
        first.screenshot()
        second.screenshot()
        first.resize(500, 300)
        for client in (first, second):
            client.wait_for("500x300", lambda: (client.width, client.height) == (500, 300))  # noqa: B023
            client.screenshot()
            assert client.pixel(499, 299) == (0xD0, 0xC0, 0x30)
        first.resize(60000, 1)
        first.wait_for("the capped size", lambda: (first.width, first.height) == (4096, 16))


@case
def test_desktop_obeys_its_knobs():
    with started(TEST_RFB, "TEST_EXIT_AFTER_MS=700", "TEST_EXIT_CODE=9") as container:
        assert container.wait_exit() == 9
    with started(TEST_RFB, "TEST_START_DELAY_MS=600") as container:
        assert time.monotonic() - container.began > 0.6
    with started(TEST_RFB, "TEST_IGNORE_TERM=1") as container:
        docker("stop", "-t", "1", container.id)
        assert container.inspect()["State"]["ExitCode"] == 137
    with Container(TEST_RFB, env=[f"VNC_PASSWORD={PASSWORD}", "TEST_NEVER_READY=1"]) as container:
        wait_until("listening", lambda: container.exec("/rfb", "probe", "127.0.0.1", "5900", check=False) == "connected\n")
        with socket.create_connection(("127.0.0.1", container.port(5900)), 5) as silent:
            silent.settimeout(0.5)
            must_refuse("a greeting", lambda: silent.recv(1) or None)
        assert docker("exec", container.id, "/rfb", "probe", "127.0.0.1", "5999", check=False).returncode == 1


@case
def test_application_tells_what_it_received():
    with Container(TEST_WEB) as container:
        base = f"http://127.0.0.1:{container.port(8080)}"
        def get(path, data=None):
            request = urllib.request.Request(base + path, data=data, headers={"X-Test": 'a"b'})
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.read()

        def healthy():
            try:
                return get("/health") == b"ok\n"
            except OSError:
                return False

        wait_until("/health", healthy)
        assert ["X-Test", 'a"b'] in json.loads(get("/headers?q=1"))["headers"]
        assert len(get("/big?bytes=100001")) == 100001
        assert json.loads(get("/upload", b"x" * 70000)) == {"bytes": 70000}
        began = time.monotonic()
        get("/slow?ms=300")
        assert time.monotonic() - began >= 0.3
        link = web_socket(container.port(8080), "/echo")
        link.sendall(frame(b"hello", 1))
        assert receive(link, 7) == b"\x81\x05hello"
        link.sendall(frame(b"", 8))
        assert receive(link, 2) == b"\x88\x00"


if __name__ == "__main__":
    sys.exit(run_all(sys.argv[1:]))
