// SPDX-License-Identifier: Apache-2.0
// The check type dns against peers that say what the test wants, hostile ones among them. tests/e2e has it
// against real servers.

#include <fmt/format.h>

#include <semaphore>

#include "core/random.h"
#include "health/types/dns_transport.h"
#include "tests/health/probes/peer.h"
#include "tests/health/probing.h"

using namespace gslbd;
using namespace gslbd::test;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

Check dns(const std::string& more, const std::string& question = "www.example.com A") {
  return make_check(fmt::format(R"({{"type": "dns", "question": "{}"{}}})", question, more));
}

std::string two(std::size_t number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
}

/// A response to the query: its number and question, these flags, this many records and their octets.
std::string response(const std::string& query, unsigned flags, std::size_t count,
                     const std::string& records) {
  return query.substr(0, 2) + two(flags) + "\0\1"s + two(count) + "\0\0\0\0"s + query.substr(12) + records;
}

/// A record of the name that was asked for (a pointer to it).
std::string record(unsigned type, const std::string& data) {
  return "\xc0\x0c"s + two(type) + "\0\1\0\0\0\x3c"s + two(data.size()) + data;
}

constexpr unsigned kOk = 0x8080;
constexpr unsigned kTruncated = 0x8280;

/// The outcome of a check on a peer that answers so.
std::string said(const std::string& more, unsigned flags, std::size_t count, const std::string& records,
                 const std::string& question = "www.example.com A") {
  const Peer peer(
      [&](const std::string& query) { return std::vector{response(query, flags, count, records)}; });
  const Outcome o = probe(dns(fmt::format(R"(, "port": {}{})", peer.port(), more), question));
  return fmt::format("{}: {}", reason_name(o.reason), o.detail);
}

std::string expect(const std::string& answer) {
  return fmt::format(R"(, "expect": {{"answer": {}}})", answer);
}

const std::string kAddress = record(1, "\xc0\x00\x02\x01"s);

}  // namespace

TEST_CASE("dns: the response code decides, and the detail says what came and what was wanted") {
  CHECK(said("", kOk, 0, "") == "pass: NOERROR");
  CHECK(said("", kOk, 1, kAddress) == "pass: NOERROR: 192.0.2.1");
  CHECK(said("", kOk | 5, 0, "") == "status: REFUSED, wanted NOERROR");
  CHECK(said("", kOk | 15, 0, "") == "status: RCODE15, wanted NOERROR");
  CHECK(said(R"(, "expect": {"rcode": ["nxdomain", "REFUSED"]})", kOk, 0, "") ==
        "status: NOERROR, wanted NXDOMAIN or REFUSED");
  CHECK(said(R"(, "expect": {"rcode": "NXDOMAIN"})", kOk | 3, 0, "") == "pass: NXDOMAIN");
}

TEST_CASE("dns: one of the records must be the answer that is wanted") {
  const std::string other = record(1, "\xc0\x00\x02\x02"s);
  CHECK(said(expect("\"192.0.2.1\""), kOk, 2, other + kAddress) == "pass: NOERROR: 192.0.2.2");
  CHECK(said(expect("\"192.0.2.3\""), kOk, 2, other + kAddress) ==
        "body: the wanted answer is not among 2 records: 192.0.2.2, ...");
  CHECK(said(expect(R"(["192.0.2.3", "192.0.2.1"])"), kOk, 1, kAddress) == "pass: NOERROR: 192.0.2.1");
  CHECK(said(expect("\"192.0.2.1\""), kOk, 0, "") == "body: NOERROR without a record of that type");
  CHECK(said(expect("\"*\""), kOk, 1, other) == "pass: NOERROR: 192.0.2.2");
  CHECK(said(expect("\"*\""), kOk, 1, record(5, "\1x\0"s)) == "body: NOERROR without a record of that type");
}

TEST_CASE("dns: record data is compared as dig prints it, in any letter case") {
  const auto pass = [](const std::string& type, unsigned number, const std::string& data,
                       const std::string& wanted) {
    CAPTURE(type, wanted);
    CHECK(said(expect(wanted), kOk, 1, record(number, data), "www.example.com " + type).rfind("pass", 0) ==
          0);
  };
  pass("AAAA", 28, "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\1", "\"2001:DB8:0::1\"");
  pass("CNAME", 5, "\3CDN\xc0\x10"s, "\"cdn.example.com\"");
  pass("CNAME", 5, "\3CDN\xc0\x10"s, "\"Cdn.example.com.\"");
  pass("NS", 2, "\0"s, "\".\"");
  pass("mx", 15, "\0\x0a\4mail\xc0\x10"s, "\"10 mail.example.com.\"");
  pass("SRV", 33, "\0\1\0\2\x13\xc4\3sip\xc0\x10"s, "\"1 2 5060 sip.example.com\"");
  pass("TXT", 16, "\5v=one\4 two"s, "\"v=one two\"");
  pass("TYPE65534", 65534, "\x0a\x00\x00\x01"s, R"("\\# 4 0A00 0001")");
  pass("CAA", 257, ""s, R"("\\# 0")");
  pass("PTR", 12, "\3a.b\1\xff\0"s, R"("a\\.b.\\255.")");
}

TEST_CASE("dns: a response that is not authoritative can be refused") {
  CHECK(said(R"(, "expect": {"authoritative": true})", kOk, 1, kAddress) ==
        "body: NOERROR, but the answer is not authoritative");
  CHECK(said(R"(, "expect": {"authoritative": true})", kOk | 0x400, 1, kAddress).rfind("pass", 0) == 0);
}

TEST_CASE("dns: what does not answer our query is not heard") {
  const auto outcome = [](const auto& forge) {
    const Peer peer([&](const std::string& query) {
      return std::vector{forge(query), response(query, kOk, 1, kAddress)};
    });
    return probe(dns(fmt::format(R"(, "port": {})", peer.port()))).detail;
  };
  const std::string good = "NOERROR: 192.0.2.1";
  CHECK(outcome([](std::string q) {
          q[0] = static_cast<char>(q[0] ^ 1);
          return response(q, kOk | 3, 0, "");
        }) == good);
  CHECK(outcome([](std::string q) {
          q[13] = 'x';
          return response(q, kOk | 3, 0, "");
        }) == good);
  CHECK(outcome([](std::string q) {
          q[q.size() - 3] = 2;
          return response(q, kOk | 3, 0, "");
        }) == good);
  CHECK(outcome([](const std::string& q) { return q; }) == good);  // an echo is no response
  CHECK(outcome([](const std::string& q) { return q.substr(0, 11); }) == good);
  CHECK(outcome([](const std::string&) { return std::string(); }) == good);
}

TEST_CASE("dns: malformed responses have their reason, whatever is wrong with them") {
  const std::string malformed = "protocol: a malformed record in the response";
  CHECK(said("", kOk, 1, "") == malformed);
  CHECK(said("", kOk, 65535, kAddress) == malformed);
  CHECK(said("", kOk, 1, record(1, "\xc0\x00\x02"s)) == malformed);
  CHECK(said("", kOk, 1, record(1, "\xc0\x00\x02\x01\x01"s)) == malformed);
  CHECK(said("", kOk, 1, kAddress.substr(0, 14)) == malformed);
  const auto cname = [&](const std::string& data) {
    return said("", kOk, 1, record(5, data), "www.example.com CNAME");
  };
  CHECK(cname("\xc0\x2d"s) == malformed);                      // a pointer to itself
  CHECK(cname("\xff\xff"s) == malformed);                      // beyond the end
  CHECK(cname("\x80"s + std::string(128, 'x')) == malformed);  // a label of no known type
  CHECK(cname("\5abc\0"s) == malformed);
  std::string endless;
  for (int i = 0; i < 5; ++i) endless += "\x3f" + std::string(63, 'x');
  CHECK(cname(endless + "\0"s) == malformed);
  std::string chain = "\0\0"s;  // 200 pointers, each to the one before
  const std::size_t start = 12 + 21 + 12;
  for (std::size_t i = 0; i < 200; ++i) chain += two(0xc000 | (start + 2 * i));
  CHECK(said("", kOk, 2, record(16, chain) + record(5, two(0xc000 | (start + 400))),
             "www.example.com CNAME") == malformed);
}

TEST_CASE("dns: what is left of a truncated response may do") {
  CHECK(said("", kTruncated, 5, kAddress.substr(0, 9)) == "pass: NOERROR");
  CHECK(said(expect("\"192.0.2.1\""), kTruncated, 2, kAddress) == "pass: NOERROR: 192.0.2.1");
  CHECK(said(expect("\"192.0.2.9\""), kTruncated, 2, kAddress) ==
        "body: the response is truncated and what is left of it does not hold the answer");
}

TEST_CASE("dns: random octets are read without harm") {
  Random random(20261122);
  const DnsQuestion question = *parse_question("www.example.com MX");
  const auto query = compose_query(7, question, true);
  for (int i = 0; i < 20000; ++i) {
    const std::string head(query.begin(), query.end());
    std::string message = response(head, kOk, 1 + random.below(20), record(15, std::string(8, '\xc0')));
    for (std::uint32_t n = random.below(12); n > 0; --n) {
      message[random.below(static_cast<std::uint32_t>(message.size()))] = static_cast<char>(random.next());
    }
    message.resize(random.below(static_cast<std::uint32_t>(message.size())));
    const std::span octets(reinterpret_cast<const std::uint8_t*>(message.data()), message.size());
    if (!answers_query(octets, 7, question)) continue;
    (void)read_response(octets, question, [](const std::string& text) { CHECK(text.size() < 70000); });
  }
}

TEST_CASE("dns: over TCP the response comes behind its length, in pieces if need be") {
  const auto outcome = [](const auto& reply) {
    const Peer peer(
        [&](const std::string& query) { return std::vector<std::string>{reply(query.substr(2))}; },
        Peer::Over::tcp);
    const Outcome o = probe(dns(fmt::format(R"(, "tcp": true, "port": {})", peer.port())));
    return fmt::format("{}: {}", reason_name(o.reason), o.detail);
  };
  const auto framed = [](const std::string& message) { return two(message.size()) + message; };
  CHECK(outcome([&](const std::string& q) { return framed(response(q, kOk, 1, kAddress)); }) ==
        "pass: NOERROR: 192.0.2.1");
  std::string many;
  for (int i = 0; i < 4000; ++i) many += kAddress;
  CHECK(outcome([&](const std::string& q) { return framed(response(q, kOk, 4000, many)); }) ==
        "pass: NOERROR: 192.0.2.1");
  CHECK(outcome([&](const std::string& q) { return framed(response(q, kOk, 1, kAddress)).substr(0, 20); }) ==
        "protocol: the connection was closed before the response");
  CHECK(outcome([&](std::string q) {
          q[0] = static_cast<char>(q[0] ^ 1);
          return framed(response(q, kOk, 0, ""));
        }) == "protocol: the response is to another question");
}

TEST_CASE("dns: a probe whose time is up says how far it came") {
  const auto check = [](const Peer& peer, const std::string& more) {
    return dns(fmt::format(R"(, "port": {}{})", peer.port(), more));
  };
  const auto nothing = [](const std::string&) { return std::vector<std::string>(); };
  const Peer silent(nothing);
  CHECK(overdue(check(silent, ""), "") == "no response within 1s");
  std::binary_semaphore over(0);
  const Peer silent_tcp(
      [&](const std::string&) {
        over.acquire();
        return std::vector<std::string>();
      },
      Peer::Over::tcp);
  CHECK(overdue(check(silent_tcp, R"(, "tcp": true)"), "connected") ==
        "connected after T, then no response within 1s");
  over.release();
}

TEST_CASE("dns: closed ports are refused at once, over UDP and TCP") {
  const std::string port = fmt::format(R"(, "port": {})", closed_udp_port());
  CHECK(probe(dns(port)).reason == Reason::refused);
  CHECK(probe(dns(port + R"(, "tcp": true)")).reason == Reason::refused);
}

TEST_CASE("dns: the query is the one that was configured, with a new number each time") {
  std::vector<std::string> queries;
  const Peer peer([&](const std::string& query) {
    queries.push_back(query);
    return std::vector{response(query, kOk, 0, "")};
  });
  const std::string port = fmt::format(R"(, "port": {})", peer.port());
  probe(dns(port, "a.bc. TXT"));
  probe(dns(port + R"(, "recursion": false)", "a.bc TXT"));
  probe(dns(port, "."));
  REQUIRE(queries.size() == 3);
  CHECK(queries[0].substr(2) == "\1\0\0\1\0\0\0\0\0\0\1a\2bc\0\0\x10\0\1"s);
  CHECK(queries[1].substr(2) == "\0\0\0\1\0\0\0\0\0\0\1a\2bc\0\0\x10\0\1"s);
  CHECK(queries[2].substr(2) == "\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1"s);
  CHECK((queries[0].substr(0, 2) != queries[1].substr(0, 2) ||
         queries[1].substr(0, 2) != queries[2].substr(0, 2)));
}

TEST_CASE("dns: mistakes in the options are told") {
  const auto mistake = [](const std::string& options) {
    const std::string file = "f";
    Diagnostics diagnostics;
    const auto document = parse_json(R"({"type": "dns", )" + options + "}", file, diagnostics);
    CHECK_FALSE(read_check(JsonView(*document, file, diagnostics), "c").has_value());
    return diagnostics.all().at(0).to_string();
  };
  using Catch::Matchers::Contains;
  CHECK_THAT(mistake(R"("question": "")"), Contains("/question: expected a name and a type"));
  CHECK_THAT(mistake(R"("question": "a..b")"), Contains("a label has 1 to 63 octets"));
  CHECK_THAT(mistake(R"("question": "a B")"), Contains("\"B\" is no record type"));
  CHECK_THAT(mistake(R"("question": "a A b")"), Contains("expected a name and a type"));
  CHECK_THAT(mistake(R"("question": "a", "expect": {"rcode": "OK"})"),
             Contains("\"OK\" is no response code"));
  CHECK_THAT(mistake(R"("question": "a", "expect": {"answer": "::1"})"),
             Contains("\"::1\" is no IPv4 address"));
  CHECK_THAT(mistake(R"("question": "a MX", "expect": {"answer": "mail"})"),
             Contains("/expect/answer: record data of this type has 2 parts, here are 1"));
  CHECK_THAT(mistake(R"("question": "a DS", "expect": {"answer": "1 2 3 4"})"), Contains("RFC 3597"));
  CHECK_THAT(mistake(R"("expect": {"answer": "x"})"), Contains("the key \"question\" is missing"));
}
