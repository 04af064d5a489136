# SPDX-License-Identifier: Apache-2.0
"""An sshd of its own on loopback, with its own keys, in front of this machine's engine."""
import pathlib
import pwd
import os
import shutil
import socket
import subprocess
import tempfile
import time


class Sshd:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-bench-ssh-"))
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.user = pwd.getpwuid(os.getuid()).pw_name
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name], check=True)
        (self.folder / "authorized_keys").write_text((self.folder / "user.pub").read_text())
        key = " ".join((self.folder / "host.pub").read_text().split()[:2])
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {key}\n")
        self.config = self.folder / "ssh_config"
        self.config.write_text(f"Host *\n  IdentityFile {self.folder / 'user'}\n  IdentitiesOnly yes\n  IdentityAgent none\n"
                               f"  UserKnownHostsFile {self.known_hosts}\n  GlobalKnownHostsFile /dev/null\n")
        config = self.folder / "sshd_config"
        config.write_text(f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder / 'host'}\n"
                          f"AuthorizedKeysFile {self.folder / 'authorized_keys'}\nPidFile none\nStrictModes no\nUsePAM no\n"
                          "PermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 100:30:200\nMaxSessions 100\n"
                          # A shell of the second level reads no ~/.bashrc, whose time would count.
                          "SetEnv SHLVL=1\n")
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", config], stderr=self.log)
        for _ in range(100):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit("sshd did not start:\n" + (self.folder / "log").read_text())

    def _client(self, *words):
        return ["ssh", "-F", self.config, "-p", str(self.port), "-o", "ControlMaster=auto", "-o", "ControlPersist=60",
                "-o", f"ControlPath={self.folder / 'mux'}", *words]

    def command(self, *words):
        """The OpenSSH client on one kept connection, as the systems before Berth used it."""
        return self._client(f"{self.user}@127.0.0.1", *words)

    def stop(self):
        subprocess.run(self._client("-O", "exit", f"{self.user}@127.0.0.1"),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        self.process.terminate()
        self.process.wait(10)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
