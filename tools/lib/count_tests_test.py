# SPDX-License-Identifier: Apache-2.0
"""A wrong sum would let a failure pass unseen, so the counting itself is tested."""
import os
import tempfile
import unittest

import count_tests

GTEST = "[==========] Running 3 tests from 1 test suite.\n[==========] 3 tests from 1 test suite ran. (1 ms total)\n"


def counted(function, text, *more):
    with tempfile.NamedTemporaryFile("w", suffix=".log", delete=False) as file:
        file.write(text)
    try:
        return tuple(function(file.name, *more))
    finally:
        os.unlink(file.name)


def junit(*cases):
    return "<testsuite>" + "".join(cases) + "</testsuite>"


def entry(status, output, inner=""):
    return f'<testcase name="x" status="{status}">{inner}<system-out>{output}</system-out></testcase>'


class CountsCtest(unittest.TestCase):
    def test_the_cases_of_a_googletest_program_are_counted_one_by_one(self):
        text = junit(entry("run", GTEST + "[  PASSED  ] 3 tests.\n"))
        self.assertEqual(counted(count_tests.count_ctest, text), (3, 0, 0))

    def test_failed_and_skipped_cases_are_told_apart(self):
        text = junit(entry("fail", GTEST + "[  PASSED  ] 1 test.\n[  SKIPPED ] 1 test, listed below:\n"
                           "[  FAILED  ] 1 test, listed below:\n", "<failure/>"))
        self.assertEqual(counted(count_tests.count_ctest, text), (1, 1, 1))

    def test_a_sanitizer_report_after_all_passed_is_a_failure(self):
        text = junit(entry("fail", GTEST + "[  PASSED  ] 3 tests.\nERROR: LeakSanitizer\n", "<failure/>"))
        self.assertEqual(counted(count_tests.count_ctest, text), (3, 1, 0))

    def test_other_programs_count_as_one(self):
        text = junit(entry("run", "fine"), entry("fail", "", "<failure/>"), entry("notrun", "", "<skipped/>"))
        self.assertEqual(counted(count_tests.count_ctest, text), (1, 1, 1))

    def test_a_program_that_died_before_its_summary_is_a_failure(self):
        text = junit(entry("fail", "[==========] Running 3 tests from 1 test suite.\nSegmentation fault", "<failure/>"))
        self.assertEqual(counted(count_tests.count_ctest, text), (0, 1, 0))


class CountsOutput(unittest.TestCase):
    def output(self, text, code=0):
        return counted(count_tests.count_output, text, code)

    def test_our_own_last_line(self):
        self.assertEqual(self.output("x\n3 passed, 1 failed, 2 skipped\n", 1), (3, 1, 2))

    def test_node(self):
        self.assertEqual(self.output("# tests 3\n# pass 2\n# fail 0\n# skipped 1\n"), (2, 0, 1))
        self.assertEqual(self.output("\x1b[34mℹ pass 4\x1b[39m\nℹ fail 1\n", 1), (4, 1, 0))

    def test_vitest(self):
        self.assertEqual(self.output(" Test Files  2 passed (2)\n      Tests  1 failed | 12 passed (13)\n", 1), (12, 1, 0))

    def test_a_silent_program_counts_by_its_exit_code(self):
        self.assertEqual(self.output("", 0), (1, 0, 0))
        self.assertEqual(self.output("", 3), (0, 1, 0))

    def test_a_crash_after_a_good_summary_is_a_failure(self):
        self.assertEqual(self.output("3 passed, 0 failed\n", 139), (3, 1, 0))


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    raise SystemExit(1 if bad else 0)
