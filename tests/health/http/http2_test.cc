// SPDX-License-Identifier: Apache-2.0
// HTTP/2 against nghttpd, gRPC against the server of python3-grpcio; what is not installed is skipped.

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iostream>

#include "health/types/grpc_message.h"
#include "tests/health/http/child_server.h"
#include "tests/health/probing.h"
#include "tests/health/stream/peer.h"
#include "tests/health/test_server.h"
#include "tests/support/sanitized.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;

namespace {

const std::string kPython = "/usr/bin/python3";
const std::string kGrpcPeer = std::string(GSLBD_SOURCE_DIR) + "/tests/health/http/grpc_peer.py";

bool have_grpc() {
  if (run_quietly(kPython + " -c 'import grpc'")) return true;
  std::cout << "skipped: there is no python3-grpcio\n";
  return false;
}

bool have_nghttpd() {
  if (run_quietly("nghttpd --version")) return true;
  std::cout << "skipped: there is no nghttpd\n";
  return false;
}

Outcome asked(std::uint16_t port, const std::string& service, const std::string& more = "") {
  return probe(
      make_check(fmt::format(R"({{"type": "grpc", "port": {}, "service": "{}"{}}})", port, service, more)));
}

/// Serves the file "page" with the content "all fine".
std::vector<std::string> nghttpd(const TemporaryDirectory& root, const std::vector<std::string>& more) {
  std::ofstream(root.path() + "/page") << "all fine\n";
  std::vector<std::string> command{"nghttpd", "-v", "-a", "127.0.0.1", "-d", root.path()};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

/// A peer that the kernel connects to, and that says nothing: it has no thread that wants descriptors.
class Mute {
 public:
  Mute() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(listener_, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
    REQUIRE(listen(listener_, 16) == 0);
    socklen_t length = sizeof address_;
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &length) == 0);
  }
  ~Mute() { ::close(listener_); }
  Mute(const Mute&) = delete;
  Mute& operator=(const Mute&) = delete;
  std::uint16_t port() const { return ntohs(address_.sin_port); }

 private:
  const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address_{};
};

/// While it lives, this process can have so many descriptors more.
class Spare {
 public:
  explicit Spare(int number) {
    getrlimit(RLIMIT_NOFILE, &before_);
    int limit = 0;
    while (fcntl(limit, F_GETFD) >= 0 || number-- > 0) ++limit;
    const rlimit now{static_cast<rlim_t>(limit), before_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &now) == 0);
  }
  ~Spare() { setrlimit(RLIMIT_NOFILE, &before_); }
  Spare(const Spare&) = delete;
  Spare& operator=(const Spare&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("http: over HTTP/2, running out of descriptors is local trouble, however many are left") {
  if (kSanitized) return;  // they want descriptors for what they see for the first time
  const Mute peer;
  const auto http2 = [](std::uint16_t port) {
    return make_check(fmt::format(R"({{"type": "http", "port": {}, "http_version": "2"}})", port));
  };
  const Check check = http2(peer.port());
  // Whatever is made only once is made here.
  Prober prober;
  prober.start(100, http2(closed_port()));
  CHECK(prober.outcome_of(100).reason == Reason::refused);
  CHECK(overdue(check, "no answer to the request") ==
        "connected after T, then no answer to the request within 1s");
  for (ProbeId spare = 0; spare < 4; ++spare) {  // the peer's, the listener's, libcurl's, ours with libcurl
    CAPTURE(spare);
    const Spare few(static_cast<int>(spare));
    prober.start(spare + 1, check);
    CHECK(prober.outcome_of(spare + 1).reason == Reason::resources);
  }
}

TEST_CASE("http: HTTP/2 is spoken without TLS, and a body found") {
  if (!have_nghttpd()) return;
  const TemporaryDirectory root;
  const ChildServer server(nghttpd(root, {"--no-tls", std::to_string(closed_port())}), "listen 127.0.0.1:");
  REQUIRE(server.port() != 0);
  const auto http2 = [&](const std::string& more) {
    return probe(make_check(
        fmt::format(R"({{"type": "http", "port": {}, "http_version": "2"{}}})", server.port(), more)));
  };
  CHECK(http2(R"(, "path": "/page", "expect": {"body": "all fine"})").detail == "HTTP 200");
  CHECK(http2(R"(, "path": "/page", "method": "HEAD")").detail == "HTTP 200");
  CHECK(http2(R"(, "path": "/page", "method": "POST", "body": "x", "headers": {"X-A": "b"})").passed());
  CHECK(http2(R"(, "path": "/none")").detail == "HTTP 404, wanted 200-299");
}

TEST_CASE("https: HTTP/2 over TLS, or the reason why not") {
  if (!have_nghttpd()) return;
  const TemporaryDirectory root;
  const Certificate certificate =
      make_certificate(root.path(), {.subject = "site", .names = {"www.example.test"}});
  const ChildServer server(
      nghttpd(root, {std::to_string(closed_port()), certificate.key_file, certificate.file}),
      "listen 127.0.0.1:");
  REQUIRE(server.port() != 0);
  const auto https = [&](std::uint16_t port, const std::string& more) {
    return probe(make_check(fmt::format(
        R"({{"type": "https", "port": {}, "path": "/page", "http_version": "2"{}}})", port, more)));
  };
  const std::string named = R"(, "host": "www.example.test", "ca_file": ")" + certificate.file + "\"";
  CHECK(https(server.port(), named).detail == "HTTP 200");
  CHECK(https(server.port(), R"(, "tls_verify": false)").passed());
  CHECK(https(server.port(), "").reason == Reason::tls);
  TlsServer old(certificate.file, certificate.key_file);
  CHECK(https(old.port(), named).detail == "the peer does not speak HTTP/2");
}

TEST_CASE("http: a peer without HTTP/2 is told apart") {
  const Peer server([](const PeerConnection& connection) {
    connection.hear("SM\r\n\r\n");  // the end of HTTP/2's preface
    connection.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    connection.wait_for_end();
  });
  const Outcome outcome =
      probe(make_check(fmt::format(R"({{"type": "http", "port": {}, "http_version": "2"}})", server.port())));
  CHECK(outcome.reason == Reason::protocol);
}

TEST_CASE("http: over HTTP/2, too, a probe whose time is up says how far it came") {
  const Peer silent([](const PeerConnection& connection) { connection.wait_for_end(); });
  const auto check = [&](const std::string& type, const std::string& more) {
    return make_check(fmt::format(R"({{"type": "{}", "port": {}{}}})", type, silent.port(), more));
  };
  CHECK(overdue(check("http", R"(, "http_version": "2")"), "request") ==
        "connected after T, then no answer to the request within 1s");
  CHECK(overdue(check("grpc", R"(, "tls": true, "tls_verify": false)"), "TLS") ==
        "connected after T, then no end of the TLS handshake within 1s");
}

TEST_CASE("grpc: the health service's answer decides, each in its own words") {
  if (!have_grpc()) return;
  const ChildServer server({kPython, kGrpcPeer}, "port ");
  REQUIRE(server.port() != 0);
  const std::uint16_t port = server.port();
  CHECK(asked(port, "").detail == "SERVING");
  CHECK(asked(port, "more").passed());
  CHECK(asked(port, std::string(200, 'n')).passed());
  CHECK(asked(port, "down").reason == Reason::reported);
  CHECK(asked(port, "down").detail == "the service \"down\" says NOT_SERVING");
  CHECK(asked(port, "strange").detail == "the service \"strange\" is not known there (SERVICE_UNKNOWN)");
  CHECK(asked(port, "missing").detail == "the service \"missing\" is not known there (NOT_FOUND)");
  CHECK(asked(port, "empty").detail == "the service \"empty\" says that it does not know (UNKNOWN)");
  CHECK(asked(port, "busy").detail == "gRPC status 14 (UNAVAILABLE): not now");
  CHECK(asked(port, "garbage").detail == "the answer is no message of grpc.health.v1");
}

TEST_CASE("grpc: a server without the health service, and one that is no gRPC server") {
  if (!have_grpc() || !have_nghttpd()) return;
  const ChildServer bare({kPython, kGrpcPeer, "bare"}, "port ");
  CHECK(asked(bare.port(), "").detail == "the server does not have the gRPC health service (UNIMPLEMENTED)");
  const TemporaryDirectory root;
  const ChildServer web(nghttpd(root, {"--no-tls", std::to_string(closed_port())}), "listen 127.0.0.1:");
  CHECK(asked(web.port(), "").detail == "HTTP 404, wanted 200 with a gRPC answer");
  CHECK(asked(closed_port(), "").reason == Reason::refused);
}

TEST_CASE("grpc: with TLS the certificate counts") {
  if (!have_grpc()) return;
  const TemporaryDirectory root;
  const Certificate certificate =
      make_certificate(root.path(), {.subject = "site", .names = {"www.example.test"}});
  const ChildServer server({kPython, kGrpcPeer, certificate.file, certificate.key_file}, "port ");
  const std::string trusting = R"(, "tls": true, "ca_file": ")" + certificate.file + "\"";
  CHECK(asked(server.port(), "", trusting + R"(, "host": "www.example.test")").detail == "SERVING");
  CHECK(asked(server.port(), "", trusting + R"(, "host": "other.example.test")").reason == Reason::tls);
  CHECK(asked(server.port(), "", R"(, "tls": true)").reason == Reason::tls);
}

TEST_CASE("grpc: messages that are cut short or absurd are no messages") {
  using namespace std::string_literals;
  const auto judged = [](const std::string& frame) { return judge_grpc("", {"0", "", frame}).detail; };
  const std::string none = "the answer is no message of grpc.health.v1";
  for (const std::string& frame : {""s, "\0\0\0\0"s, "\1\0\0\0\0"s, "\0\0\0\0\2\x08"s, "\0\0\0\0\1\x08"s,
                                   "\0\xff\xff\xff\xff"s, "\0\0\0\0\2\x12\x7f"s, "\0\0\0\0\1\x0b"s,
                                   "\0\0\0\0\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s}) {
    CAPTURE(frame.size());
    CHECK(judged(frame) == none);
  }
  CHECK(judged("\0\0\0\0\2\x08\1"s) == "SERVING");
  CHECK(judged("\0\0\0\0\0"s) == "the server says that it does not know (UNKNOWN)");
  CHECK(judge_grpc("", {"", "", ""}).reason == Reason::protocol);
  CHECK(judge_grpc("", {"99", "", ""}).detail == "gRPC status 99 (not a status of gRPC)");
}
