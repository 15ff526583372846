// SPDX-License-Identifier: Apache-2.0
// RFC 9112 as a client reads it: what is accepted, what is refused and why, and where the limits are.

#include "health/http/response_parser.h"

#include <fmt/format.h>

#include <string>

#include "tests/support/catch.h"

using namespace gslbd::health;
using State = ResponseParser::State;

namespace {

ResponseParser fed(std::string_view octets, bool head_request = false) {
  ResponseParser parser;
  parser.reset(head_request, true);
  parser.feed(octets);
  return parser;
}

ResponseParser fed_to_end(std::string_view octets) {
  ResponseParser parser = fed(octets);
  parser.end();
  return parser;
}

std::string error_of(std::string_view octets) {
  const ResponseParser parser = fed_to_end(octets);
  return parser.state() == State::failed ? parser.error() : "no error";
}

std::string with_header(const std::string& lines) {
  return "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
}

}  // namespace

TEST_CASE("a body ends where its length says (RFC 9112 section 6.3)") {
  const auto whole = fed(with_header("Content-Length: 5\r\n") + "hello");
  CHECK(whole.state() == State::done);
  CHECK(whole.status() == 200);
  CHECK(whole.body() == "hello");
  CHECK(whole.reusable());
  CHECK(fed(with_header("Content-Length: 5\r\n") + "hell").state() == State::body);
  CHECK(error_of(with_header("Content-Length: 5\r\n") + "hell") ==
        "the connection was closed within the body, after 4 octets of it");
  const auto more = fed(with_header("content-length: 5, 5\r\nContent-Length: 5\r\n") + "hello?");
  CHECK(more.state() == State::done);
  CHECK(more.body() == "hello");
  CHECK_FALSE(more.reusable());
}

TEST_CASE("a body without a length ends with the connection") {
  auto parser = fed(with_header("") + "hello");
  CHECK(parser.state() == State::body);
  parser.end();
  CHECK(parser.state() == State::done);
  CHECK(parser.body() == "hello");
  CHECK_FALSE(parser.reusable());
}

TEST_CASE("chunks are put together, extensions and trailers read over (section 7.1)") {
  const auto parser =
      fed(with_header("Transfer-Encoding: Chunked\r\n") + "3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n");
  CHECK(parser.state() == State::done);
  CHECK(parser.body() == "hello");
  CHECK(parser.reusable());
}

TEST_CASE("some responses never have a body") {
  CHECK(fed("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").state() == State::done);
  CHECK(fed("HTTP/1.1 304 X\r\n\r\n").state() == State::done);
  CHECK(fed(with_header("Content-Length: 5\r\n"), true).state() == State::done);
  CHECK(fed("HTTP/1.1 101 Switching Protocols\r\n\r\n").status() == 101);
}

TEST_CASE("interim responses are passed over, but not for ever") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\nLocation: /x\r\n\r\n";
  const auto parser = fed(interim + interim + with_header("Content-Length: 2\r\n") + "ok");
  CHECK(parser.status() == 200);
  CHECK(parser.body() == "ok");
  CHECK(parser.location().empty());
  std::string storm;
  for (int i = 0; i < 1000; ++i) storm += interim;
  CHECK(error_of(storm) == "more than 8 interim (1xx) responses");
}

TEST_CASE("who keeps the connection") {
  CHECK_FALSE(fed(with_header("Content-Length: 0\r\nConnection: foo, Close\r\n")).reusable());
  CHECK_FALSE(fed("HTTP/1.0 200\r\nContent-Length: 0\r\n\r\n").reusable());
  CHECK(fed("HTTP/1.0 200\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n").reusable());
}

TEST_CASE("lone line feeds, folded lines and a missing phrase are borne") {
  CHECK(fed("HTTP/1.1 200\nContent-Length: 2\n\nok").body() == "ok");
  const auto folded = fed(with_header("X: a\r\n  b\r\nLocation:\r\n /next\r\nContent-Length: 0\r\n"));
  CHECK(folded.state() == State::done);
  CHECK(folded.location() == "/next");
}

TEST_CASE("what is no HTTP is told at once, with what was said instead") {
  CHECK(error_of("SSH-2.0-OpenSSH_9.2\r\n") == R"(no HTTP: the peer said "SSH-2.0-OpenSSH_9.2\x0d\x0a")");
  CHECK(fed("220 mail").state() == State::failed);
  CHECK(error_of("") == "the connection was closed without an answer");
  CHECK(error_of("HTTP/1.1 200 OK\r\nX") == "the connection was closed within the header");
  for (const char* line :
       {"HTTP/1.1 20", "HTTP/1.1 099 X", "HTTP/1.1 2000", "HTTP/1.12 200", "HTTP/1.1200 OK"}) {
    CAPTURE(line);
    CHECK(error_of(std::string(line) + "\r\n\r\n") ==
          fmt::format("no status line: the peer said \"{}\"", line));
  }
}

TEST_CASE("lies about the length and broken chunks are refused, each in its own words") {
  for (const char* length : {"-1", "5, 6", "1e3", "99999999999999999999", "", "0x5"}) {
    CAPTURE(length);
    CHECK(error_of(with_header(fmt::format("Content-Length: {}\r\n", length))) ==
          fmt::format("a Content-Length that makes no sense: \"{}\"", length));
  }
  CHECK(error_of(with_header("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")) ==
        "both Content-Length and Transfer-Encoding");
  CHECK(error_of(with_header("Transfer-Encoding: gzip, chunked\r\n")) ==
        "the transfer coding \"gzip, chunked\" was not asked for");
  const std::string chunked = with_header("Transfer-Encoding: chunked\r\n");
  CHECK(error_of(chunked + "xyz\r\n") == "a chunk size that makes no sense: \"xyz\"");
  CHECK(error_of(chunked + "fffffffffffffffff\r\n") ==
        "a chunk size that makes no sense: \"fffffffffffffffff\"");
  CHECK(error_of(chunked + "\r\n") == "a chunk size that makes no sense: \"\"");
  CHECK(error_of(chunked + "2\r\nabc\r\n") == "a chunk is longer than it said");
  CHECK(error_of(chunked + "1;" + std::string(5000, 'x')) ==
        "a line among the chunks is longer than 1024 octets");
  CHECK(error_of(chunked + "5\r\nhel") == "the connection was closed within the body, after 3 octets of it");
}

TEST_CASE("headers that would fool another reader are refused") {
  CHECK(error_of(with_header(std::string("X: a\0b\r\n", 8))) == "a NUL octet in the header");
  CHECK(error_of(with_header("Content-Length : 5\r\n")) == "no header line: \"Content-Length : 5\"");
  CHECK(error_of(with_header("nothing\r\n")) == "no header line: \"nothing\"");
  CHECK(error_of(with_header("X: a\rContent-Length: 5\r\n")).rfind("no header line", 0) == 0);
}

TEST_CASE("everything has its limit") {
  CHECK(error_of("HTTP/1.1 200 OK\r\nX: " + std::string(2'000'000, 'h')) ==
        "the header is larger than 64 KiB");
  std::string trailer = with_header("Transfer-Encoding: chunked\r\n") + "0\r\n";
  for (int i = 0; i < 200; ++i) trailer += "X: " + std::string(1000, 't') + "\r\n";
  CHECK(error_of(trailer) == "the trailer is larger than 64 KiB");

  const auto endless = fed(with_header("") + std::string(ResponseParser::kBodyLimit, 'x') + "y");
  CHECK(endless.state() == State::done);
  CHECK(endless.body().size() == ResponseParser::kBodyLimit);
  CHECK(endless.body_cut());
  CHECK_FALSE(endless.reusable());
  const auto full =
      fed(with_header("Content-Length: 65536\r\n") + std::string(ResponseParser::kBodyLimit, 'x'));
  CHECK(full.state() == State::done);
  CHECK_FALSE(full.body_cut());
  CHECK(full.reusable());
}

TEST_CASE("how the octets are cut changes nothing") {
  const std::string octets = "HTTP/1.1 100 Continue\r\n\r\n" +
                             with_header("Transfer-Encoding: chunked\r\nLocation: /a\r\n") +
                             "a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n";
  for (std::size_t cut = 1; cut < octets.size(); ++cut) {
    ResponseParser parser;
    parser.reset(false, true);
    for (std::size_t at = 0; at < octets.size(); at += cut) {
      CAPTURE(cut, at);
      CHECK(parser.state() != State::failed);
      parser.feed(std::string_view(octets).substr(at, cut));
    }
    CHECK(parser.state() == State::done);
    CHECK(parser.body() == "0123456789x");
    CHECK(parser.location() == "/a");
    CHECK(parser.reusable());
  }
}
