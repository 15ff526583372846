// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, version 2: what is read, and that nothing else passes.

#include "server/net/proxy_header.h"

#include <vector>

#include "tests/server/net/support.h"
#include "tests/support/catch.h"

namespace gslbd::server {
namespace {

using State = ProxyHeader::State;
using testing::at;
using testing::proxy_header;

std::span<const std::uint8_t> octets_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

ProxyHeader parse(const std::string& text, Transport transport = Transport::tcp) {
  return parse_proxy_header(octets_of(text), transport);
}

// Type, length, value.
std::string extension(char type, const std::string& value) {
  return std::string{type, static_cast<char>(value.size() >> 8), static_cast<char>(value.size() & 0xff)} +
         value;
}

TEST_CASE("a header tells the client's address and port", "[net]") {
  for (const char* client : {"192.0.2.7:53001", "[2001:db8::7]:53001"}) {
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
      const std::string header = proxy_header(at(client), transport);
      const ProxyHeader read = parse(header + "query", transport);
      CHECK(read.state == State::proxied);
      CHECK(read.client == at(client));
      CHECK(read.size == header.size());
    }
  }
}

TEST_CASE("an IPv4 client that the proxy maps into IPv6 is an IPv4 client", "[net]") {
  const ProxyHeader read = parse(proxy_header(at("[::ffff:192.0.2.7]:1"), Transport::tcp));
  CHECK(read.state == State::proxied);
  CHECK(read.client == at("192.0.2.7:1"));
}

TEST_CASE("extensions are skipped, when they fill their room exactly", "[net]") {
  const std::string extensions = extension(4, "") + extension(1, "dot") + extension(5, std::string(300, 'x'));
  for (const char* client : {"192.0.2.7:53001", "[2001:db8::7]:53001"}) {
    const std::string header = proxy_header(at(client), Transport::tcp, extensions);
    CHECK(parse(header).state == State::proxied);
    CHECK(parse(header).size == header.size());
    for (std::size_t cut = 1; cut < extensions.size(); ++cut) {
      const std::string fewer = extensions.substr(0, extensions.size() - cut);
      const bool whole = fewer.size() == 3 || fewer.size() == 9;
      CHECK((parse(proxy_header(at(client), Transport::tcp, fewer)).state == State::proxied) == whole);
    }
  }
}

TEST_CASE("of every header, each part is incomplete and each octet more is not its", "[net]") {
  const std::string headers[] = {proxy_header(at("192.0.2.7:1"), Transport::tcp),
                                 proxy_header(at("[2001:db8::7]:1"), Transport::tcp, extension(4, "abc")),
                                 testing::proxy_header_of(0x20, 0x00, ""),
                                 testing::proxy_header_of(0x20, 0x11, std::string(12, '\xff')),
                                 testing::proxy_header_of(0x21, 0x00, "anything")};
  for (const std::string& header : headers) {
    for (std::size_t size = 0; size < header.size(); ++size) {
      INFO(size << " of " << header.size());
      // From exactly as much memory, so that a sanitizer sees a look beyond it.
      const std::vector<std::uint8_t> part(header.begin(),
                                           header.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(parse_proxy_header(part, Transport::tcp).state == State::incomplete);
    }
    CHECK(parse(header).size == header.size());
    CHECK(parse(header + header).size == header.size());
  }
}

TEST_CASE("a connection of the proxy's own has the proxy as client, whatever else it says", "[net]") {
  CHECK(parse(testing::proxy_header_of(0x20, 0x00, "")).state == State::local);
  CHECK(parse(testing::proxy_header_of(0x20, 0x31, std::string(216, 'x'))).state == State::local);
  CHECK(parse(testing::proxy_header_of(0x20, 0xff, "x")).state == State::local);
  CHECK(parse(testing::proxy_header_of(0x21, 0x00, "x")).state == State::local);
}

TEST_CASE("what is no header of this version, transport and family is malformed at once", "[net]") {
  using testing::proxy_header_of;
  const std::string block(36, 'x');
  CHECK(parse("x").state == State::malformed);
  CHECK(parse("\r\n\r\nx").state == State::malformed);
  CHECK(parse("PROXY TCP4 192.0.2.7 192.0.2.1 1 53\r\n").state == State::malformed);
  for (int octet = 0; octet < 256; ++octet) {
    INFO(octet);
    const bool version_and_command = octet == 0x20 || octet == 0x21;
    CHECK((parse(proxy_header_of(octet, 0x11, block.substr(0, 12))).state != State::malformed) ==
          version_and_command);
    const bool over_tcp = octet == 0x00 || octet == 0x11 || octet == 0x21;
    const bool over_udp = octet == 0x00 || octet == 0x12 || octet == 0x22;
    const std::string header = proxy_header_of(0x21, octet,
                                               octet == 0x00  ? ""
                                               : octet < 0x20 ? block.substr(0, 12)
                                                              : block);
    CHECK((parse(header, Transport::tcp).state != State::malformed) == over_tcp);
    CHECK((parse(header, Transport::udp).state != State::malformed) == over_udp);
  }
  for (std::size_t size = 0; size < 12; ++size) {
    CHECK(parse(proxy_header_of(0x21, 0x11, block.substr(0, size))).state == State::malformed);
  }
  for (std::size_t size = 0; size < 36; ++size) {
    CHECK(parse(proxy_header_of(0x21, 0x21, block.substr(0, size))).state == State::malformed);
  }
}

TEST_CASE("a header of more than 2 KiB is malformed before it is there", "[net]") {
  const std::string fits = testing::proxy_header_of(0x20, 0, std::string(kMaxProxyHeaderSize - 16, 'x'));
  CHECK(parse(fits).state == State::local);
  CHECK(parse(fits.substr(0, 16)).state == State::incomplete);
  const std::string too_long = testing::proxy_header_of(0x20, 0, std::string(kMaxProxyHeaderSize - 15, 'x'));
  CHECK(parse(too_long).state == State::malformed);
  CHECK(parse(too_long.substr(0, 16)).state == State::malformed);
}

}  // namespace
}  // namespace gslbd::server
