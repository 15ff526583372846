// SPDX-License-Identifier: Apache-2.0
#include "bench/load/histogram.h"

#include "tests/support/catch.h"

using gslbd::bench::Histogram;

TEST_CASE("a percentile is never too low and at most 1.6 % too high") {
  for (const std::int64_t value : {0, 1, 127, 128, 129, 4'095, 4'096, 1'000'000, 123'456'789}) {
    Histogram histogram;
    histogram.add(value);
    histogram.add(INT64_MAX);  // so that the highest value does not cut the part short
    const auto found = static_cast<std::int64_t>(histogram.percentile(0.5));
    CHECK(found >= value);
    CHECK(static_cast<double>(found) <= static_cast<double>(value) * 1.016);
  }
}

TEST_CASE("percentiles are of what was added") {
  Histogram histogram;
  CHECK(histogram.percentile(0.5) == 0);
  for (std::int64_t value = 1; value <= 100; ++value) histogram.add(value);
  CHECK(histogram.total() == 100);
  CHECK(histogram.percentile(0.5) == 50);
  CHECK(histogram.percentile(0.99) == 99);
  CHECK(histogram.percentile(1.0) == 100);
  CHECK(histogram.highest() == 100);
}

TEST_CASE("what took less than no time counts as none") {
  Histogram histogram;
  histogram.add(-5);
  CHECK(histogram.percentile(1.0) == 0);
}
