#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints "PASSED FAILED SKIPPED" for one part of ./test.
usage: count_tests.py ctest JUNIT.xml | count_tests.py output LOG EXIT_CODE

ctest: a test whose output is GoogleTest's counts its cases, any other counts as one.
output: the summaries of node:test, vitest and our own "N passed, M failed" are understood; a program that says
nothing of the kind counts as one test by its exit code."""
import re
import sys
import xml.etree.ElementTree as xml

GTEST_RAN = re.compile(r"^\[==========\] (\d+) tests? from .* ran\.", re.M)
GTEST_PASSED = re.compile(r"^\[  PASSED  \] (\d+) tests?", re.M)
GTEST_SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) tests?", re.M)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def count_gtest(text, failed):
    """None when the text is not GoogleTest's. A program that died before its summary counts one failure more."""
    ran = sum(map(int, GTEST_RAN.findall(text)))
    if not ran:
        return None
    passed = sum(map(int, GTEST_PASSED.findall(text)))
    skipped = sum(map(int, GTEST_SKIPPED.findall(text)))
    failures = ran - passed - skipped
    return passed, max(failures, 1) if failed else failures, skipped


def count_ctest(path):
    total = [0, 0, 0]
    for test in xml.parse(path).getroot().iter("testcase"):
        status = test.get("status")
        failed = test.find("failure") is not None or status == "fail"
        skipped = test.find("skipped") is not None or status in ("notrun", "disabled")
        text = COLOUR.sub("", test.findtext("system-out") or "")
        one = count_gtest(text, failed)
        if one is None:
            one = (0, 1, 0) if failed else (0, 0, 1) if skipped else (1, 0, 0)
        total = [a + b for a, b in zip(total, one)]
    return total


def last_number(pattern, text):
    found = re.findall(pattern, text, re.M)
    return int(found[-1]) if found else None


def count_output(path, code):
    with open(path, encoding="utf-8", errors="replace") as file:
        text = COLOUR.sub("", file.read())
    own = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$", text, re.M)
    if own:
        passed, failed, skipped = (int(n or 0) for n in own[-1])
    elif (node := last_number(r"^(?:#|ℹ) pass (\d+)$", text)) is not None:
        passed = node
        failed = last_number(r"^(?:#|ℹ) fail (\d+)$", text) or 0
        skipped = last_number(r"^(?:#|ℹ) skipped (\d+)$", text) or 0
    elif vitest := re.findall(r"^\s*Tests\s+(.*)$", text, re.M):
        passed, failed, skipped = (last_number(rf"(\d+) {word}", vitest[-1]) or 0 for word in ("passed", "failed", "skipped"))
    else:
        passed, failed, skipped = (0, 1, 0) if code else (1, 0, 0)
    # A program that fails without a failed test (it crashed, or nothing ran) must not look well.
    return passed, max(failed, 1) if code else failed, skipped


def main():
    if sys.argv[1:2] == ["ctest"] and len(sys.argv) == 3:
        print(*count_ctest(sys.argv[2]))
    elif sys.argv[1:2] == ["output"] and len(sys.argv) == 4:
        print(*count_output(sys.argv[2], int(sys.argv[3])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
