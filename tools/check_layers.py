#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on an #include in src/ that the layer table does not allow, and on a few texts that have
one home or none. The table is the one in ARCHITECTURE.md, between <!-- layers --> and
<!-- /layers -->:

  | folder | may include |
  |---|---|
  | `broker` | `base`, `session`, `net/task.hpp` |

A row names folders under src/ (several with commas, `api/*` for every folder below api); a cell
names folders, single headers, or "everything". A folder may always include itself. Files
*_test.cpp may also include tests/ and everything their folder may reach in several steps.
Each run begins with the self-test.
usage: check_layers.py [--self-test] [root]"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<])([^">]+)[">]', re.MULTILINE)
NAME = re.compile(r"[a-z0-9_*]+(?:/[a-z0-9_.*]+)*")
NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', re.DOTALL
)
BEAST_FILES = {"net/http_client.cpp", "net/websocket.cpp", "net/stream_adapter.hpp", "http/connection.cpp"}
UMBRELLAS = {"boost/asio.hpp", "boost/beast.hpp", "boost/json.hpp", "boost/url.hpp"}
RULES = {"session", "placement", "access"}
BANNED = [
    (re.compile(r"\bdetached\b"), "no coroutine is detached: use net::TaskScope", None),
    (re.compile(r"(?<![\w.>])(?:std::)?printf\s*\("), "use the log or a stream", None),
    (re.compile(r"(?<![\w.>])(?:std::|::)?(?:system|popen)\s*\("), "no text reaches a shell", None),
    (re.compile(r"\bawaitable\b|\bco_await\b"), "rules do not wait", RULES),
    (re.compile(r"\bnow\s*\(\s*\)"), "rules are told the time", RULES),
]


def parse_table(text):
    """{folder: set of folders and headers}; raises ValueError when there is no table."""
    match = re.search(r"<!-- layers -->(.*?)<!-- /layers -->", text, re.DOTALL)
    if not match:
        raise ValueError("no table between <!-- layers --> and <!-- /layers -->")
    table = {}
    for line in match.group(1).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) < 2 or set(cells[0]) <= set("-: ") or cells[0] == "folder":
            continue
        # Words in parentheses are for people.
        allowed = set(NAME.findall(re.sub(r"\([^)]*\)", "", cells[1]).replace("`", " ")))
        for folder in NAME.findall(cells[0].replace("`", " ")):
            table[folder] = allowed
    if not table:
        raise ValueError("the layer table has no rows")
    return table


def folder_of(path, table):
    """The longest folder of the table that holds the file; src/main.cpp is "main.cpp"."""
    parts = path.split("/")
    for length in range(len(parts) - 1, 0, -1):
        folder = "/".join(parts[:length])
        if folder in table:
            return folder, folder
        pattern = "/".join(parts[: length - 1] + ["*"])
        if pattern in table:
            return folder, pattern
    name = parts[0] if len(parts) > 1 else parts[0].split(".")[0]
    return (name, name) if name in table else (parts[0], None)


def reach(row, table):
    """Folders that can be reached in any number of steps: what a test may use."""
    seen, todo = set(), [row]
    while todo:
        for entry in table.get(todo.pop(), ()):
            if entry not in seen:
                seen.add(entry)
                todo.append(entry)
    return seen


def is_allowed(included, folder, allowed, table):
    if "everything" in allowed or included in allowed:
        return True
    target, row = folder_of(included, table)
    return target == folder or target in allowed or (row is not None and row in allowed)


def check_file(path, text, table):
    """Problems of one file (path below src/) as (line, text)."""
    folder, row = folder_of(path, table)
    if row is None:
        yield 1, f"the folder {folder} is not in the layer table"
        return
    is_test = path.endswith("_test.cpp") or path.rsplit("/", 1)[-1].startswith("test_")
    allowed = reach(row, table) | table[row] if is_test else table[row]
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        quote, included = match.groups()
        if quote == "<":
            yield from check_library(path, line, included)
        elif included.startswith("tests/"):
            if not is_test:
                yield line, f"{included}: only a test may include it"
        elif "/" not in included:
            yield line, f"{included}: write the path below src/"
        elif not is_allowed(included, folder, allowed, table):
            yield line, f"{folder} may not include {included}"
    code = NOISE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    for pattern, why, folders in BANNED:
        if is_test or (folders is not None and folder not in folders):
            continue
        for match in pattern.finditer(code):
            yield code.count("\n", 0, match.start()) + 1, f"{match.group().strip()}: {why}"


def check_library(path, line, included):
    if included in UMBRELLAS and path.endswith(".hpp"):
        yield line, f"<{included}> is an umbrella: name the header that is needed"
    if included.startswith("boost/beast"):
        if path not in BEAST_FILES and not path.endswith("_impl.cpp"):
            yield line, f"<{included}>: Beast is used in {', '.join(sorted(BEAST_FILES))} only"


TABLE = """
<!-- layers -->
| folder | may include |
|---|---|
| `base` | (nothing) |
| `session`, `access` | `base` |
| `net` | `base` |
| `http` | `base`, `net` |
| `broker` | `base`, `session` (rules), `net/task.hpp` |
| `api/*` | `broker`, `http`, `base` |
| `server` | everything |
| `main` | `server` |
<!-- /layers -->
"""
GOOD = [
    ("base/a.hpp", '#include "base/b.hpp"\n#include <vector>\n'),
    ("http/a.cpp", '#include "net/task.hpp"\n#include "base/error.hpp"\n'),
    ("broker/a.hpp", '#include "net/task.hpp"\n#include "session/s.hpp"\n'),
    ("api/native/a.cpp", '#include "api/native/b.hpp"\n#include "broker/b.hpp"\n'),
    ("server/a.cpp", '#include "api/native/b.hpp"\n'),
    ("main.cpp", '#include "server/server.hpp"\n'),
    ("net/websocket.cpp", "#include <boost/beast/websocket.hpp>\n"),
    ("http/x_impl.cpp", "#include <boost/beast/http/parser.hpp>\n"),
    ("http/a.cpp", "#include <boost/json.hpp>\n"),
    ("api/native/a_test.cpp", '#include "net/task.hpp"\n#include "tests/support/x.hpp"\n'),
    ("base/a.cpp", '// detached, printf(\nconst char* a = "system(";\n'),
    ("base/a.cpp", "std::fprintf(stderr, x); error.system(); std::snprintf(a, 1, x);\n"),
    ("net/a.cpp", "co_await f(); auto t = now();\n"),
]
BAD = [
    ("base/a.hpp", '#include "net/task.hpp"\n'),
    ("http/a.cpp", '\n#include "broker/b.hpp"\n'),
    ("broker/a.hpp", '#include "net/byte_stream.hpp"\n'),
    ("api/native/a.cpp", '#include "api/other/b.hpp"\n'),
    ("api/native/a.cpp", '#include "net/task.hpp"\n'),
    ("session/a_test.cpp", '#include "http/router.hpp"\n'),
    ("unknown/a.cpp", "\n"),
    ("main.cpp", '#include "http/router.hpp"\n'),
    ("http/a.cpp", '#include "router.hpp"\n'),
    ("http/a.cpp", '#include "tests/support/x.hpp"\n'),
    ("http/a.cpp", "#include <boost/beast/core.hpp>\n"),
    ("net/a.hpp", "#include <boost/asio.hpp>\n"),
    ("net/a.cpp", "co_spawn(e, f(), asio::detached);\n"),
    ("net/a.cpp", 'std::printf("x");\n'),
    ("net/a.cpp", 'std::system("x");\n'),
    ("net/a.cpp", '::popen("x", "r");\n'),
    ("session/a.cpp", "auto t = Clock::now();\n"),
    ("access/a.hpp", "boost::asio::awaitable<void> f();\n"),
]


def self_test():
    table = parse_table(TABLE)
    failed = 0
    for path, text in GOOD:
        found = list(check_file(path, text, table))
        if found:
            failed += 1
            print(f"self-test: wrongly found {found} in {path}: {text!r}")
    for path, text in BAD:
        if not list(check_file(path, text, table)):
            failed += 1
            print(f"self-test: nothing found in {path}: {text!r}")
    return len(GOOD) + len(BAD) - failed, failed


def main(arguments):
    passed, failed = self_test()
    if "--self-test" not in arguments:
        root = pathlib.Path(arguments[0] if arguments else ".")
        document = root / "ARCHITECTURE.md"
        try:
            table = parse_table(document.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            print(f"{document}:1: {problem}")
            print(f"{passed} passed, {failed + 1} failed")
            return 1
        for path in sorted((root / "src").rglob("*")):
            if path.suffix not in (".hpp", ".cpp"):
                continue
            name = path.relative_to(root / "src").as_posix()
            found = list(check_file(name, path.read_text(encoding="utf-8"), table))
            for line, what in found:
                print(f"{path}:{line}: {what}")
            passed, failed = passed + (not found), failed + bool(found)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
