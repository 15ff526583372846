# SPDX-License-Identifier: Apache-2.0
"""./dev bench: that it runs and writes its figures, so that it still does when somebody needs it. What they are
does not matter here, and peers are left out: they may not be installed."""

import json
import subprocess
import sys
import unittest

from case import E2eCase
from processes import ROOT


class Bench(E2eCase):
    def run_bench(self, *arguments):
        """(its results, what it printed)"""
        figures = self.dir / "bench.json"
        done = subprocess.run([sys.executable, "-B", ROOT / "bench/run.py", *arguments, "--smoke", "--servers", "",
                               "-o", figures], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(figures.read_text())["results"], done.stdout

    def test_every_part_of_the_health_bench_runs(self):
        results, printed = self.run_bench("health")
        parts = results["health"]
        self.assertEqual(list(parts), ["beside", "loaded", "hold", "silent", "cost"])
        self.assertIsNotNone(parts["beside"]["killed"]["gslbd"]["out_s"][0], printed)
        self.assertIsNotNone(parts["silent"]["fast"]["out_s"][0], printed)
        self.assertGreater(parts["cost"]["gslbd"]["probes_a_second"], 0, printed)

    def test_workloads_over_udp_and_tcp_run(self):
        results, printed = self.run_bench("static", "mixed", "tcp-once", "--measures", "rate,bursts,latency,batches")
        rates = {name: result["rate"]["medians"]["gslbd"] for name, result in results.items()}
        self.assertEqual(list(rates), ["static", "mixed", "tcp-once"])
        for name, rate in rates.items():
            with self.subTest(name):
                self.assertGreater(rate["per_second"], 0, printed)
                self.assertGreater(rate["rcode0"], 0.8, printed)
                self.assertGreater(rate["rcode3"], 0.02, printed)
        self.assertGreater(results["static"]["bursts"]["medians"]["echo coalesced"]["per_second"], 0, printed)
        in_batches = results["static"]["batches"]["gslbd"]["12 at once"][0]
        self.assertGreater(in_batches["user_ns"], 0, printed)
        self.assertGreater(in_batches["batch"], 1, printed)
        self.assertGreater(results["static"]["latency"]["rounds"]["gslbd"][0]["5000"]["answered"], 0, printed)

    def test_load_and_reload_run(self):
        results, printed = self.run_bench("load", "reload")
        self.assertGreater(results["load"]["medians"]["gslbd"]["ready_s"], 0, printed)
        for how in ("gslbd", "gslbd watching"):
            self.assertGreater(results["reload"]["many"][how]["medians"]["live_s"], 0, printed)


if __name__ == "__main__":
    unittest.main()
