# SPDX-License-Identifier: Apache-2.0
"""docs/reference/rfc-support.md lists every specification test, and no test that is not there."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/rfc-support.md"
CONFORMANCE = ROOT / "tests/conformance"
LINK = re.compile(r"\]\(([^)]+)\)")


def rows():
    """(RFC, section, what we do, the tests' paths) of every row that names tests."""
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and LINK.search(cells[3]):
            yield (*cells[:3], [(PAGE.parent / target).resolve() for target in LINK.findall(cells[3])])


class RfcSupport(unittest.TestCase):
    def test_every_test_in_the_table_exists(self):
        seen = 0
        for rfc, section, _, tests in rows():
            for test in tests:
                seen += 1
                with self.subTest(rfc=rfc, section=section):
                    self.assertTrue(test.is_file(), f"{test} is not there")
        self.assertGreater(seen, 40)

    def test_every_specification_test_is_in_the_table(self):
        listed = {test for *_, tests in rows() for test in tests}
        for test in sorted([*CONFORMANCE.glob("rfc*/*_test.cc"), *CONFORMANCE.glob("rfc*/test_*.py")]):
            with self.subTest(test=str(test.relative_to(ROOT))):
                self.assertTrue(test in listed, "not in the table")

    def test_every_directory_has_a_row_of_its_rfc(self):
        numbers = {rfc for rfc, *_ in rows()}
        for directory in CONFORMANCE.glob("rfc*"):
            with self.subTest(directory=directory.name):
                self.assertIn(directory.name.removeprefix("rfc"), numbers)

    def test_a_file_is_about_the_rfc_that_its_folder_names(self):
        for test in CONFORMANCE.glob("rfc*/*section_*"):
            number = test.parent.name.removeprefix("rfc")
            with self.subTest(test=str(test.relative_to(ROOT))):
                self.assertRegex(test.read_text(), rf"RFC {number}\b")

    def test_every_specification_test_is_compiled(self):
        sources = (CONFORMANCE / "CMakeLists.txt").read_text()
        for test in CONFORMANCE.glob("rfc*/*_test.cc"):
            with self.subTest(test=test.name):
                self.assertTrue(str(test.relative_to(CONFORMANCE)) in sources, "not in CMakeLists.txt")

    def test_every_row_says_what_we_do(self):
        for rfc, section, what, _ in rows():
            with self.subTest(rfc=rfc, section=section):
                self.assertRegex(rfc, r"^(\d{4}|–)$")
                self.assertTrue(section)
                self.assertTrue(what)


if __name__ == "__main__":
    unittest.main()
