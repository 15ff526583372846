// SPDX-License-Identifier: Apache-2.0
// The check type tcp against peers that behave, and peers that do not.

#include <fmt/format.h>

#include <future>

#include "health/types/tcp_options.h"
#include "health/types/tcp_presets.h"
#include "tests/health/probing.h"
#include "tests/health/stream/peer.h"
#include "tests/health/test_server.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;
using namespace std::string_literals;

namespace {

/// `options` are more members of the check: R"(, "expect": "x")".
Outcome probe_port(std::uint16_t port, const std::string& options = "") {
  return probe(make_check(fmt::format(R"({{"type": "tcp", "port": {}{}}})", port, options)));
}

void expect_outcome(const Outcome& outcome, Reason reason, const std::string& detail) {
  CHECK(reason_name(outcome.reason) == reason_name(reason));
  CHECK(outcome.detail == detail);
}

std::string complaint_about(const std::string& text) {
  const std::string file = "t.json";
  Diagnostics diagnostics;
  const auto document = parse_json(text, file, diagnostics);
  (void)read_check(JsonView(*document, file, diagnostics), "c");
  std::string all;
  for (const auto& d : diagnostics.all()) all += (all.empty() ? "" : "\n") + d.to_string();
  return all;
}

}  // namespace

TEST_CASE("a port that accepts passes, one that is closed is refused") {
  const Peer silent([](const PeerConnection& c) { c.wait_for_end(); });
  expect_outcome(probe_port(silent.port()), Reason::pass, "");
  expect_outcome(probe_port(closed_port()), Reason::refused, "connection refused");
}

TEST_CASE("what is sent arrives, and the answer is searched") {
  std::string heard;
  const Peer peer([&heard](const PeerConnection& c) {
    heard = c.hear("\n");
    c.say("hello, ");
    c.say("world\r\n");
    c.wait_for_end();
  });
  expect_outcome(probe_port(peer.port(), R"(, "send": "hi\r\n", "expect": "lo, w")"), Reason::pass, "");
  CHECK(heard == "hi\r\n");
}

TEST_CASE("octets that are no text can be sent and expected") {
  const Peer peer([](const PeerConnection& c) {
    const std::string heard = c.hear("\x02");
    c.say(heard == "\x00\xff\x02"s ? "\xfe\x00ok"s : "no");
  });
  expect_outcome(probe_port(peer.port(), R"(, "send": "0x00ff02", "expect": "^\\xfe\\x00ok$")"), Reason::pass,
                 "");
}

TEST_CASE("an answer that does not match is quoted, without what could harm a terminal") {
  const Peer peer([](const PeerConnection& c) { c.say("\x1b[31mno\n" + std::string(200, 'x')); });
  const Outcome outcome = probe_port(peer.port(), R"(, "expect": "yes")");
  CHECK(outcome.reason == Reason::body);
  CHECK(outcome.detail.starts_with(R"(no "yes" in the answer "\x1b[31mno\x0axxx)"));
  CHECK(outcome.detail.ends_with("...\""));
  CHECK(outcome.detail.size() < 120);
}

TEST_CASE("a peer that closes or resets instead of answering is told apart") {
  const Peer closes([](const PeerConnection&) {});
  expect_outcome(probe_port(closes.port(), R"(, "expect": "x")"), Reason::protocol,
                 "closed by the peer before it said anything");
  const Peer resets([](const PeerConnection& c) {
    c.hear("?");
    c.reset();
  });
  expect_outcome(probe_port(resets.port(), R"(, "send": "?", "expect": "x")"), Reason::reset,
                 "connection reset by the peer");
}

TEST_CASE("the end of the connection may come together with the answer") {
  const Peer peer([](const PeerConnection& c) { c.say("fine"); });
  for (int i = 0; i < 20; ++i)
    expect_outcome(probe_port(peer.port(), R"(, "expect": "fine")"), Reason::pass, "");
}

TEST_CASE("of an endless answer only the beginning is looked at") {
  const Peer flood([](const PeerConnection& c) {
    const std::string block(65536, 'a');
    while (c.say(block)) {
    }
  });
  const Outcome outcome = probe_port(flood.port(), R"(, "expect": "b")");
  CHECK(outcome.reason == Reason::body);
}

TEST_CASE("a peer that drips or is silent ends with the probe's time, and costs nothing after") {
  const Peer drip([](const PeerConnection& c) {
    c.say("a");
    c.wait_for_end();
  });
  const Check check =
      make_check(fmt::format(R"({{"type": "tcp", "port": {}, "expect": "aa"}})", drip.port()));
  CHECK_FALSE(OneProbe().run(check, *Address::parse("127.0.0.1"), std::chrono::milliseconds(20)).has_value());
}

TEST_CASE("a probe whose time is up says how far it came") {
  const Peer silent([](const PeerConnection& c) { c.wait_for_end(); });
  const Peer greeting([](const PeerConnection& c) {
    c.say("220 ");
    c.wait_for_end();
  });
  const auto check = [](std::uint16_t port, const std::string& more) {
    return make_check(fmt::format(R"({{"type": "tcp", "port": {}{}}})", port, more));
  };
  CHECK(overdue(check(silent.port(), R"(, "expect": "ready")"), "connected") ==
        "connected after T, then no answer within 1s");
  CHECK(overdue(check(greeting.port(), R"(, "expect": "ready", "timeout": "800ms")"), "answered") ==
        R"(connected after T, answered "220 ", then no "ready" within 800ms)");
  CHECK(overdue(check(silent.port(), R"(, "tls": true)"), "TLS") ==
        "connected after T, then no end of the TLS handshake within 1s");
  CHECK(overdue(check(silent.port(), ""), "") == "no connection within 1s");  // it is not even asked for yet
}

TEST_CASE("each preset passes with what its servers say, and fails with what they do not") {
  struct Case {
    std::string preset;
    std::string good;  // said once connected, or once asked
    bool asked;
    std::string bad;
  };
  const Case cases[] = {
      {"smtp", "220-mail.example\r\n220 ESMTP\r\n", false, "554 go away\r\n"},
      {"imap", "* OK [CAPABILITY IMAP4rev1] ready\r\n", false, "* BYE overloaded\r\n"},
      {"pop3", "+OK ready\r\n", false, "-ERR busy\r\n"},
      {"ftp", "220 (vsFTPd 3.0.3)\r\n", false, "421 too many connections\r\n"},
      {"redis", "+PONG\r\n", true, "-LOADING dataset\r\n"},
      {"redis", "-NOAUTH Authentication required.\r\n", true, "-DENIED protected mode\r\n"},
  };
  for (const Case& each : cases) {
    INFO(each.preset);
    const auto play = [&each](const std::string& words) {
      const Peer peer([&](const PeerConnection& c) {
        if (each.asked) c.hear("\r\n");
        c.say(words);
        c.wait_for_end();
      });
      return probe_port(peer.port(), fmt::format(R"(, "preset": "{}")", each.preset));
    };
    expect_outcome(play(each.good), Reason::pass, "");
    const Outcome bad = play(each.bad);
    CHECK(bad.reason == Reason::protocol);
    CHECK(bad.detail.find("that takes clients") != std::string::npos);
  }
}

TEST_CASE("the mysql preset greets, asks to be let in, and is content with any answer") {
  const auto play = [](const std::string& greeting, const std::string& answer) {
    const Peer peer([&](const PeerConnection& c) {
      c.say(greeting);
      if (!answer.empty() && c.hear("gslbd\0\0"s).size() == 43) c.say(answer);
    });
    return probe_port(peer.port(), R"(, "preset": "mysql")");
  };
  expect_outcome(play("\x4a\0\0\0\x0a"
                      "8.0.36\0..."s,
                      "\x48\0\0\x02\xff\x15\x04#28000Access denied"s),
                 Reason::pass, "");
  const Outcome full = play("\x17\0\0\0\xff\x10\x04Too many connections"s, "");
  CHECK(full.reason == Reason::protocol);
  CHECK(full.detail.find("Too many connections") != std::string::npos);
}

TEST_CASE("the postgresql preset is content with a server that asks for a password or knows no such user") {
  const auto play = [](const std::string& answer) {
    const Peer peer([&](const PeerConnection& c) {
      if (c.hear("database\0gslbd\0\0"s).size() == 35) c.say(answer);
    });
    return probe_port(peer.port(), R"(, "preset": "postgresql")");
  };
  expect_outcome(play("R\0\0\0\x0c\0\0\0\x05salt"s), Reason::pass, "");
  expect_outcome(play("E\0\0\0\x60SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry\0\0"s), Reason::pass, "");
  expect_outcome(play("E\0\0\0\x60SFATAL\0VFATAL\0C3D000\0Mno such database\0\0"s), Reason::pass, "");
  CHECK(play("E\0\0\0\x60SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"s).reason ==
        Reason::protocol);
  CHECK(play("E\0\0\0\x60SFATAL\0VFATAL\0C53300\0Mtoo many clients already: C28000\0\0"s).reason ==
        Reason::protocol);
}

TEST_CASE("a conversation ends politely: what we say last arrives") {
  std::promise<std::string> last;
  const Peer peer([&last](const PeerConnection& c) {
    c.say("220 mail.example ESMTP\r\n");
    last.set_value(c.hear("QUIT\r\n"));
  });
  expect_outcome(probe_port(peer.port(), R"(, "preset": "smtp")"), Reason::pass, "");
  CHECK(last.get_future().get() == "QUIT\r\n");
}

TEST_CASE("presets know their ports, and a port beside them wins") {
  CHECK(make_check(R"({"type": "tcp", "preset": "imap"})").as<TcpOptions>().port == 143);
  CHECK(make_check(R"({"type": "tcp", "preset": "imap", "tls": true})").as<TcpOptions>().port == 993);
  CHECK(make_check(R"({"type": "tcp", "preset": "imap", "port": 1143})").as<TcpOptions>().port == 1143);
  for (const TcpPreset& preset : tcp_presets()) {
    INFO(preset.name);
    const Check check = make_check(fmt::format(R"({{"type": "tcp", "preset": "{}"}})", preset.name));
    CHECK(!check.as<TcpOptions>().steps.empty());
    for (const TcpStep& step : check.as<TcpOptions>().steps) CHECK(step.expect != nullptr);
  }
}

TEST_CASE("mistakes in the options of tcp are reported at their place") {
  CHECK(complaint_about(R"({"type": "tcp"})") == "t.json: the key \"port\" is missing (1 to 65535)");
  CHECK(complaint_about(R"({"type": "tcp", "preset": "smpt"})") ==
        "t.json: /preset: \"smpt\" is none of smtp, imap, pop3, ftp, redis, mysql, postgresql; did you mean "
        "\"smtp\"?");
  CHECK(complaint_about(R"({"type": "tcp", "port": 1, "send": "0xf"})") ==
        "t.json: /send: \"0x\" wants an even number of digits after it");
  CHECK(complaint_about(R"({"type": "tcp", "port": 1, "send": ""})") ==
        "t.json: /send: 0 octets are outside 1 to 4096");
  CHECK(complaint_about(R"({"type": "tcp", "port": 1, "expect": "("})") ==
        "t.json: /expect: the pattern is not valid: missing ): (");
  CHECK(complaint_about(R"({"type": "tcp", "preset": "ftp", "expect": "x"})") ==
        "t.json: /expect: the preset \"ftp\" already says what to expect");
  CHECK(complaint_about(R"({"type": "tcp", "preset": "mysql", "tls": true})") ==
        "t.json: /tls: mysql begins without TLS; the preset cannot go on with it");
  CHECK(complaint_about(R"({"type": "tcp", "port": 1, "host": "a.example"})") ==
        "t.json: /host: \"host\" says nothing without \"tls\": true");
}
