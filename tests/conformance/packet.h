// SPDX-License-Identifier: Apache-2.0
#pragma once
// Packets as no well-behaved resolver writes them, and responses taken apart to the octet: for the sections
// that speak about the wire.

#include "tests/conformance/world.h"

namespace gslbd::test {

/// A message written part by part. Counts follow what is added until count() says otherwise.
class Packet {
 public:
  enum Section { question_section, answer_section, authority_section, additional_section };

  explicit Packet(std::uint16_t flags = 0, std::uint16_t id = 0x1234);

  Packet& question(const std::string& name, std::uint16_t qtype, std::uint16_t qclass = 1);
  Packet& record(Section section, const Octets& owner, std::uint16_t rr_type, std::uint16_t rr_class,
                 std::uint32_t ttl, const Octets& rdata);
  /// An OPT (RFC 6891 §6.1.2) whose RDATA is `rdata` as it stands.
  Packet& opt(const Octets& rdata = {}, std::uint16_t payload = 1232, std::uint8_t version = 0,
              std::uint16_t flags = 0);
  Packet& options(const std::vector<EdnsOption>& list, std::uint16_t payload = 1232);
  /// Octets as they stand; nothing is counted.
  Packet& octets(const Octets& more);
  Packet& count(Section section, std::uint16_t n);

  const Octets& wire() const { return wire_; }
  operator const Octets&() const { return wire_; }

 private:
  void put16(unsigned v);
  void add_to_count(Section section);

  Octets wire_;
};

/// One record of a response, where it stands.
struct WireRecord {
  Packet::Section section;
  std::size_t owner_at;
  std::string owner;  ///< presentation, case as sent
  std::uint16_t rr_type;
  std::uint16_t rr_class;
  std::uint32_t ttl;
  std::size_t rdata_at;
  std::size_t rdata_size;
};

/// Every record of a whole response, the OPT among them. Fails the test when a pointer does not lead to an
/// earlier place (RFC 1035 §4.1.4), when a record is cut short, or when octets are left over.
std::vector<WireRecord> take_apart(const Octets& response);
/// The name at an offset, pointers followed; `after` is set to where the next field begins.
std::string name_at(const Octets& message, std::size_t at, std::size_t* after = nullptr);

Octets operator+(const Octets& a, const Octets& b);

}  // namespace gslbd::test
