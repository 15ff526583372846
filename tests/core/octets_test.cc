// SPDX-License-Identifier: Apache-2.0
#include "core/octets.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "core/random.h"
#include "tests/support/catch.h"

using namespace gslbd;

namespace {

constexpr std::size_t kLongest = 200;

// Memory that ends with its octets, so that a sanitizer sees who goes on.
std::unique_ptr<std::uint8_t[]> random_octets(std::size_t n, Random& random) {
  auto out = std::make_unique<std::uint8_t[]>(n);
  std::generate_n(out.get(), n, [&] { return static_cast<std::uint8_t>(random.next()); });
  return out;
}

}  // namespace

TEST_CASE("octets are copied as memcpy does, and no others are written") {
  Random random(1);
  for (std::size_t n = 0; n <= kLongest; ++n) {
    const auto from = random_octets(n, random);
    const auto exact = std::make_unique<std::uint8_t[]>(n);
    copy_octets(exact.get(), from.get(), n);
    REQUIRE(std::equal(from.get(), from.get() + n, exact.get()));
    std::vector<std::uint8_t> to(n + 128, 0xee);
    copy_octets(to.data() + 64, from.get(), n);
    REQUIRE(std::equal(from.get(), from.get() + n, to.data() + 64));
    REQUIRE(std::count(to.begin(), to.begin() + 64, 0xee) == 64);
    REQUIRE(std::count(to.end() - 64, to.end(), 0xee) == 64);
  }
}

TEST_CASE("octets are compared as memcmp does: every single bit counts") {
  Random random(2);
  for (std::size_t n = 0; n <= kLongest; ++n) {
    const auto a = random_octets(n, random);
    const auto b = std::make_unique<std::uint8_t[]>(n);
    std::copy(a.get(), a.get() + n, b.get());
    REQUIRE(equal_octets(a.get(), b.get(), n));
    for (std::size_t bit = 0; bit < 8 * n; ++bit) {
      b[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      REQUIRE_FALSE(equal_octets(a.get(), b.get(), n));
      b[bit / 8] = a[bit / 8];
    }
  }
}
