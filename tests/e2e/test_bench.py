# SPDX-License-Identifier: Apache-2.0
"""./dev bench health: that it runs and writes its figures, so that it still does when somebody needs it. What they are
does not matter here, and peers are left out: they may not be installed."""

import json
import subprocess
import sys
import unittest

from case import E2eCase
from processes import ROOT


class Bench(E2eCase):
    def test_every_part_of_the_health_bench_runs(self):
        figures = self.dir / "bench.json"
        done = subprocess.run([sys.executable, "-B", ROOT / "bench/run.py", "health", "--smoke", "--servers", "",
                               "-o", figures], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        parts = json.loads(figures.read_text())["results"]["health"]
        self.assertEqual(list(parts), ["beside", "loaded", "hold", "silent", "cost"])
        self.assertIsNotNone(parts["beside"]["killed"]["gslbd"]["out_s"][0], done.stdout)
        self.assertIsNotNone(parts["silent"]["fast"]["out_s"][0], done.stdout)
        self.assertGreater(parts["cost"]["gslbd"]["probes_a_second"], 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
