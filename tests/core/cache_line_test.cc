// SPDX-License-Identifier: Apache-2.0
#include "core/cache_line.h"

#include <cstdint>

#include "tests/support/catch.h"

using namespace gslbd;

TEST_CASE("what one thread writes has its cache lines for itself") {
  ApartVector<std::uint32_t> first(3);
  ApartVector<std::uint32_t> second(3);
  const auto line = [](const std::uint32_t& at) { return reinterpret_cast<std::uintptr_t>(&at) / kApart; };
  CHECK(reinterpret_cast<std::uintptr_t>(first.data()) % kApart == 0);
  CHECK(line(first.back()) != line(second.front()));
  CHECK(line(second.back()) != line(first.front()));
  first.resize(100);
  CHECK(reinterpret_cast<std::uintptr_t>(first.data()) % kApart == 0);
  CHECK(line(first.back()) != line(second.front()));
}
