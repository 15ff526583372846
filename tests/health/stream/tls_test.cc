// SPDX-License-Identifier: Apache-2.0
// TLS: what a good certificate, and each kind of bad one, leads to.

#include <fmt/format.h>

#include <fstream>
#include <functional>
#include <semaphore>

#include "health/side_work.h"
#include "health/types/tls_options.h"
#include "tests/health/probing.h"
#include "tests/health/stream/peer.h"
#include "tests/health/test_server.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;

namespace {

/// An authority, and a server with a certificate from it.
class Site {
 public:
  explicit Site(const CertificateWish& wish)
      : authority_(make_certificate(directory_.path(),
                                    {.subject = "authority", .last_day = 900, .authority = true})),
        certificate_(make_certificate(directory_.path(), wish, &authority_)),
        server_(certificate_.file, certificate_.key_file) {
    REQUIRE(server_.port() != 0);
  }
  /// `options` are more members of the check.
  Outcome probe(const std::string& options, const std::string& type = "tls") const {
    return test::probe(make_check(fmt::format(R"({{"type": "{}", "port": {}, "ca_file": "{}"{}}})", type,
                                              server_.port(), authority_.file, options)));
  }
  std::uint16_t port() const { return server_.port(); }

 private:
  TemporaryDirectory directory_;
  Certificate authority_;
  Certificate certificate_;
  TlsServer server_;
};

void expect_outcome(const Outcome& outcome, Reason reason, const std::string& beginning) {
  CHECK(reason_name(outcome.reason) == reason_name(reason));
  CHECK(outcome.detail.substr(0, beginning.size()) == beginning);
}

}  // namespace

TEST_CASE("a certificate for the name, by an authority we trust, passes and tells its age") {
  const Site site({.names = {"www.example.com", "*.shop.example.com"}});
  expect_outcome(site.probe(R"(, "host": "www.example.com")"), Reason::pass,
                 "the certificate expires in 29 days (");
  expect_outcome(site.probe(R"(, "host": "a.shop.example.com")"), Reason::pass, "");
  expect_outcome(site.probe(R"(, "host": "www.example.com", "warn_days": 60)"), Reason::pass,
                 "warning: the certificate expires in 29 days (");
  const Outcome soon = site.probe(R"(, "host": "www.example.com", "fail_days": 45)");
  expect_outcome(soon, Reason::tls, "the certificate expires in 29 days (");
  CHECK(soon.detail.ends_with("); fail_days is 45"));
}

TEST_CASE("a certificate for another name or address fails, and the message has both") {
  const Site site({.names = {"a.example", "b.example", "c.example", "d.example"}});
  expect_outcome(site.probe(R"(, "host": "www.example.com")"), Reason::tls,
                 "host name mismatch: wanted www.example.com, the certificate is for a.example, b.example, "
                 "c.example, ...");
  expect_outcome(site.probe(""), Reason::tls,
                 "address mismatch: wanted 127.0.0.1, the certificate is for a.example");
  expect_outcome(site.probe(R"(, "tls_verify": false)"), Reason::pass, "the certificate expires in 29 days");
}

TEST_CASE("without a host the certificate must be for the address") {
  const Site site({.addresses = {"127.0.0.1"}});
  expect_outcome(site.probe(""), Reason::pass, "the certificate expires");
  expect_outcome(site.probe(R"(, "host": "127.0.0.1")"), Reason::pass, "the certificate expires");
  expect_outcome(site.probe(R"(, "host": "127.0.0.2")"), Reason::tls, "address mismatch: wanted 127.0.0.2");
}

TEST_CASE("certificates that have expired, or are not valid yet, say since when") {
  const Site old({.names = {"www.example.com"}, .last_day = -1});
  const Outcome expired = old.probe(R"(, "host": "www.example.com")");
  expect_outcome(expired, Reason::tls, "certificate has expired (20");
  CHECK(expired.detail.size() == std::string("certificate has expired (2026-11-01)").size());
  expect_outcome(old.probe(R"(, "tls_verify": false)"), Reason::tls, "the certificate has expired (20");
  const Site young({.names = {"www.example.com"}, .first_day = 2});
  expect_outcome(young.probe(R"(, "host": "www.example.com")"), Reason::tls,
                 "certificate is not valid before 20");
}

TEST_CASE("a certificate that signs itself, or is signed by a stranger, is not trusted") {
  const TemporaryDirectory directory;
  const Certificate own =
      make_certificate(directory.path(), {.subject = "own", .names = {"www.example.com"}});
  const TlsServer server(own.file, own.key_file);
  const auto probe_with = [&](const std::string& options) {
    return probe(make_check(fmt::format(R"({{"type": "tls", "port": {}, "host": "www.example.com"{}}})",
                                        server.port(), options)));
  };
  expect_outcome(probe_with(""), Reason::tls, "self-signed certificate");
  expect_outcome(probe_with(fmt::format(R"(, "ca_file": "{}")", own.file)), Reason::pass,
                 "the certificate expires");
  const Site other({.names = {"www.example.com"}});
  const Outcome stranger = probe(
      make_check(fmt::format(R"({{"type": "tls", "port": {}, "host": "www.example.com"}})", other.port())));
  expect_outcome(stranger, Reason::tls, "no trusted authority vouches for the certificate (site)");
}

TEST_CASE("the authority's own expiry counts when it is the first") {
  const TlsOptions options;
  const WallTime now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22)};
  const auto in = [now](int days) { return now + std::chrono::hours(24) * days; };
  CHECK(judge_expiry({in(3), "Root R1"}, options, now).detail ==
        "warning: the issuer's certificate (Root R1) expires in 3 days (2026-11-25); warn_days is 14");
  CHECK(judge_expiry({in(1), ""}, options, now).detail ==
        "warning: the certificate expires in 1 day (2026-11-23); warn_days is 14");
  CHECK(judge_expiry({in(14), ""}, options, now).detail == "the certificate expires in 14 days (2026-12-06)");
  CHECK(judge_expiry({in(-1), ""}, options, now).reason == Reason::tls);
}

TEST_CASE("a file of authorities that changes is read anew") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/ca.pem";
  const Certificate first = make_certificate(directory.path(), {.subject = "first", .authority = true});
  const Certificate second = make_certificate(directory.path(), {.subject = "second", .authority = true});
  REQUIRE(run_quietly("cp " + first.file + " " + file));
  const auto before = TlsTrust::load(file);
  REQUIRE(before.has_value());
  CHECK(*before == *TlsTrust::load(file));
  std::ofstream(file, std::ios::app) << std::ifstream(second.file).rdbuf();
  const auto after = TlsTrust::load(file);
  REQUIRE(after.has_value());
  CHECK(*before != *after);
}

TEST_CASE("no session waits for a look at the file of authorities") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/ca.pem";
  const Certificate first = make_certificate(directory.path(), {.subject = "first", .authority = true});
  const Certificate second = make_certificate(directory.path(), {.subject = "second", .authority = true});
  REQUIRE(run_quietly("cp " + first.file + " " + file));
  TlsSettings settings;
  settings.ca_file = file;
  settings.trust = *TlsTrust::load(file);
  UvLoop loop;
  std::binary_semaphore hanging(0);  // the directory's file system, as it were
  loop.side_work().run(directory.path(), [&] {
    hanging.acquire();
    return SideWork::Done();
  });
  std::ofstream(file, std::ios::app) << std::ifstream(second.file).rdbuf();
  CHECK(*TlsTrust::current(settings, loop.side_work()) == settings.trust);
  hanging.release();
  int turns = 20'000;
  std::function<void()> look = [&] {
    const auto now = TlsTrust::current(settings, loop.side_work());
    if (*now != settings.trust || --turns == 0) return loop.stop();
    loop.run_at(std::chrono::steady_clock::now() + std::chrono::milliseconds(1), look);
  };
  look();
  loop.run();
  CHECK(turns > 0);
  // Whoever read the settings when the file was another one sees the new authorities too.
  CHECK(*TlsTrust::current(settings, loop.side_work()) == *TlsTrust::load(file));
}

TEST_CASE("a file of authorities that is none is a mistake in the configuration") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/ca.pem";
  CHECK(TlsTrust::load(file).error().message == "cannot read " + file + ": No such file or directory");
  std::ofstream(file) << "hello\n";
  CHECK(TlsTrust::load(file).error().message == "there is no certificate in " + file + " (it must be PEM)");
}

TEST_CASE("peers that do not shake hands, each with its own words") {
  const auto probe_peer = [](Peer::Behaviour behaviour) {
    const Peer peer(std::move(behaviour));
    return probe(
        make_check(fmt::format(R"({{"type": "tls", "port": {}, "tls_verify": false}})", peer.port())));
  };
  expect_outcome(probe_peer([](const PeerConnection& c) {
                   const std::string header = c.hear_octets(5);  // RFC 8446 §5.1: type, version, length
                   c.hear_octets(static_cast<std::size_t>(static_cast<unsigned char>(header.at(3)) << 8) +
                                 static_cast<unsigned char>(header.at(4)));
                 }),
                 Reason::tls, "the peer closed during the TLS handshake");
  expect_outcome(probe_peer([](const PeerConnection& c) {
                   c.say("220 mail.example ESMTP\r\n");
                   c.wait_for_end();
                 }),
                 Reason::tls, R"(the peer does not speak TLS; it said "220 mail.example ESMTP\x0d\x0a")");
  expect_outcome(probe_peer([](const PeerConnection& c) {
                   c.hear("\x01");  // somewhere in the greeting
                   c.reset();
                 }),
                 Reason::reset, "connection reset by the peer during the TLS handshake");
  expect_outcome(probe_peer([](const PeerConnection& c) {
                   c.say(std::string("\x15\x03\x03\x00\x02\x02\x28", 7));  // alert: fatal, handshake failure
                   c.wait_for_end();
                 }),
                 Reason::tls, "the peer refused the handshake: handshake failure");
  expect_outcome(probe_peer([](const PeerConnection& c) {  // records of handshake that never make sense
                   std::string record("\x16\x03\x03\x40\x00\x02\xff\xff\xff", 9);
                   record.resize(5 + 0x4000);
                   while (c.say(record)) {
                   }
                 }),
                 Reason::tls, "the TLS handshake failed: ");
}

TEST_CASE("a handshake that stalls ends with the probe's time") {
  const Peer silent([](const PeerConnection& c) { c.wait_for_end(); });
  const Check check = make_check(fmt::format(R"({{"type": "tls", "port": {}}})", silent.port()));
  CHECK(overdue(check, "TLS") == "connected after T, then no end of the TLS handshake within 1s");
}

TEST_CASE("a conversation can be had inside TLS") {
  const Site site({.names = {"www.example.com"}});
  const std::string ask = R"(, "tls": true, "host": "www.example.com", "send": "GET / HTTP/1.0\r\n\r\n")";
  expect_outcome(site.probe(ask + R"(, "expect": "^HTTP/1.0 200")", "tcp"), Reason::pass, "");
  expect_outcome(site.probe(ask + R"(, "expect": "no such words")", "tcp"), Reason::body,
                 "no \"no such words\"");
  expect_outcome(site.probe(R"(, "tls": true, "host": "other.example")", "tcp"), Reason::tls,
                 "host name mismatch");
}
