#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sizes at which a reader loses the thread (CONTRIBUTING.md): header 250 lines, source 600, test
file 900, function 70 lines, parameters 7. tools/size_exceptions.txt lists what may be larger:
"<path> <function, or * for the file> <reason>". Every file must begin with its SPDX line.
Each run begins with the self-test.
usage: check_sizes.py [--self-test] [root]"""

import pathlib
import sys

sys.dont_write_bytecode = True
from check_co_await import Group, group, source_files, split, tokens_of  # noqa: E402

HEADER, SOURCE, TEST, FUNCTION, PARAMETERS = 250, 600, 900, 70, 7
CONTROL = {"if", "for", "while", "switch", "catch"}
SPDX = "SPDX-License-Identifier: Apache-2.0"


def functions(node):
    """(name, first line, last line, parameters) of every function at namespace or class level."""
    start = 0
    for i, item in enumerate(node.items):
        if not isinstance(item, Group):
            if item.text == ";":
                start = i + 1
            continue
        if item.text != "{" or item.kind != "block":
            continue
        before = node.items[start:i]
        words = [t.text for t in before]
        parens = [k for k, t in enumerate(before) if isinstance(t, Group) and t.text == "("]
        if is_type(words):
            yield from functions(item)
        elif parens and words[0] not in CONTROL:
            at = parameter_list(before, parens)
            parameters = count_parameters(before[at])
            yield words[at - 1] if at else "", before[0].line, item.end_line, parameters
        start = i + 1


def is_type(words):
    for at, word in enumerate(words):
        if word in ("namespace", "enum", "extern"):
            return True
        if word in ("struct", "class", "union"):
            return "(" not in words[at:] or "final" in words[at:] or "alignas" in words
    return not words


def parameter_list(before, parens):
    """The first parenthesis behind a name that is no attribute, macro or operator()."""
    for k in parens:
        name = before[k - 1].text if k else ""
        if name in ("alignas", "requires", "explicit", "noexcept", "decltype"):
            continue
        following = before[k + 1] if k + 1 < len(before) else None
        if name == "operator" and isinstance(following, Group):
            continue
        return k
    return parens[0]


def count_parameters(parens):
    count, depth, has_any = 0, 0, False
    for item in parens.items:
        has_any = True
        text = item.text if not isinstance(item, Group) else ""
        depth += {"<": 1, ">": -1}.get(text, 0)
        count += text == "," and depth == 0
    return count + has_any


def check_text(path, text, allowed):
    """Problems as (line, text); `allowed` holds (path, function or *) pairs."""
    lines = text.count("\n")
    is_test = path.endswith("_test.cpp")
    limit = HEADER if path.endswith(".hpp") else TEST if is_test else SOURCE
    if SPDX not in text.split("\n", 1)[0]:
        yield 1, "the first line is not the SPDX line"
    if lines > limit and (path, "*") not in allowed:
        yield 1, f"{lines} lines, {limit} allowed"
    for name, first, last, parameters in functions(group(tokens_of(text))):
        if (path, name) in allowed:
            continue
        if last - first + 1 > FUNCTION:
            yield first, f"{name}: {last - first + 1} lines, {FUNCTION} allowed"
        if parameters > PARAMETERS:
            yield first, f"{name}: {parameters} parameters, {PARAMETERS} allowed"


def load_exceptions(path):
    allowed, problems = set(), []
    if not path.exists():
        return allowed, problems
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split(None, 2)
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 3:
            problems.append((number, "an exception needs path, function or *, and a reason"))
        else:
            allowed.add((words[0], words[1]))
    return allowed, problems


def self_test():
    head = "// " + SPDX + "\n"
    body = "    x();\n"

    def function(lines):
        return "int f(int a) {\n" + body * (lines - 2) + "}\n"

    cases = [
        ("a.cpp", head + function(70), set(), 0),
        ("a.cpp", head + function(71), set(), 1),
        ("a.cpp", head + function(71), {("a.cpp", "f")}, 0),
        ("a.cpp", head + "namespace a {\nstruct B {\n" + function(71) + "};\n}\n", set(), 1),
        ("a.cpp", head + "A::A(int a)\n : a_{a}\n , b_{1} {\n" + body * 70 + "}\n", set(), 1),
        ("a.cpp", head + "TEST(A, B) {\n" + body * 70 + "}\n", set(), 1),
        ("a.cpp", head + "int f(A<int, int> a, int b, int c, int d, int e, int g, int h);\n", set(), 0),
        ("a.cpp", head + "int f(A<int, int> a, int b, int c, int d, int e, int g, int h) {}\n", set(), 0),
        ("a.cpp", head + "int f(int a, int b, int c, int d, int e, int g, int h, int i) {}\n", set(), 1),
        ("a.hpp", head + "//\n" * 250, set(), 1),
        ("a.cpp", head + "//\n" * 250, set(), 0),
        ("a.cpp", head + "//\n" * 600, set(), 1),
        ("a_test.cpp", head + "//\n" * 600, set(), 0),
        ("a_test.cpp", head + "//\n" * 900, set(), 1),
        ("a_test.cpp", head + "//\n" * 900, {("a_test.cpp", "*")}, 0),
        ("a.cpp", "int x;\n", set(), 1),
    ]
    failed = 0
    for number, (path, text, allowed, expected) in enumerate(cases):
        found = list(check_text(path, text, allowed))
        if len(found) != expected:
            failed += 1
            print(f"self-test: case {number}: {found}, {expected} expected")
    return len(cases) - failed, failed


def main(arguments):
    passed, failed = self_test()
    if "--self-test" not in arguments:
        root = pathlib.Path(arguments[0] if arguments else ".")
        listing = root / "tools" / "size_exceptions.txt"
        allowed, problems = load_exceptions(listing)
        for line, what in problems:
            failed += 1
            print(f"{listing}:{line}: {what}")
        for path in source_files(root):
            name = path.relative_to(root).as_posix()
            found = list(check_text(name, path.read_text(encoding="utf-8"), allowed))
            for line, what in found:
                print(f"{path}:{line}: {what}")
            passed, failed = passed + (not found), failed + bool(found)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
