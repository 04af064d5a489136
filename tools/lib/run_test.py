# SPDX-License-Identifier: Apache-2.0
"""What ./run does on its way to `berth serve`, in a checkout of its own where the engine, the builders and the program
are stand-ins that write down how they were called."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# An engine with images that carry their labels; "build" takes the label from its own arguments.
DOCKER = """#!/bin/bash
images="$STAND/images"
case "$1 $2" in
"image inspect")
    tag="${@: -1}"
    [ -f "$images/${tag//\\//+}" ] && cat "$images/${tag//\\//+}" ;;
build\\ *)
    [ ! -e "$STAND/no-packages" ] || { echo "cannot fetch packages"; exit 1; }
    while [ $# -gt 1 ]; do
        case "$1" in --label) hash="${2#*=}" ;; -t) tag="$2" ;; esac
        shift
    done
    echo "build $tag" >>"$STAND/calls"
    echo "$hash" >"$images/${tag//\\//+}" ;;
esac
exit $?
"""
BASE = '#!/bin/bash\necho "build $1" >>"$STAND/calls"\necho "$2" >"$STAND/images/${1//\\//+}"\n'
BERTH = '#!/bin/bash\necho "berth $*" >>"$STAND/calls"\n'


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-run-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.home = self.folder / "checkout"
        self.home.mkdir()
        for name in ("tools", "images"):
            shutil.copytree(ROOT / name, self.home / name)
        shutil.copy(ROOT / "run", self.home / "run")
        (self.folder / "images").mkdir()
        self.program("bin/docker", DOCKER, self.folder)
        self.program("bin/cmake", "#!/bin/true\n", self.folder)
        self.program("images/base/build.sh", BASE)
        self.program("tools/host_prepare.sh", "#!/bin/true\n")
        self.program("build/release/berth", BERTH)

    def program(self, name, text, under=None):
        path = (under or self.home) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run_it(self, *words):
        """How it ended, what it said, and the calls of the stand-ins."""
        calls = self.folder / "calls"
        calls.write_text("")
        environment = dict(os.environ, STAND=str(self.folder), PATH=f"{self.folder}/bin:{os.environ['PATH']}")
        environment["DOCKER_HOST"] = "tcp://127.0.0.1:1"  # or a socket of this machine would ask for its group
        done = subprocess.run([self.home / "run", "--no-install", *words], env=environment, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stderr, calls.read_text().splitlines()

    def test_without_a_port_the_configuration_decides(self):
        code, said, calls = self.run_it()
        self.assertEqual(code, 0, said)
        self.assertEqual(calls[-1], "berth serve --state-dir var --web-dir web/dist")
        (self.home / "var/berth.yaml").write_text('server: {listen: ["0.0.0.0:9000"]}\n')
        self.assertEqual(self.run_it()[2], ["berth serve --config var/berth.yaml --state-dir var --web-dir web/dist"])

    def test_a_port_that_was_given_is_handed_on(self):
        for words in (["--port", "81"], ["--port=81"]):
            code, said, calls = self.run_it(*words, "--", "--no-banner")
            self.assertEqual(code, 0, said)
            self.assertEqual(calls[-1], "berth serve --port 81 --state-dir var --web-dir web/dist --no-banner")
        for words in (["--port"], ["--port", ""], ["--port="], ["--port", "x"], ["--port", "65536"], ["--port", "0"]):
            code, said, calls = self.run_it(*words)
            self.assertEqual((code, calls), (1, []), words)
            self.assertIn("error: --port", said)

    def test_the_desktop_image_follows_its_sources(self):
        self.assertEqual(self.run_it()[2][:2], ["build berth/base:bookworm", "build berth/desktop:latest"])
        self.assertEqual(len(self.run_it()[2]), 1, "nothing changed, nothing is built")
        with open(self.home / "images/desktop/Dockerfile", "a", encoding="utf-8") as file:
            file.write("RUN true\n")
        self.assertEqual(self.run_it()[2][:-1], ["build berth/desktop:latest"])
        self.assertEqual(len(self.run_it()[2]), 1)

    def test_without_packages_the_former_image_is_used_aloud(self):
        (self.folder / "no-packages").touch()
        code, said, calls = self.run_it()
        self.assertEqual(code, 1, "there is none at all")
        self.assertNotIn("berth serve", " ".join(calls))
        (self.folder / "no-packages").unlink()
        self.run_it()
        (self.folder / "no-packages").touch()
        (self.home / "images/desktop/new").touch()
        code, said, calls = self.run_it()
        self.assertEqual(code, 0, said)
        self.assertIn("warning: the desktop image could not be brought up to date", said)
        self.assertTrue(calls[-1].startswith("berth serve"))


if __name__ == "__main__":
    unittest.main()
