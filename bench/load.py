# SPDX-License-Identifier: Apache-2.0
"""How long a zone of 1,000,000 names takes to load, and the memory it costs a name."""

import tempfile
from pathlib import Path

import zone_data
from machine import median, table
from peers import SERVERS, Content, Running, available

HELP = __doc__


def run(options):
    names = 20_000 if options.quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="gslbd-bench-") as directory:
        root = Path(directory)
        full = Content.write(root, "full", lambda: zone_data.hosts(names))
        one = Content.write(root, "one", lambda: zone_data.hosts(1))
        servers = [name for name in available(SERVERS) if name in options.servers]
        rounds, count = {name: [] for name in servers}, 1 if options.quick else options.rounds
        for _ in range(count):
            for name in servers:
                rounds[name].append(one_round(name, root, full, one, names))
    result = {name: {key: median([each[key] for each in found]) for key in found[0]} for name, found in rounds.items()}
    print(f"\n{names:,} names (one A record each); medians of {count} rounds, in turns")
    table(["server", "s to the first answer", "CPU s", "resident MB", "octets a name"],
          [[name, f"{found['ready_s']:.2f}", f"{found['cpu_s']:.2f}", f"{found['resident'] / 1e6:.0f}",
            f"{found['octets_a_name']:.0f}"] for name, found in result.items()])
    print("resident: pages that processes share count once; octets a name: what the names add to the same server "
          "with a zone of one name")
    return {"names": names, "medians": result, "rounds": rounds}


def one_round(name, root, full, one, names):
    with Running(name, root, one) as empty:
        base = empty.process.resident_octets()
    with Running(name, root, full) as server:
        resident = server.process.resident_octets()
        return {"ready_s": server.ready_s, "cpu_s": sum(server.process.cpu_seconds()), "resident": resident,
                "octets_a_name": (resident - base) / names}
