// SPDX-License-Identifier: Apache-2.0
#include "bench/load/queries.h"

#include <map>
#include <string>

#include "tests/support/catch.h"

using gslbd::bench::Queries;

namespace {

// A message of that length whose octets all tell its number, behind its length.
std::string framed(std::size_t length, char number) {
  return std::string{static_cast<char>(length >> 8), static_cast<char>(length)} + std::string(length, number);
}

}  // namespace

TEST_CASE("the messages of a file come in order, and again from the start") {
  auto queries = Queries::parse(framed(20, 'a') + framed(30, 'b'));
  REQUIRE(queries);
  CHECK(queries->size() == 2);
  for (int again = 0; again < 2; ++again) {
    CHECK(queries->next().size() == 20);
    const auto second = queries->next();
    CHECK(second.size() == 30);
    CHECK(second[0] == 'b');
  }
}

TEST_CASE("a file that is no list of messages is refused") {
  CHECK_FALSE(Queries::parse(""));
  CHECK_FALSE(Queries::parse(std::string("\0", 1)));
  CHECK_FALSE(Queries::parse(framed(11, 'a')));
  CHECK_FALSE(Queries::parse(framed(513, 'a')));
  CHECK_FALSE(Queries::parse(framed(20, 'a').substr(0, 21)));
  CHECK_FALSE(Queries::read("/nonexistent"));
}

TEST_CASE("grouped, each run is of one length, and nothing is lost") {
  std::string file;
  for (int i = 0; i < 100; ++i) file += framed(20 + static_cast<std::size_t>(i % 3), static_cast<char>(i));
  auto queries = Queries::parse(file);
  REQUIRE(queries);
  queries->group_by_length(8);
  std::map<std::uint8_t, int> seen;
  for (std::size_t left = queries->size(); left != 0;) {
    const std::size_t run = queries->run(8);
    REQUIRE(run >= 1);
    REQUIRE(run <= 8);
    const std::size_t length = queries->next().size();
    for (std::size_t i = 1; i < run; ++i) CHECK(queries->next().size() == length);
    left -= run;
  }
  for (std::size_t i = 0; i < queries->size(); ++i) ++seen[queries->next()[0]];
  CHECK(seen.size() == 100);
}
