// SPDX-License-Identifier: Apache-2.0
// Which replies leave together: examples, and for random batches what must hold of all.

#include "server/net/reply_groups.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace gslbd::server {
namespace {

struct Reply {
  char peer;
  std::size_t size;
};

// Tags that tell all peers apart, and those that tell none.
std::uint64_t good_tag(char peer) {
  return 0x100'0001U * static_cast<std::uint64_t>(peer);
}
std::uint64_t bad_tag(char) {
  return 7;
}
using TagOf = std::uint64_t (*)(char);

void add(const std::vector<Reply>& replies, ReplyGroups& groups, TagOf tag_of = good_tag) {
  for (const Reply& reply : replies) {
    groups.add(tag_of(reply.peer), reply.size, [&](unsigned n) { return replies[n].peer == reply.peer; });
  }
}

// The replies' numbers, a group a word: "0+2 1".
std::string arranged(const std::vector<Reply>& replies, ReplyGroups& groups) {
  groups.clear();
  add(replies, groups);
  std::string text;
  for (const ReplyGroup& group : groups.arrange()) {
    text += text.empty() ? "" : " ";
    for (unsigned i = group.first; i < unsigned{group.first} + group.count; ++i) {
      text += (i == group.first ? "" : "+") + std::to_string(groups.order()[i]);
    }
  }
  return text;
}

std::string arranged(const std::vector<Reply>& replies) {
  ReplyGroups groups;
  return arranged(replies, groups);
}

TEST_CASE("replies to one peer of one size leave together, those to others do not", "[net]") {
  CHECK(arranged({}).empty());
  CHECK(arranged({{'a', 50}}) == "0");
  CHECK(arranged({{'a', 50}, {'b', 50}, {'c', 50}}) == "0 1 2");
  CHECK(arranged({{'a', 50}, {'b', 50}, {'a', 50}, {'b', 50}, {'a', 50}}) == "0+2+4 1+3");
}

TEST_CASE("the last of a group may be shorter, the others have one size", "[net]") {
  CHECK(arranged({{'a', 50}, {'a', 50}, {'a', 40}}) == "0+1+2");
  CHECK(arranged({{'a', 40}, {'a', 50}, {'a', 50}}) == "1+2+0");
  CHECK(arranged({{'a', 50}, {'a', 40}, {'a', 40}, {'a', 40}}) == "0+1 2+3");
  CHECK(arranged({{'a', 10}, {'a', 20}, {'a', 30}, {'a', 40}}) == "3+2 1+0");
  CHECK(arranged({{'a', 30}, {'a', 50}, {'a', 40}, {'a', 50}, {'a', 40}}) == "1+3+2 4+0");
}

TEST_CASE("some replies leave alone, whomever they go to", "[net]") {
  ReplyGroups groups;
  const auto always = [](unsigned) { return true; };
  groups.add(1, 50, always);
  groups.add_alone(4096);
  groups.add(1, 50, always);
  groups.add_alone(50);
  CHECK(groups.any_together());
  const auto all = groups.arrange();
  REQUIRE(all.size() == 3);
  CHECK(all[0].count == 2);
  CHECK(groups.order()[all[1].first] == 1);
  CHECK(groups.order()[all[2].first] == 3);
}

TEST_CASE("a batch knows nothing of the one before", "[net]") {
  ReplyGroups groups;
  CHECK(arranged({{'a', 50}, {'b', 50}}, groups) == "0 1");
  CHECK(arranged({{'b', 50}, {'a', 50}}, groups) == "0 1");
  CHECK(arranged({{'c', 50}, {'c', 50}}, groups) == "0+1");
}

TEST_CASE("whether any leave together is known beforehand", "[net]") {
  ReplyGroups groups;
  CHECK_FALSE(groups.any_together());
  add({{'a', 50}, {'b', 50}}, groups);
  CHECK_FALSE(groups.any_together());
  groups.clear();
  add({{'a', 50}, {'b', 50}, {'a', 40}}, groups);
  CHECK(groups.any_together());
}

TEST_CASE("a tag that comes twice is noticed, however the others lie", "[net]") {
  std::mt19937_64 random(2026);
  TagSet tags;
  for (int round = 0; round < 1000; ++round) {
    tags.clear();
    // Random ones, and those that all want one place.
    std::set<std::uint64_t> added;
    const std::uint64_t crowd = random();
    while (added.size() < kMaxBatch) {
      const std::uint64_t tag = random();
      if (round % 2 == 0 || first_place(tag) == first_place(crowd)) added.insert(tag);
    }
    bool all_new = true;
    for (const std::uint64_t tag : added) all_new = tags.add(tag) && all_new;
    REQUIRE(all_new);
    for (const std::uint64_t tag : added) REQUIRE_FALSE(tags.add(tag));
  }
}

// The fewest messages: a group a size, less what a longer one takes with it as its last.
std::size_t fewest(const std::map<std::size_t, unsigned, std::greater<>>& sizes) {
  std::size_t messages = 0;
  bool taken = false;  // whether the message before has taken one of this size
  for (const auto& [size, replies] : sizes) {
    const unsigned left = replies - (taken ? 1 : 0);
    messages += left != 0 ? 1 : 0;
    taken = left != 0;
  }
  return messages;
}

TEST_CASE("of any batch every reply leaves once, in groups the kernel can cut, as few as possible", "[net]") {
  std::mt19937 random(2026);
  ReplyGroups groups;
  for (int round = 0; round < 10'000; ++round) {
    const unsigned peers = 1 + random() % kMaxBatch;
    const unsigned sizes = 1 + random() % kMaxBatch;
    const TagOf tag_of = round % 8 == 0 ? bad_tag : good_tag;
    std::vector<Reply> replies(random() % (kMaxBatch + 1));
    std::map<char, std::map<std::size_t, unsigned, std::greater<>>> by_peer;
    for (Reply& reply : replies) {
      reply = {static_cast<char>(random() % peers), kMaxSegment - random() % sizes};
      ++by_peer[reply.peer][reply.size];
    }
    groups.clear();
    add(replies, groups, tag_of);
    std::size_t fewest_in_all = 0;
    for (const auto& [peer, of_peer] : by_peer) fewest_in_all += fewest(of_peer);
    const auto all = groups.arrange();
    const auto order = groups.order();
    REQUIRE(std::set(order.begin(), order.end()).size() == replies.size());
    REQUIRE(all.size() == fewest_in_all);
    std::size_t next = 0;
    for (const ReplyGroup& group : all) {
      REQUIRE(group.first == next);
      REQUIRE(group.count != 0);
      for (unsigned i = 0; i < group.count; ++i, ++next) {
        const Reply& reply = replies[order[next]];
        REQUIRE(reply.peer == replies[order[group.first]].peer);
        const bool last = i + 1U == group.count;
        REQUIRE((last && i != 0 ? reply.size <= group.size : reply.size == group.size));
      }
    }
    REQUIRE(next == replies.size());
    REQUIRE(groups.any_together() == (by_peer.size() < replies.size()));
  }
}

}  // namespace
}  // namespace gslbd::server
