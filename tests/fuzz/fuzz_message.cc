// SPDX-License-Identifier: Apache-2.0
// Any packet through the message parser: what it makes of it agrees with a second reader, and everything it
// points to lies within the packet.
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <vector>

#include "server/answer/message.h"
#include "tests/fuzz/wire.h"

using namespace gslbd;
using server::Parsed;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool within(fuzz::Octets part, fuzz::Octets whole) {
  const std::less_equal<> before;
  return part.empty() || (before(whole.data(), part.data()) &&
                          before(part.data() + part.size(), whole.data() + whole.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> packet(data, data + size);  // the address sanitizer sees an octet too many
  server::Query query;
  const Parsed parsed = server::parse_query(packet, query);
  const fuzz::QueryFacts facts = fuzz::read_query(packet);
  require((parsed == Parsed::drop) == (!facts.has_header || (packet[2] & 0x80) != 0));
  if (parsed == Parsed::drop) return 0;
  require(query.id == fuzz::get16(packet, 0) && query.flags == fuzz::get16(packet, 2));
  require(within(query.question, packet) && within(query.edns.cookie.value_or(fuzz::Octets()), packet) &&
          within(query.edns.client_subnet, packet));
  require(query.edns.udp_payload >= 512);
  if (parsed != Parsed::query) return 0;
  require(facts.well_formed && facts.one_question && facts.options_well_formed);
  require(query.question.size() == facts.question_end - 12 &&
          query.name.length() + 4 == query.question.size());
  require(query.qtype == facts.qtype && query.qclass == facts.qclass);
  require(query.edns.present == facts.edns());
  return 0;
}
