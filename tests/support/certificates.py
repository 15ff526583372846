# SPDX-License-Identifier: Apache-2.0
"""Certificates made on the spot, with keys on a curve: they take no time. Each signs itself, and is the authority that
a client is told to trust."""

import ssl
import subprocess
from pathlib import Path


class Certificate:
    """The PEM files `file` and `key` in `directory`, for `names` and `addresses`, valid for `days` from now on."""

    def __init__(self, directory, names=("www.example.test",), addresses=("127.0.0.1",), days=30, label="site"):
        self.file, self.key = (Path(directory) / f"{label}.{kind}" for kind in ("pem", "key"))
        alternatives = [f"DNS:{name}" for name in names] + [f"IP:{address}" for address in addresses]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-keyout", self.key, "-out", self.file, "-subj", f"/CN={label}", "-days", str(days),
                        "-addext", "subjectAltName=" + ",".join(alternatives)], check=True, capture_output=True)

    def server_context(self, protocols=()):
        """For a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context
