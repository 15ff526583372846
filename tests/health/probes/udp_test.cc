// SPDX-License-Identifier: Apache-2.0
// The check type udp against real sockets on loopback; and octets as settings and messages show them.

#include <fmt/format.h>

#include "health/types/octets.h"
#include "tests/health/probes/peer.h"
#include "tests/health/probing.h"

using namespace gslbd;
using namespace gslbd::test;
using namespace std::chrono_literals;

namespace {

Check udp(std::uint16_t port, const std::string& more = R"(, "send": "ping")") {
  return make_check(fmt::format(R"({{"type": "udp", "port": {}{}}})", port, more));
}

Peer::Respond echo() {
  return [](const std::string& request) { return std::vector{request}; };
}

}  // namespace

TEST_CASE("udp: any reply is a pass, over IPv4 and IPv6") {
  const Peer v4(echo());
  const Outcome outcome = probe(udp(v4.port()));
  CHECK(outcome.reason == Reason::pass);
  CHECK(outcome.detail == "a reply of 4 octets");
  const Peer v6(echo(), Peer::Over::udp, "::1");
  CHECK(probe(udp(v6.port()), "::1").reason == Reason::pass);
}

TEST_CASE("udp: an empty reply is a reply") {
  const Peer peer([](const std::string&) { return std::vector{std::string()}; });
  CHECK(probe(udp(peer.port())).detail == "a reply of 0 octets");
}

TEST_CASE("udp: a closed port is refused at once") {
  const Outcome outcome = probe(udp(closed_udp_port()));
  CHECK(outcome.reason == Reason::refused);
  CHECK(outcome.detail == "connection refused");
}

TEST_CASE("udp: a peer that stays silent gives no outcome, and can be cancelled") {
  const Peer silent([](const std::string&) { return std::vector<std::string>(); });
  CHECK_FALSE(OneProbe().run(udp(silent.port()), *Address::parse("127.0.0.1"), 50ms).has_value());
}

TEST_CASE("udp: octets are sent as text or in hexadecimal, and the reply is searched octet by octet") {
  const Peer peer(echo());
  CHECK(probe(udp(peer.port(), R"(, "send": "0x00ff10", "expect": "^\\x00\\xff\\x10$")")).passed());
  CHECK(probe(udp(peer.port(), R"(, "send": "0x00ff10", "expect": "(?s)^...$")")).passed());
  CHECK(probe(udp(peer.port(), R"(, "send": "h\u00e9", "expect": "^h\u00e9$")")).passed());
  const Outcome outcome = probe(udp(peer.port(), R"(, "send": "0x00ff41", "expect": "pong")"));
  CHECK(outcome.reason == Reason::body);
  CHECK(outcome.detail == R"(no "pong" in the reply "\x00\xffA")");
}

TEST_CASE("udp: of a long reply the first 4 KiB are looked at") {
  const Peer peer([](const std::string&) { return std::vector{std::string(20000, 'a') + "end"}; });
  CHECK(probe(udp(peer.port(), R"(, "send": "x", "expect": "end")")).reason == Reason::body);
  CHECK(probe(udp(peer.port(), R"(, "send": "x", "expect": "^a+$")")).reason == Reason::pass);
}

TEST_CASE("udp: mistakes in the options are told") {
  const auto mistake = [](const std::string& options) {
    const std::string file = "f";
    Diagnostics diagnostics;
    const auto document = parse_json(R"({"type": "udp", )" + options + "}", file, diagnostics);
    CHECK_FALSE(read_check(JsonView(*document, file, diagnostics), "c").has_value());
    return diagnostics.all().at(0).to_string();
  };
  using Catch::Matchers::EndsWith;
  CHECK_THAT(mistake(R"("port": 1, "send": "0x123")"),
             EndsWith("/send: \"0x\" wants an even number of digits after it"));
  CHECK_THAT(mistake(R"("port": 1, "send": "0x1g")"), EndsWith("/send: \"1g\" is no hexadecimal octet"));
  CHECK_THAT(mistake(R"("port": 1, "send": "")"), EndsWith("/send: 0 octets are outside 1 to 1400"));
  CHECK_THAT(mistake(R"("port": 1)"), EndsWith("the key \"send\" is missing (text, or \"0x\" and digits)"));
}

TEST_CASE("printable text keeps what people can read and escapes the rest") {
  CHECK(printable("Grüße, 世界 🌍") == "Grüße, 世界 🌍");
  CHECK(printable(std::string("a\0b\x1b[31m\x7f", 9)) == "a\\x00b\\x1b[31m\\x7f");
  CHECK(printable("\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xc3") ==
        "\\xc0\\xaf|\\xed\\xa0\\x80|\\xf4\\x90\\x80\\x80|\\xc3");  // overlong, surrogate, too large, cut
  CHECK(printable("\xc2\x85\xe2\x80\xa8") == "\\xc2\\x85\\xe2\\x80\\xa8");  // line breaks of Unicode
  CHECK(printable("abcdefghij", 10) == "abcdefghij");
  CHECK(printable("abcdefghijk", 10) == "abcdefg...");
  CHECK(printable("abcdef\xff\xff", 10) == "abcdef...");
  for (int c = 0; c < 256; ++c) CHECK_FALSE(printable(std::string(1, static_cast<char>(c))).empty());
}
