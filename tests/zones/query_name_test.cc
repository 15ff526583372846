// SPDX-License-Identifier: Apache-2.0
// The two ways to read a name from a packet, octet by octet and in whole vectors, give the same name.
#include "zones/query_name.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "core/random.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::zones;

namespace {

using Octets = std::vector<std::uint8_t>;

void append_label(Octets& to, std::size_t length, Random& random) {
  to.push_back(static_cast<std::uint8_t>(length));
  for (; length > 0; --length) to.push_back(static_cast<std::uint8_t>(random.next()));
}

// A name of exactly `length` octets; its labels have at most `longest`.
Octets name_of(std::size_t length, std::size_t longest, Random& random) {
  Octets out;
  while (out.size() + 1 < length) {
    const std::size_t room = length - out.size() - 2;
    std::size_t n = std::min<std::size_t>(room, 1 + random.below(static_cast<std::uint32_t>(longest)));
    if (room - n == 1) n = n > 1 ? n - 1 : n + 1;  // one octet left over is no label
    append_label(out, n, random);
  }
  out.push_back(0);
  return out;
}

// With the memory that it may read, and not an octet more; what is there is nobody's business.
std::size_t read_ahead(QueryName& name, const Octets& wire, Random& random) {
  const std::size_t size = wire.size() + QueryName::kAhead;
  const auto memory = std::make_unique<std::uint8_t[]>(size);
  std::generate_n(memory.get(), size, [&] { return static_cast<std::uint8_t>(random.next()); });
  std::copy(wire.begin(), wire.end(), memory.get());
  const std::size_t length = name.read_ahead({memory.get(), wire.size()});
  if (length != 0) name.hash();
  return length;
}

void check_same(const Octets& wire, Random& random) {
  static QueryName one_by_one, in_vectors;  // scratch, as a worker's: full of the names before
  const std::size_t length = one_by_one.assign(wire);
  REQUIRE(read_ahead(in_vectors, wire, random) == length);
  if (length == 0) return;
  REQUIRE(in_vectors.label_count() == one_by_one.label_count());
  for (std::size_t n = 0; n <= one_by_one.label_count(); ++n) {
    const auto a = one_by_one.suffix(n), b = in_vectors.suffix(n);
    REQUIRE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
    REQUIRE(in_vectors.suffix_hash(n) == one_by_one.suffix_hash(n));
    REQUIRE(in_vectors.wildcard_hash(n) == one_by_one.wildcard_hash(n));
  }
}

}  // namespace

TEST_CASE("names of every length and shape are read alike in vectors and octet by octet") {
  Random random(1);
  for (std::size_t length = 1; length <= kMaxNameLength + 3; ++length) {
    if (length == 2) continue;  // there is no such name
    for (const std::size_t longest : {1U, 2U, 7U, 15U, 16U, 31U, 63U}) {
      Octets wire = name_of(length, longest, random);
      check_same(wire, random);
      for (int tail = 0; tail < 20; ++tail) wire.push_back(static_cast<std::uint8_t>(random.next()));
      check_same(wire, random);
    }
  }
}

TEST_CASE("names that are cut short or damaged are refused alike") {
  Random random(2);
  for (int i = 0; i < 3000; ++i) {
    Octets wire = name_of(3 + random.below(252), 1 + random.below(63), random);
    if (random.below(2) == 0) wire.resize(random.below(static_cast<std::uint32_t>(wire.size() + 1)));
    if (!wire.empty() && random.below(2) == 0)
      wire[random.below(static_cast<std::uint32_t>(wire.size()))] = static_cast<std::uint8_t>(random.next());
    check_same(wire, random);
  }
}

TEST_CASE("only the letters from A to Z are made small, wherever they stand in a vector") {
  for (std::size_t at = 0; at < 16; ++at) {
    for (unsigned octet = 0; octet < 256; ++octet) {
      std::array<std::uint8_t, 16> octets{};
      octets[at] = static_cast<std::uint8_t>(octet);
      Octets16 vector;
      std::memcpy(&vector, octets.data(), sizeof vector);
      vector = zones::detail::to_lower(vector);
      std::memcpy(octets.data(), &vector, sizeof vector);
      REQUIRE(octets[at] == to_lower(static_cast<std::uint8_t>(octet)));
      octets[at] = 0;
      REQUIRE(octets == std::array<std::uint8_t, 16>{});
    }
  }
}

TEST_CASE("hashes above a known one are those of the whole") {
  Random random(3);
  static QueryName whole, above;
  for (int i = 0; i < 500; ++i) {
    const Octets wire = name_of(3 + random.below(252), 1 + random.below(63), random);
    REQUIRE(whole.assign(wire) == wire.size());
    Octets padded = wire;
    padded.resize(wire.size() + QueryName::kAhead, 0xff);
    (void)above.read_ahead(std::span(padded).first(wire.size()));
    const std::size_t labels = random.below(static_cast<std::uint32_t>(whole.label_count() + 1));
    const std::size_t known = whole.label_count() - labels;
    above.hash_above(labels, whole.suffix_hash(known));
    for (std::size_t n = 0; n <= known; ++n) REQUIRE(above.suffix_hash(n) == whole.suffix_hash(n));
    REQUIRE(above.ends_in(whole.suffix(known), labels));
    if (labels == 0) continue;
    Octets other(whole.suffix(known).begin(), whole.suffix(known).end());
    other[1] ^= 1;
    REQUIRE_FALSE(above.ends_in(other, labels));
  }
}
