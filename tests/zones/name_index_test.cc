// SPDX-License-Identifier: Apache-2.0
#include "zones/name_index.h"

#include <map>

#include "core/random.h"
#include "tests/support/catch.h"

using namespace gslbd;

namespace gslbd::zones {

/// Opens the two ways to look for a tag in a bucket.
struct NameIndexTwins {
  static void check(Random& random) {
    NameIndex::Bucket bucket;
    bucket.spilt = random.below(2) == 0;
    bucket.used = static_cast<std::uint8_t>(random.below(NameIndex::kSlots + 1));
    const std::uint32_t values = 1 + random.below(256);  // few: many alike
    const auto tag = [&] { return static_cast<std::uint8_t>(random.below(values)); };
    for (auto& t : bucket.tags) t = tag();
    for (auto& n : bucket.nodes) n = static_cast<NodeOffset>(random.next());
    const std::uint8_t wanted = tag();
    REQUIRE(NameIndex::same_tags(bucket, wanted) == NameIndex::same_tags_one_by_one(bucket, wanted));
  }
};

}  // namespace gslbd::zones

using namespace gslbd::zones;

TEST_CASE("tags are compared at once as they are one by one") {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) NameIndexTwins::check(random);
}

TEST_CASE("what is in the index is found, and nothing else") {
  Random random(2);
  for (const std::size_t names : {1U, 8U, 9U, 100U, 5000U}) {
    INFO(names << " names");
    NameIndex index(names);
    std::multimap<std::uint64_t, NodeOffset> all;
    // Few upper octets: they choose the bucket, so that these spill into the next ones. The tag is bits 24
    // to 31.
    for (NodeOffset node = 1; node <= names; ++node) {
      const std::uint64_t hash = random.below(4) == 0 ? random.next() & 0xff000000ff000000U : random.next();
      index.insert(hash, node);
      all.emplace(hash, node);
    }
    REQUIRE(index.size() == names);
    for (const auto& [hash, node] : all) {
      const NodeOffset wanted = node;
      REQUIRE(index.find(hash, [&](NodeOffset found) { return found == wanted; }) == wanted);
    }
    std::size_t first = 0;
    for (const auto& [hash, node] : all) {
      const NodeOffset found = NameIndex::first(index.prefetch(hash), hash);
      REQUIRE(found <= names);
      if (found == node) ++first;
    }
    // The others are of names that spill, or of tags that come twice.
    REQUIRE(first >= names / 2);
    for (int i = 0; i < 1000; ++i) {
      const std::uint64_t hash = random.next();
      REQUIRE(index.find(hash, [](NodeOffset) { return false; }) == 0);
      REQUIRE(NameIndex::first(index.prefetch(hash), hash) <= names);
    }
    std::size_t seen = 0;
    index.for_each([&](NodeOffset) { ++seen; });
    REQUIRE(seen == names);
  }
}
