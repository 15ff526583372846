// SPDX-License-Identifier: Apache-2.0
// Sites that are hostile over HTTP/2, and over gRPC, which is HTTP/2: frames by hand, as no real server sends
// them. Each costs bounded memory and time, and ends in a reason that a human understands.

#include <fmt/format.h>

#include <atomic>

#include "tests/health/http/http2_frames.h"
#include "tests/health/probing.h"
#include "tests/health/test_server.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;
using namespace gslbd::test::http2;

namespace {

constexpr std::size_t kMany = std::size_t{64} << 20;  // what a hostile peer would send; nobody takes so much
constexpr std::size_t kTaken = kMany / 4;             // and what two kernels may hold of it

Check h2(std::uint16_t port, const std::string& more = "") {
  return make_check(fmt::format(R"({{"type": "http", "port": {}, "http_version": "2"{}}})", port, more));
}

Check grpc(std::uint16_t port) {
  return make_check(fmt::format(R"({{"type": "grpc", "port": {}, "service": "shop"}})", port));
}

std::string times(std::size_t count, std::string_view text) {
  std::string all;
  while (count-- > 0) all += text;
  return all;
}

/// Answers a request with `says`, and then with `repeats` again and again as long as it is heard.
class Hostile {
 public:
  Hostile(std::string says, std::string repeats)
      : says_(std::move(says)), repeats_(std::move(repeats)), peer_([this](const PeerConnection& connection) {
          if (!hear_request(connection) || !connection.say(says_)) return;
          std::string more = repeats_;
          while (!more.empty() && more.size() < 16'384) more += repeats_;
          while (!more.empty() && sent_ < kMany && connection.say(more)) sent_ += more.size();
          connection.wait_for_end();
        }) {}
  std::uint16_t port() const { return peer_.port(); }
  std::size_t sent() const { return sent_; }

 private:
  const std::string says_;
  const std::string repeats_;
  std::atomic<std::size_t> sent_ = 0;
  Peer peer_;
};

const std::string kLong(1000, 'x');
// A field that the table keeps, and 10,000 times "that field again", in an octet each (RFC 7541 §6.1).
const std::string kBomb = field("a", std::string(3000, 'b'), 0x40) + times(10'000, "\xbe");
const std::string kManyFields = times(15, field("x", kLong));

}  // namespace

TEST_CASE("http: over HTTP/2, what has no end is cut off, with a reason") {
  struct Case {
    std::string says;
    std::string repeats;
    std::string detail;
  };
  const std::string too_large = "the header is larger than 64 KiB";
  const std::string too_many = "HTTP/2: Too many CONTINUATION frames following a HEADER frame";
  // nghttp2 minds more than a thousand answers to one read: only settings are certain to be so short.
  const std::string flood = "HTTP/2: Flooding was detected in this HTTP/2 session, and it must be closed";
  const std::string no_end = "1024 KiB came, and there is no end of the answer";
  const Case cases[] = {
      {header_frame(kOk), data_frame(kLong), "HTTP 200"},
      {header_frame(kOk + field("content-encoding", "gzip")), data_frame("\x1f\x8b" + times(100, "bomb")),
       "HTTP 200"},
      {header_frame(kOk + kManyFields, 0), frame(Type::continuation, 0, kRequest, kManyFields), too_large},
      {header_frame(kOk, 0), frame(Type::continuation, 0, kRequest, ""), too_many},
      {header_frame(kOk + kBomb), "", too_large},
      {header_frame(kOk) + data_frame("ok") + header_frame(kBomb, kEndHeaders | kEndStream), "", too_large},
      {"", header_frame(kEarlyHints), too_large},
      {header_frame(kOk), data_frame(""), no_end},
      {header_frame(kOk), frame(Type::window_update, 0, 0, number(1)), no_end},
      {header_frame(kOk), frame(static_cast<Type>(0x77), 0, kRequest, kLong), no_end},
      {"", kSettings, flood},
  };
  int row = 0;
  for (const Case& c : cases) {
    const Hostile peer(c.says, c.repeats);
    CAPTURE(row++, c.detail);
    CHECK(probe(h2(peer.port())).detail == c.detail);
    CHECK(peer.sent() < kTaken);
  }
}

TEST_CASE("http: over HTTP/2, what is no answer is told apart") {
  struct Case {
    std::string says;
    std::string detail;
  };
  const std::string broken = "HTTP/2 stream 1 was not closed cleanly: PROTOCOL_ERROR (err 1)";
  const std::string none = "what the peer said is no answer in HTTP/2";
  const std::string refused = "the peer refuses the request (HTTP/2 REFUSED_STREAM or HTTP_1_1_REQUIRED)";
  const Case cases[] = {
      {frame(Type::rst_stream, 0, kRequest, number(2)),
       "HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)"},
      {frame(Type::rst_stream, 0, kRequest, number(7)), refused},
      {frame(Type::rst_stream, 0, kRequest, number(13)), refused},
      {header_frame(kOk) + data_frame("o") + frame(Type::rst_stream, 0, kRequest, number(0)), none},
      {frame(Type::goaway, 0, 0, number(0) + number(11) + "calm down"),
       "the HTTP/2 session ended without an answer"},
      {header_frame(kOk + field("content-length", "5")) + data_frame("ok", kEndStream), broken},
      {header_frame(field(":status", "many"), kEndHeaders | kEndStream), broken},
      {header_frame(field("x", "y"), kEndHeaders | kEndStream), broken},
      {data_frame("ok", kEndStream), none},
      {frame(Type::data, 0, kRequest, kLong, 0xffffff), none},
      {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", none},
      {times(100, "rubbish "), none},
  };
  for (const Case& c : cases) {
    const Hostile peer(c.says, "");
    const Outcome outcome = probe(h2(peer.port()));
    CHECK(outcome.reason == Reason::protocol);
    CHECK(outcome.detail == c.detail);
  }
}

TEST_CASE("http: over HTTP/2, a connection that breaks says how") {
  const Peer closing([](const PeerConnection& connection) { connection.hear("SM\r\n\r\n"); });
  const Peer resetting([](const PeerConnection& connection) {
    hear_request(connection);
    connection.say(header_frame(kOk));
    connection.reset();
  });
  CHECK(probe(h2(closing.port())).reason != Reason::pass);
  CHECK(probe(h2(resetting.port())).detail == "connection reset by the peer");
  CHECK(probe(h2(closed_port())).detail == "connection refused");
}

TEST_CASE("http: over HTTP/2, a flood that means nothing delays nobody else's probe") {
  const Hostile flooding(header_frame(kOk), data_frame(""));
  const Hostile dripping(header_frame(kOk) + data_frame("drop"), "");
  TestServer good([](const std::string&) { return http_reply(200); });
  const Check flood = h2(flooding.port());
  const Check drip = h2(dripping.port());
  const Check good_check = make_check(fmt::format(R"({{"type": "http", "port": {}}})", good.port()));
  Prober prober;
  prober.start(1001, flood);
  prober.start(1002, drip);
  for (ProbeId id = 1; id <= 20; ++id) {
    prober.start(id, good_check);
    CHECK(prober.outcome_of(id).passed());
  }
  CHECK(prober.outcome_of(1001).reason == Reason::protocol);
  CHECK_FALSE(prober.ended(1002));
  prober.cancel(1002, drip);
  CHECK(overdue(drip, "octets of the body") ==
        "connected after T, a header and 4 octets of the body, then no end of the answer within 1s");
}

TEST_CASE("http: over HTTP/2, too, the first octet has its own limit, and JSON can be expected") {
  const Hostile silent("", "");
  const Outcome late = probe(h2(silent.port(), R"(, "max_ttfb": "20ms")"));
  CHECK(late.reason == Reason::timeout);
  CHECK(late.detail == "slow: no first octet within 20ms");
  const Hostile json(header_frame(kOk) + data_frame(R"({"db": {"up": true}})", kEndStream), "");
  const auto expecting = [&](std::uint16_t port, const std::string& equals) {
    return probe(h2(port, R"(, "max_ttfb": "30s", "expect": {"json": {"pointer": "/db/up", "equals": )" +
                              equals + "}}"))
        .detail;
  };
  CHECK(expecting(json.port(), "true") == "HTTP 200");
  CHECK(expecting(json.port(), "1") == R"("/db/up" is true, wanted 1)");
  const Hostile endless(header_frame(kOk) + data_frame(R"({"db": ")"), data_frame(kLong));
  CHECK(expecting(endless.port(), "1") == "the body is larger than 64 KiB: too large to be read as JSON");
}

TEST_CASE("grpc: a server that is hostile costs no more than any other") {
  using namespace std::string_literals;
  struct Case {
    std::string says;
    std::string repeats;
    std::string detail;
  };
  const std::string type = field("content-type", "application/grpc");
  const std::string good = header_frame(kOk + type);
  const auto trailer = [](const std::string& status, const std::string& more = "") {
    return header_frame(field("grpc-status", status) + more, kEndHeaders | kEndStream);
  };
  const std::string none = "the answer is no message of grpc.health.v1";
  const Case cases[] = {
      {good + data_frame("\0\0\0\0\2\x08\1"s) + trailer("0"), "", "SERVING"},
      {good + data_frame("\0\xff\xff\xff\xff"s), data_frame(kLong),
       "the peer speaks HTTP/2 but not gRPC: no grpc-status"},
      {good + data_frame("\0\xff\xff\xff\xff\x08\1"s) + trailer("0"), "", none},
      {good + data_frame("\1\0\0\0\2\x1f\x8b"s) + trailer("0"), "", none},
      {good + data_frame("\0\0\0\0\2\x08\1"s) + trailer("not a number"), "",
       "gRPC status not (not a status of gRPC)"},
      {good + trailer("14", field("grpc-message", times(10, kLong))), "",
       "gRPC status 14 (UNAVAILABLE): " + std::string(200, 'x')},
      {good, data_frame(""), "1024 KiB came, and there is no end of the answer"},
      {good + header_frame(kBomb, kEndHeaders | kEndStream), "", "the header is larger than 64 KiB"},
  };
  for (const Case& c : cases) {
    const Hostile peer(c.says, c.repeats);
    CHECK(probe(grpc(peer.port())).detail == c.detail);
    CHECK(peer.sent() < kTaken);
  }
}
