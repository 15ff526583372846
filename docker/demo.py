#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./dev demo: three datacentres (nginx), gslbd and dig on this machine. One site is killed, and its address leaves the
answers; it returns, and so does the address. Everything started here is ended here, however this program ends."""

import argparse
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/support"))

from dns_client import dig, dig_short  # noqa: E402
from processes import Gslbd, Site  # noqa: E402
from waiting import Timeout, wait_until  # noqa: E402

NAME = "www.example.com"
SITES = {"fra": "127.0.0.11", "nyc": "127.0.0.12", "sin": "127.0.0.13"}
SITE_PORT = 8080
VICTIM = "nyc"

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def heading(text):
    print("\n" + paint("1;36", text), flush=True)


def free(address, port, kind):
    """Why the port cannot be had; None when it can."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, kind) as sock:
            if kind == socket.SOCK_STREAM:  # a connection that is being closed is no server
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, port))
        return None
    except OSError as error:
        return error.strerror


def check_ports():
    """Ends the program with one clear line when something else has a port that the demo needs."""
    wanted = [("127.0.0.1", 5300, socket.SOCK_DGRAM), ("127.0.0.1", 5300, socket.SOCK_STREAM),
              ("127.0.0.1", 9153, socket.SOCK_STREAM)]
    wanted += [(address, SITE_PORT, socket.SOCK_STREAM) for address in SITES.values()]
    for address, port, kind in wanted:
        reason = free(address, port, kind)
        if reason:
            transport = "udp" if kind == socket.SOCK_DGRAM else "tcp"
            sys.exit(f"demo: port {port}/{transport} on {address} cannot be had: {reason}; "
                     f"`ss -lpn 'sport = :{port}'` shows who has it")


def config_for_this_machine(directory):
    """The demo's configuration; without its IPv6 endpoint where this machine has no ::1."""
    config = HERE / "demo/gslbd.json"
    reason = free("::1", 5300, socket.SOCK_DGRAM)
    if reason is None:
        return config
    print(f"no IPv6 here ([::1]:5300: {reason}): the demo runs over IPv4 alone")
    copy = Path(directory) / "gslbd.json"
    text = config.read_text().replace(', "[::1]:5300"', "").replace("zones/*.json", str(HERE / "demo/zones/*.json"))
    copy.write_text(text)
    return copy


def show_dig(endpoint, note):
    """The answer section as dig prints it."""
    command = f"dig @{endpoint[0]} -p {endpoint[1]} {NAME}"
    print(paint("2", f"$ {command}") + f"   {note}")
    answer = dig(endpoint, "+noall", "+answer", NAME).strip()
    for line in answer.splitlines() or ["(no answer)"]:
        print("  " + paint("32", " ".join(line.split())), flush=True)


def measure(endpoint, expected, what):
    """Asks dig until exactly the `expected` addresses are in the answer; returns how long that took."""
    began = time.monotonic()
    wait_until(lambda: dig_short(endpoint, NAME) == sorted(expected), what, every=0.02)
    return time.monotonic() - began


def show(server, sites):
    everyone = list(SITES.values())
    first, last = server.endpoints[0], server.endpoints[-1]
    wait_until(lambda: dig_short(first, NAME) == sorted(everyone), "all three sites to be up")

    heading("Three sites, three addresses")
    show_dig(first, "over IPv4")
    if last != first:
        show_dig(last, "over IPv6")

    heading(f"Site {VICTIM} ({SITES[VICTIM]}) is killed")
    sites[VICTIM].kill()
    survivors = [address for name, address in SITES.items() if name != VICTIM]
    took = measure(first, survivors, f"the address of {VICTIM} to leave the answers")
    print(paint("1;33", f"gone from the answers after {took * 1000:.0f} ms"))
    show_dig(first, "two are left")

    heading(f"Site {VICTIM} is started again")
    sites[VICTIM].start()
    took = measure(first, everyone, f"the address of {VICTIM} to come back")
    print(paint("1;33", f"back in the answers after {took * 1000:.0f} ms"))
    show_dig(first, "three again")

    heading("Look around")
    print(f"admin        {paint('4', server.admin + '/')}\n"
          f"metrics      {paint('4', server.admin + '/metrics')}\n"
          f"status, JSON {paint('4', server.admin + '/api/v1/status')}")


def run(options):
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="gslbd-demo-"))
        check_ports()
        sites = {name: stack.enter_context(Site(name, address, SITE_PORT)) for name, address in SITES.items()}
        server = stack.enter_context(Gslbd(config_for_this_machine(directory)))
        show(server, sites)
        if not options.once:
            print("\nRunning; kill a site yourself and ask again. "
                  f"{', '.join(f'{name} is pid {site.pid}' for name, site in sites.items())}. Ctrl-C ends.", flush=True)
            while server.alive():
                signal.sigtimedwait([], 1)
            sys.exit("demo: the server ended:\n" + "\n".join(server.lines[-10:]))


def main():
    parser = argparse.ArgumentParser(prog="dev demo", description=__doc__)
    parser.add_argument("--server", required=True, help="the gslbd program")
    parser.add_argument("--once", action="store_true", help="end after the show")
    options = parser.parse_args()
    os.environ["GSLBD_BINARY"] = str(Path(options.server).resolve())
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *unused: sys.exit(1))
    try:
        run(options)
    except KeyboardInterrupt:
        print("\nended")
    except (AssertionError, Timeout) as error:
        sys.exit(f"demo: {error}")


if __name__ == "__main__":
    main()
