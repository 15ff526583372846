// SPDX-License-Identifier: Apache-2.0
// The production transports against real sockets on loopback.

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>

#include "health/outcome.h"
#include "tests/health/probing.h"
#include "tests/health/test_server.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;
using namespace std::chrono_literals;

namespace {

Check tcp(std::uint16_t port) {
  return make_check(fmt::format(R"({{"type": "tcp", "port": {}}})", port));
}
Check http(std::uint16_t port, const std::string& more = "") {
  return make_check(fmt::format(R"({{"type": "http", "port": {}{}}})", port, more));
}

TestServer::Respond always(Reply reply) {
  return [reply](const std::string&) { return reply; };
}

}  // namespace

TEST_CASE("tcp: a connection that is accepted is a pass, over IPv4 and IPv6") {
  TestServer v4(always({}));
  CHECK(probe(tcp(v4.port())).reason == Reason::pass);
  TestServer v6(always({}), *Address::parse("::1"));
  CHECK(probe(tcp(v6.port()), "::1").reason == Reason::pass);
}

TEST_CASE("tcp: a closed port is refused") {
  const Outcome outcome = probe(tcp(closed_port()));
  CHECK(outcome.reason == Reason::refused);
  CHECK(outcome.detail == "connection refused");
}

TEST_CASE("tcp: running out of descriptors is local trouble") {
  UvLoop loop;
  Heartbeats heartbeats;
  DispatchTransport transport({loop, heartbeats});
  struct Listener final : ProbeListener {
    void probe_ended(ProbeId, Outcome o) override { outcome = o; }
    Outcome outcome;
  } listener;
  // The undefined-behaviour sanitizer wants descriptors the first time it looks at an object.
  ProbeListener* volatile looked_at = &listener;
  looked_at->probe_ended(0, {});
  transport.start(0, tcp(80), TestServer::loopback(), listener);
  transport.cancel(0, tcp(80));
  (void)outcome_of_errno(EMFILE);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &none);
  transport.start(1, tcp(80), TestServer::loopback(), listener);
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(listener.outcome.reason == Reason::resources);
}

TEST_CASE("http: the status decides, and the detail says what came and what was wanted") {
  TestServer good(always(http_reply(200)));
  const Outcome pass = probe(http(good.port()));
  CHECK(pass.reason == Reason::pass);
  CHECK(pass.detail == "HTTP 200");

  TestServer bad(always(http_reply(503)));
  const Outcome fail = probe(http(bad.port()));
  CHECK(fail.reason == Reason::status);
  CHECK(fail.detail == "HTTP 503, wanted 200-299");
  CHECK(probe(http(bad.port(), R"(, "expect": {"status": [200, 503]})")).reason == Reason::pass);
}

TEST_CASE("http: redirects are an answer, not a way to somewhere else") {
  TestServer server(
      always({"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", {}}));
  CHECK(probe(http(server.port())).detail == "HTTP 302, wanted 200-299");
  CHECK(probe(http(server.port(), R"(, "expect": {"status": 302})")).reason == Reason::pass);
}

TEST_CASE("http: the request is the one that was configured") {
  TestServer server(always(http_reply(200)));
  probe(http(server.port(), R"(, "path": "/a/../b?c=%20", "host": "www.example.test", "method": "OPTIONS",
                               "headers": {"X-Probe": "yes", "X-Empty": ""})"));
  REQUIRE(server.requests().size() == 1);
  const std::string request = server.requests()[0];
  CHECK(request.rfind("OPTIONS /a/../b?c=%20 HTTP/1.1\r\n", 0) == 0);
  for (const char* line : {"\r\nHost: www.example.test\r\n", "\r\nUser-Agent: gslbd\r\n",
                           "\r\nX-Probe: yes\r\n", "\r\nX-Empty:", "\r\nConnection: close\r\n"}) {
    CAPTURE(line);
    CHECK(request.find(line) != std::string::npos);
  }
}

TEST_CASE("http: without a host the address is named, IPv6 in brackets") {
  TestServer server(always(http_reply(200)), *Address::parse("::1"));
  CHECK(probe(http(server.port()), "::1").reason == Reason::pass);
  CHECK(server.requests().at(0).find(fmt::format("Host: [::1]:{}\r\n", server.port())) != std::string::npos);
}

TEST_CASE("http: a HEAD request gets its answer without a body") {
  TestServer server(always({"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n", Reply::Then::hold}));
  CHECK(probe(http(server.port(), R"(, "method": "HEAD")")).reason == Reason::pass);
}

TEST_CASE("http: the body is searched for the pattern in its first 64 KiB") {
  TestServer server(always(http_reply(200, "status: all fine\n")));
  CHECK(probe(http(server.port(), R"(, "expect": {"body": "(all|some) fine"})")).reason == Reason::pass);
  const Outcome outcome = probe(http(server.port(), R"(, "expect": {"body": "broken"})"));
  CHECK(outcome.reason == Reason::body);
  CHECK(outcome.detail == "no \"broken\" in the first 17 octets of the body");

  TestServer large(
      always(http_reply(200, std::string(64 * 1024 - 3, 'x') + "end" + std::string(100'000, 'y') + "z")));
  CHECK(probe(http(large.port())).reason == Reason::pass);
  CHECK(probe(http(large.port(), R"(, "expect": {"body": "xend$"})")).reason == Reason::pass);
  CHECK(probe(http(large.port(), R"(, "expect": {"body": "z"})")).detail ==
        "no \"z\" in the first 65536 octets of the body");
}

TEST_CASE("http: the ways in which a peer can misbehave have their own reasons") {
  TestServer mute(always({"", Reply::Then::close}));
  CHECK(probe(http(mute.port())).reason == Reason::protocol);
  TestServer resetting(always({"", Reply::Then::reset}));
  CHECK(probe(http(resetting.port())).reason == Reason::reset);
  TestServer other(always({"SSH-2.0-OpenSSH_9.2\r\n", Reply::Then::close}));
  CHECK(probe(http(other.port())).reason == Reason::protocol);
  TestServer cut(always({"HTTP/1.1 200 X\r\nContent-Length: 50\r\n\r\nshort", Reply::Then::close}));
  CHECK(probe(http(cut.port())).reason == Reason::protocol);
  CHECK(probe(http(closed_port())).detail == "connection refused");
  TestServer endless(always({"HTTP/1.1 200 X\r\nX: " + std::string(2'000'000, 'h'), Reply::Then::close}));
  CHECK_FALSE(probe(http(endless.port())).passed());
}

TEST_CASE("http: a peer that accepts and stays silent gives no outcome, and can be cancelled") {
  TestServer silent(always({"", Reply::Then::hold}));
  CHECK_FALSE(OneProbe().run(http(silent.port()), TestServer::loopback(), 100ms).has_value());
}

TEST_CASE("http: the environment's proxy settings are not followed") {
  TestServer server(always(http_reply(200)));
  setenv("http_proxy", "http://127.0.0.1:1/", 1);
  CHECK(probe(http(server.port())).reason == Reason::pass);
  unsetenv("http_proxy");
}

TEST_CASE("https: the certificate must be valid for the name") {
  if (!run_quietly("openssl version")) return (void)(std::cout << "skipped: there is no openssl command\n");
  const TemporaryDirectory directory;
  const std::string d = directory.path() + "/";
  const std::string key_type = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
  REQUIRE(run_quietly("openssl req -x509" + key_type + "-days 2 -subj /CN=authority -keyout " + d +
                      "ca.key -out " + d + "ca.pem"));
  REQUIRE(run_quietly("openssl req" + key_type +
                      "-subj /CN=site -addext subjectAltName=DNS:www.example.test,IP:127.0.0.1 -keyout " + d +
                      "key.pem -out " + d + "site.csr"));
  const std::string sign = "openssl x509 -req -copy_extensions copy -in " + d + "site.csr -CA " + d +
                           "ca.pem -CAkey " + d + "ca.key -out " + d;
  REQUIRE(run_quietly(sign + "site.pem -days 2"));
  REQUIRE(run_quietly(sign + "old.pem -days -1"));
  const auto https = [&](std::uint16_t port, const std::string& more, bool trust = true) {
    return make_check(fmt::format(R"({{"type": "https", "port": {}{}{}}})", port, more,
                                  trust ? ", \"ca_file\": \"" + d + "ca.pem\"" : ""));
  };

  TlsServer server(d + "site.pem", d + "key.pem");
  REQUIRE(server.port() != 0);
  const std::string named = R"(, "host": "www.example.test")";
  CHECK(probe(https(server.port(), named)).detail == "HTTP 200");
  CHECK(probe(https(server.port(), "")).reason == Reason::pass);  // the address stands in the certificate too
  CHECK(probe(https(server.port(), R"(, "host": "other.example.test", "sni": "www.example.test")")).passed());

  const Outcome wrong_name = probe(https(server.port(), R"(, "host": "other.example.test")"));
  CHECK(wrong_name.reason == Reason::tls);
  CHECK(wrong_name.detail.rfind("host name mismatch: wanted other.example.test", 0) == 0);
  const Outcome untrusted = probe(https(server.port(), named, false));
  CHECK(untrusted.reason == Reason::tls);
  CHECK(untrusted.detail.rfind("no trusted authority vouches for", 0) == 0);
  CHECK(probe(https(server.port(), named + R"(, "tls_verify": false)", false)).passed());

  TlsServer old(d + "old.pem", d + "key.pem");
  const Outcome expired = probe(https(old.port(), named));
  CHECK(expired.reason == Reason::tls);
  CHECK(expired.detail.rfind("certificate has expired (", 0) == 0);

  TestServer plain(always(http_reply(400)));
  CHECK(probe(https(plain.port(), named)).reason == Reason::tls);
}

TEST_CASE("icmp: loopback answers over IPv4 and IPv6") {
  for (const char* address : {"127.0.0.1", "::1"}) {
    for (const char* text :
         {R"({"type": "icmp"})", R"({"type": "icmp", "size": 1400})", R"({"type": "icmp", "size": 17})"}) {
      const Outcome outcome = probe(make_check(text), address);
      if (outcome.reason == Reason::not_permitted) {
        std::cout << "skipped: not permitted to ping " << address << "\n";
        continue;
      }
      CAPTURE(address, text, outcome.detail);
      CHECK(outcome.reason == Reason::pass);
    }
  }
}
