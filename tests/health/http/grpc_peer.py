# SPDX-License-Identifier: Apache-2.0
"""A gRPC server (python3-grpcio) whose health service answers by the name of the service asked about. Says on its
output where it listens. `grpc_peer.py [ADDRESS:PORT] [bare | CERTIFICATE KEY]`: bare is a server without the health
service."""

import sys
from concurrent import futures

import grpc

SERVING, NOT_SERVING, SERVICE_UNKNOWN = b"\x08\x01", b"\x08\x02", b"\x08\x03"
ANSWERS = {b"": SERVING, b"down": NOT_SERVING, b"strange": SERVICE_UNKNOWN, b"empty": b"", b"garbage": b"\xff\xff\xff",
           b"more": b"\x12\x03abc" + SERVING, b"n" * 200: SERVING}
STATUSES = {b"missing": grpc.StatusCode.NOT_FOUND, b"busy": grpc.StatusCode.UNAVAILABLE}


def service_of(request):
    """The service of a HealthCheckRequest: field 1, its length in one or two octets."""
    if not request:
        return b""
    return request[3:] if request[1] & 0x80 else request[2:]


def check(request, context):
    service = service_of(request)
    if service in STATUSES:
        context.abort(STATUSES[service], "not now")
    return ANSWERS.get(service, SERVICE_UNKNOWN)


class Health(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(check)
        return None


def main():
    arguments = sys.argv[1:]
    listen = arguments.pop(0) if arguments and ":" in arguments[0] else "127.0.0.1:0"
    server = grpc.server(futures.ThreadPoolExecutor(2))
    if arguments != ["bare"]:
        server.add_generic_rpc_handlers([Health()])
    if len(arguments) == 2:
        certificate, key = (open(name, "rb").read() for name in arguments)
        credentials = grpc.ssl_server_credentials([(key, certificate)])
        port = server.add_secure_port(listen, credentials)
    else:
        port = server.add_insecure_port(listen)
    server.start()
    print(f"port {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
