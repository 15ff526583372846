# SPDX-License-Identifier: Apache-2.0
"""The documentation is tested against the program: option tables, every example, every link.

`python3 tests/docs/test_docs.py --update` rewrites the option tables from the program."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GSLBD = os.environ.get("GSLBD_BINARY", str(ROOT / "build/release/gslbd"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")])
REFERENCE = [ROOT / "docs/reference/configuration.md", ROOT / "docs/reference/zone-file.md"]
SLOT = re.compile(r"<!-- schema: (.*?) -->\n(.*?)<!-- end -->", re.DOTALL)


def schema():
    """{title: table} of `gslbd schema`."""
    text = subprocess.run([GSLBD, "schema"], capture_output=True, text=True, check=True).stdout
    sections = re.split(r"(?m)^#+ +(.*)\n", text)
    tables = {}
    for title, body in zip(sections[1::2], sections[2::2]):
        rows = [line for line in body.splitlines() if line.startswith("|")]
        if rows:
            tables[title.strip().strip("`")] = "\n".join(rows) + "\n"
    return tables


def update():
    tables = schema()
    for page in REFERENCE:
        page.write_text(SLOT.sub(lambda slot: f"<!-- schema: {slot[1]} -->\n{tables[slot[1]]}<!-- end -->",
                                 page.read_text()))


def examples(language):
    """(page, block) of every fenced block in that language."""
    for page in PAGES:
        for block in re.findall(rf"(?ms)^ *```{language}\n(.*?)^ *```", page.read_text()):
            yield page, block


class Documentation(unittest.TestCase):
    def test_the_reference_has_every_option_as_the_program_knows_it(self):
        tables = schema()
        self.assertGreaterEqual(len(tables), 8)
        slots = {title: table for page in REFERENCE for title, table in SLOT.findall(page.read_text())}
        self.assertEqual(sorted(slots), sorted(tables))
        for title, table in tables.items():
            self.assertEqual(slots[title], table, f"{title}: run python3 tests/docs/test_docs.py --update")

    def check(self, directory):
        done = subprocess.run([GSLBD, "check", "-c", str(directory / "gslbd.json")], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_every_example_loads(self):
        seen = 0
        for page, block in examples("json"):
            if '"listen"' not in block and '"zone"' not in block:
                continue
            seen += 1
            with self.subTest(page=str(page.relative_to(ROOT)), block=block.strip()[:60]), \
                    tempfile.TemporaryDirectory() as name:
                directory = Path(name)
                (directory / "zones").mkdir()
                self.lay_out(directory, block)
                code, output = self.check(directory)
                self.assertEqual(code, 0, output)
        self.assertGreaterEqual(seen, 6)

    def lay_out(self, directory, block):
        """A configuration gets a zone that uses nothing; a zone gets a configuration that has the pool www."""
        if '"listen"' in block:
            config, zone = block, json.dumps({"zone": "example.com", "records": {"@": {"NS": ["ns1.example.net."]}}})
        else:
            own = {} if '"pools"' in block else {"pools": {"www": {"members": [{"address": "192.0.2.10"}]}}}
            config = json.dumps({"listen": ["127.0.0.1:0"], "zones": ["zones/*.json"], **own})
            zone = block
        (directory / "gslbd.json").write_text(config)
        (directory / "zones/zone.json").write_text(zone)
        secrets = directory / "cookies.keys"
        secrets.write_text("e5e973e5a6b2a43f48e7dc849e37bfcf\n")
        secrets.chmod(0o600)

    def test_the_files_of_the_demos_load(self):
        for config in ("docker/demo/gslbd.json", "docker/gslbd.json"):
            with self.subTest(config=config), tempfile.TemporaryDirectory() as name:
                directory = Path(name)
                (directory / "gslbd.json").write_text((ROOT / config).read_text())
                (directory / "zones").symlink_to(ROOT / "docker/demo/zones")
                code, output = self.check(directory)
                self.assertEqual((code, output.count("error")), (0, 0), output)

    def test_every_link_leads_somewhere(self):
        for page in PAGES:
            text = re.sub(r"(?s)```.*?```", "", page.read_text())
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                with self.subTest(page=str(page.relative_to(ROOT)), target=target):
                    self.assertTrue(file.exists())
                    if anchor:
                        headings = re.findall(r"(?m)^#+ +(.*)$", file.read_text())
                        slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
                        self.assertIn(anchor, slugs)

    def test_every_command_is_in_the_reference(self):
        usage = subprocess.run([GSLBD, "--help"], capture_output=True, text=True, check=True).stdout
        commands = re.findall(r"(?m)^  (run|check|zone|schema)\b", usage)
        reference = (ROOT / "docs/reference/command-line.md").read_text()
        self.assertEqual(sorted(commands), ["check", "run", "schema", "zone"])
        for command in commands:
            self.assertIn(f"`gslbd {command}", reference)

    def test_the_readme_is_short(self):
        self.assertLess(len((ROOT / "README.md").read_text().splitlines()), 150)


if __name__ == "__main__":
    update() if "--update" in sys.argv else unittest.main()
