// SPDX-License-Identifier: Apache-2.0
#include "core/large_array.h"

#include <cstdio>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace gslbd;

namespace {

constexpr std::size_t kLargeCount = LargeMemory::kLarge / sizeof(std::uint32_t);

bool counts_up(const LargeArray<std::uint32_t>& array) {
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (array[i] != i) return false;
  }
  return true;
}

// Into how many mappings of the process the array's memory falls.
std::size_t mappings_of(const LargeArray<std::uint32_t>& array) {
  const auto begin = reinterpret_cast<std::uintptr_t>(array.data());
  const std::uintptr_t end = begin + array.memory();
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) {
    unsigned long from = 0;
    unsigned long to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &from, &to) == 2 && from < end && to > begin) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("a small array holds exactly what it was shrunk to") {
  LargeArray<std::uint32_t> array;
  CHECK(array.memory() == 0);
  array.reserve(1000);
  for (std::uint32_t i = 0; i < 10; ++i) array.push_back(i);
  array.shrink_to_fit();
  CHECK(array.memory() == 10 * sizeof(std::uint32_t));
  CHECK(array.size() == 10);
  CHECK(counts_up(array));
}

TEST_CASE("an array keeps its values as it grows large and becomes small again") {
  LargeArray<std::uint32_t> array;
  while (array.size() < 3 * kLargeCount) array.push_back(static_cast<std::uint32_t>(array.size()));
  CHECK(array.memory() >= 3 * LargeMemory::kLarge);
  CHECK(reinterpret_cast<std::uintptr_t>(array.data()) % (2U << 20) == 0);  // where huge pages begin
  REQUIRE(counts_up(array));
  array.resize(2 * kLargeCount + 1);
  array.shrink_to_fit();
  CHECK(array.memory() < 2 * LargeMemory::kLarge + (1U << 16));  // whole pages
  REQUIRE(counts_up(array));
  array.resize(100);
  array.shrink_to_fit();
  CHECK(array.memory() == 100 * sizeof(std::uint32_t));
  REQUIRE(counts_up(array));
  array.resize(0);
  array.shrink_to_fit();
  CHECK(array.memory() == 0);
}

TEST_CASE("a large array stays one mapping, however often it grows") {
  LargeArray<std::uint32_t> array;
  while (array.size() < 40 * kLargeCount) {
    array.resize(array.size() + kLargeCount / 2);
    if (array.memory() >= LargeMemory::kLarge) REQUIRE(mappings_of(array) == 1);
  }
}

TEST_CASE("new values are zero, also where others were") {
  for (const std::size_t count : {std::size_t{100}, 2 * kLargeCount}) {
    LargeArray<std::uint32_t> array(count);
    std::fill(array.begin(), array.end(), 1);
    array.resize(count / 2);
    array.resize(count);
    CHECK(std::accumulate(array.begin(), array.end(), std::size_t{0}) == count / 2);
  }
}

TEST_CASE("spans are appended, arrays are moved") {
  LargeArray<std::uint32_t> array;
  std::vector<std::uint32_t> values(1000);
  std::iota(values.begin(), values.end(), 0U);
  array.append(std::span(values).first(400));
  array.append({});
  array.append(std::span(values).subspan(400));
  CHECK(counts_up(array));
  LargeArray<std::uint32_t> other = std::move(array);
  CHECK(array.empty());
  CHECK(other.size() == 1000);
  CHECK(other.back() == 999);
  array = std::move(other);
  CHECK(counts_up(array));
  array.clear();
  CHECK(array.empty());
}
