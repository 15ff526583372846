# SPDX-License-Identifier: Apache-2.0
"""The same pools in the languages of those servers that have such: gslbd, gdnsd's plugins, PowerDNS's LUA records.
Every member is checked by http, so that the answers are those of a server at work."""

PATH = "/healthz"
TTL_S = 60


def weight(member):
    return 10 * (member + 1)


# --- gslbd --------------------------------------------------------------------------------------------------------

STEER = {"rotated": "all", "weighted": "weighted", "failover": "failover"}


def gslbd(content):
    """Its checks and pools."""
    pools = content.pools

    def member(number, address):
        more = {"rotated": {}, "weighted": {"weight": weight(number)}, "failover": {"tier": number + 1}}[pools.kind]
        return {"address": address, **more}
    check = {"type": "http", "port": content.check_port, "path": PATH, "expect": {"status": 200},
             "interval": content.interval_s}
    return {"checks": {"web": check},
            "pools": {name: {"alive": "web", "steer": STEER[pools.kind], "ttl": f"{TTL_S}s",
                             "members": [member(*each) for each in enumerate(pools.addresses(number))]}
                      for number, name in enumerate(pools.names())}}


# --- gdnsd --------------------------------------------------------------------------------------------------------

PLUGIN = {"rotated": "multifo", "weighted": "weighted", "failover": "simplefo"}


def gdnsd(content):
    """Its services and plugins, behind its options."""
    pools = content.pools

    def entry(number, address):
        return {"rotated": f"a{number} => {address}", "weighted": f"a{number} => [ {address}, {weight(number)} ]",
                "failover": f"{('primary', 'secondary')[number % 2]} => {address}"}[pools.kind]
    resources = "".join(
        f"    {name} => {{ service_types => web, "
        + ", ".join(entry(*each) for each in enumerate(pools.addresses(number))) + " }\n"
        for number, name in enumerate(pools.names()))
    return (f"service_types => {{\n  web => {{ plugin => http_status, port => {content.check_port}, "
            f"url_path => {PATH}, ok_codes => [ 200 ], interval => {content.interval_s}, timeout => 1 }}\n}}\n"
            f"plugins => {{\n  {PLUGIN[pools.kind]} => {{\n{resources}  }}\n}}\n")


def gdnsd_lines(pools, check_port):
    return [f"{name} {TTL_S} DYNA {PLUGIN[pools.kind]}!{name}" for name in pools.names()]


# --- PowerDNS -----------------------------------------------------------------------------------------------------

def pdns_lines(pools, check_port):
    """Its weighted choice has no checks."""
    def script(number):
        addresses = pools.addresses(number)
        quoted = [f"'{address}'" for address in addresses]
        if pools.kind == "weighted":
            pairs = ", ".join(f"{{{weight(member)}, {text}}}" for member, text in enumerate(quoted))
            return f"pickwrandom({{{pairs}}})"
        groups = ", ".join(quoted) if pools.kind == "rotated" else ", ".join(f"{{{text}}}" for text in quoted)
        return f"ifurlup('http://site:{check_port}{PATH}', {{{groups}}}, {{selector='all'}})"
    return [f'{name} {TTL_S} IN LUA A "{script(number)}"' for number, name in enumerate(pools.names())]


LINES = {"gdnsd": gdnsd_lines, "pdns": pdns_lines}
