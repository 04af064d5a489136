# SPDX-License-Identifier: Apache-2.0
"""A small RFB 3.8 client for checking images. DES comes from the openssl program, so that nothing here shares
code with what it judges."""
import socket
import struct
import subprocess
import zlib


class Refused(Exception):
    """The server answered, and said no."""


def vnc_response(password, challenge):
    key = bytes(int(f"{b:08b}"[::-1], 2) for b in password.encode("latin-1")[:8].ljust(8, b"\0"))
    done = subprocess.run(
        ["openssl", "enc", "-des-ecb", "-nopad", "-K", key.hex(), "-provider", "legacy", "-provider", "default"],
        input=challenge, capture_output=True, check=True)
    return done.stdout


class Client:
    """One connection. Every wait ends after `timeout` seconds with an exception."""

    def __init__(self, host, port, timeout=10.0):
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.security_types = []
        self.width = self.height = 0
        self.name = ""
        self.cut_texts = []
        self.picture = bytearray()
        self.pixel_rectangles = 0

    def close(self):
        self.socket.close()

    def receive(self, size):
        data = bytearray()
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise Refused("the server closed the connection")
            data += more
        return bytes(data)

    def greet(self):
        greeting = self.receive(12)
        if greeting != b"RFB 003.008\n":
            raise Refused(f"unexpected greeting {greeting!r}")
        self.socket.sendall(greeting)
        count = self.receive(1)[0]
        if count == 0:
            raise Refused(self.reason())
        self.security_types = list(self.receive(count))

    def reason(self):
        return self.receive(struct.unpack(">I", self.receive(4))[0]).decode("latin-1")

    def choose(self, security_type):
        self.socket.sendall(bytes([security_type]))

    def sign_in(self, password):
        self.greet()
        self.choose(2)
        self.socket.sendall(vnc_response(password, self.receive(16)))
        if struct.unpack(">I", self.receive(4))[0] != 0:
            raise Refused(self.reason())
        self.socket.sendall(b"\1")
        self.width, self.height = struct.unpack(">HH", self.receive(4))
        self.receive(16)
        self.name = self.reason()
        # 32 bits, little-endian, red in the lowest byte: the order of PNG.
        self.socket.sendall(struct.pack(">BxxxBBBBHHHBBBxxx", 0, 32, 24, 0, 1, 255, 255, 255, 0, 8, 16))
        # Raw, ExtendedDesktopSize, DesktopSize
        self.socket.sendall(struct.pack(">BxHiii", 2, 3, 0, -308, -223))
        self.picture = bytearray(self.width * self.height * 4)

    def ask(self, incremental=False):
        self.socket.sendall(struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height))

    def key(self, key, down=True):
        self.socket.sendall(struct.pack(">BBxxI", 4, down, key))

    def tap(self, *keys):
        for key in keys:
            self.key(key, True)
        for key in reversed(keys):
            self.key(key, False)

    def type(self, text):
        for character in text:
            self.tap(0xFF0D if character == "\n" else ord(character))

    def pointer(self, x, y, buttons=0):
        self.socket.sendall(struct.pack(">BBHH", 5, buttons, x, y))

    def click(self, x, y, button=1):
        self.pointer(x, y)
        self.pointer(x, y, button)
        self.pointer(x, y)

    def cut(self, text):
        data = text.encode("latin-1")
        self.socket.sendall(struct.pack(">BxxxI", 6, len(data)) + data)

    def resize(self, width, height):
        self.socket.sendall(struct.pack(">BxHHBx", 251, width, height, 1) +
                            struct.pack(">IHHHHI", 1, 0, 0, width, height, 0))

    def read_message(self):
        """Handles one message of the server's and returns its type."""
        kind = self.receive(1)[0]
        if kind == 0:
            for _ in range(struct.unpack(">xH", self.receive(3))[0]):
                self.read_rectangle()
        elif kind == 3:
            length = struct.unpack(">xxxI", self.receive(7))[0]
            self.cut_texts.append(self.receive(length).decode("latin-1"))
        elif kind != 2:
            raise Refused(f"unexpected message {kind}")
        return kind

    def read_rectangle(self):
        x, y, width, height, encoding = struct.unpack(">HHHHi", self.receive(12))
        if encoding in (-308, -223):
            if encoding == -308:
                self.receive(struct.unpack(">Bxxx", self.receive(4))[0] * 16)
            if (width, height) != (self.width, self.height):
                self.width, self.height = width, height
                self.picture = bytearray(width * height * 4)
            return
        if encoding != 0:
            raise Refused(f"unexpected encoding {encoding}")
        data = self.receive(width * height * 4)
        self.pixel_rectangles += 1
        for row in range(height):
            start = ((y + row) * self.width + x) * 4
            self.picture[start:start + width * 4] = data[row * width * 4:(row + 1) * width * 4]

    def screenshot(self):
        """A whole new picture. TigerVNC answers the request for one with the screen's size alone and sends the
        pixels with the next, incremental one."""
        before = self.pixel_rectangles
        self.ask()
        while self.pixel_rectangles == before:
            if self.read_message() == 0:
                self.ask(incremental=True)

    def wait_for(self, what, condition, messages=200):
        """Reads until condition() holds. Bounded by messages and by the socket's timeout."""
        for _ in range(messages):
            if condition():
                return
            self.ask(incremental=True)
            self.read_message()
        raise Refused(f"never seen: {what}")

    def pixel(self, x, y):
        at = (y * self.width + x) * 4
        return tuple(self.picture[at:at + 3])

    def colours(self, step=7):
        """How many different colours a grid of samples has."""
        return len({self.pixel(x, y) for y in range(0, self.height, step) for x in range(0, self.width, step)})

    def save_png(self, path):
        rows = bytearray()
        for y in range(self.height):
            row = self.picture[y * self.width * 4:(y + 1) * self.width * 4]
            rgb = bytearray(self.width * 3)
            rgb[0::3], rgb[1::3], rgb[2::3] = row[0::4], row[1::4], row[2::4]
            rows += b"\0" + rgb

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)) +
                       chunk(b"IDAT", zlib.compress(bytes(rows), 6)) + chunk(b"IEND", b""))
