// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

std::uint16_t be16(const Octets& m, std::size_t at) {
  REQUIRE(at + 2 <= m.size());
  return static_cast<std::uint16_t>(m[at] << 8 | m[at + 1]);
}

}  // namespace

Packet::Packet(std::uint16_t flags, std::uint16_t id) {
  put16(id);
  put16(flags);
  wire_.resize(12);
}

Packet& Packet::question(const std::string& name, std::uint16_t qtype, std::uint16_t qclass) {
  octets(wire_name(name));
  put16(qtype);
  put16(qclass);
  add_to_count(question_section);
  return *this;
}

Packet& Packet::record(Section section, const Octets& owner, std::uint16_t rr_type, std::uint16_t rr_class,
                       std::uint32_t ttl, const Octets& rdata) {
  octets(owner);
  put16(rr_type);
  put16(rr_class);
  put16(ttl >> 16);
  put16(ttl & 0xffff);
  put16(static_cast<unsigned>(rdata.size()));
  octets(rdata);
  add_to_count(section);
  return *this;
}

Packet& Packet::opt(const Octets& rdata, std::uint16_t payload, std::uint8_t version, std::uint16_t flags) {
  return record(additional_section, {0}, type::kOpt, payload, std::uint32_t{version} << 16 | flags, rdata);
}

Packet& Packet::options(const std::vector<EdnsOption>& list, std::uint16_t payload) {
  Octets rdata;
  for (const EdnsOption& o : list) {
    rdata = rdata +
            Octets{static_cast<std::uint8_t>(o.code >> 8), static_cast<std::uint8_t>(o.code),
                   static_cast<std::uint8_t>(o.data.size() >> 8), static_cast<std::uint8_t>(o.data.size())} +
            o.data;
  }
  return opt(rdata, payload);
}

Packet& Packet::octets(const Octets& more) {
  wire_.insert(wire_.end(), more.begin(), more.end());
  return *this;
}

Packet& Packet::count(Section section, std::uint16_t n) {
  const std::size_t at = 4 + 2 * static_cast<std::size_t>(section);
  wire_[at] = static_cast<std::uint8_t>(n >> 8);
  wire_[at + 1] = static_cast<std::uint8_t>(n & 0xff);
  return *this;
}

void Packet::put16(unsigned v) {
  wire_.push_back(static_cast<std::uint8_t>(v >> 8));
  wire_.push_back(static_cast<std::uint8_t>(v & 0xff));
}

void Packet::add_to_count(Section section) {
  const std::size_t at = 4 + 2 * static_cast<std::size_t>(section);
  count(section, static_cast<std::uint16_t>(be16(wire_, at) + 1));
}

std::string name_at(const Octets& message, std::size_t at, std::size_t* after) {
  std::string out;
  bool jumped = false;
  for (std::size_t limit = message.size();;) {
    REQUIRE(at < message.size());
    const std::uint8_t n = message[at];
    if (n >= 0xc0) {
      const std::size_t target = be16(message, at) & 0x3fff;
      REQUIRE(target >= 12);
      REQUIRE(target < limit);  // every jump leads further to the front
      REQUIRE(target < at);
      if (!jumped && after != nullptr) *after = at + 2;
      jumped = true;
      limit = at = target;
    } else if (n == 0) {
      if (!jumped && after != nullptr) *after = at + 1;
      return out.empty() ? "." : out;
    } else {
      REQUIRE(n <= 63);
      REQUIRE(at + n < message.size());
      out.append(message.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                 message.begin() + static_cast<std::ptrdiff_t>(at) + 1 + n);
      out += '.';
      at += std::size_t{n} + 1;
    }
  }
}

std::vector<WireRecord> take_apart(const Octets& response) {
  std::size_t at = 12;
  for (std::uint16_t i = 0; i < be16(response, 4); ++i) {
    (void)name_at(response, at, &at);
    at += 4;
  }
  std::vector<WireRecord> out;
  for (const auto section : {Packet::answer_section, Packet::authority_section, Packet::additional_section}) {
    for (std::uint16_t i = 0; i < be16(response, 4 + 2 * static_cast<std::size_t>(section)); ++i) {
      WireRecord r{section, at, {}, 0, 0, 0, 0, 0};
      r.owner = name_at(response, at, &at);
      r.rr_type = be16(response, at);
      r.rr_class = be16(response, at + 2);
      r.ttl = std::uint32_t{be16(response, at + 4)} << 16 | be16(response, at + 6);
      r.rdata_size = be16(response, at + 8);
      r.rdata_at = at + 10;
      at = r.rdata_at + r.rdata_size;
      REQUIRE(at <= response.size());
      out.push_back(std::move(r));
    }
  }
  CHECK(at == response.size());
  return out;
}

Octets operator+(const Octets& a, const Octets& b) {
  Octets out;
  out.reserve(a.size() + b.size());
  out.insert(out.end(), a.begin(), a.end());
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

}  // namespace gslbd::test
