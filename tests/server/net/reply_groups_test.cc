// SPDX-License-Identifier: Apache-2.0
// Which replies leave together: examples, and for random batches what must hold of all.

#include "server/net/reply_groups.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
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
  for (std::size_t k = 0; k < replies.size(); ++k) {
    const Reply& reply = replies[k];
    groups.add(k, tag_of(reply.peer), reply.size, [&](unsigned n) { return replies[n].peer == reply.peer; });
  }
}

struct Group {
  std::vector<std::size_t> replies;
  std::size_t size;
};

std::vector<Group> arrange(ReplyGroups& groups) {
  std::vector<Group> out;
  std::vector<std::size_t> taken;
  groups.arrange([&](std::size_t reply, std::size_t) { taken.push_back(reply); },
                 [&](std::size_t first, std::size_t size) {
                   REQUIRE(taken.at(0) == first);
                   out.push_back({std::exchange(taken, {}), size});
                 });
  REQUIRE(taken.empty());
  return out;
}

// The replies' numbers, a group a word: "0+2 1".
std::string arranged(const std::vector<Reply>& replies, ReplyGroups& groups) {
  groups.clear();
  add(replies, groups);
  std::string text;
  for (const Group& group : arrange(groups)) {
    text += text.empty() ? "" : " ";
    for (const std::size_t reply : group.replies)
      text += (reply == group.replies[0] ? "" : "+") + std::to_string(reply);
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
  CHECK(arranged({{'a', 40}, {'a', 50}, {'a', 50}}) == "2+1+0");
  CHECK(arranged({{'a', 50}, {'a', 40}, {'a', 40}, {'a', 40}}) == "0+1 2+3");
  CHECK(arranged({{'a', 10}, {'a', 20}, {'a', 30}, {'a', 40}}) == "3+2 1+0");
  CHECK(arranged({{'a', 30}, {'a', 50}, {'a', 40}, {'a', 50}, {'a', 40}}) == "3+1+4 2+0");
}

TEST_CASE("some replies leave alone, whomever they go to", "[net]") {
  ReplyGroups groups;
  const auto always = [](unsigned) { return true; };
  groups.clear();
  groups.add(1, 7, 50, always);
  groups.add_alone(3, 4096);
  groups.add(4, 7, 50, always);
  groups.add_alone(9, 50);
  CHECK(groups.any_together());
  const auto all = arrange(groups);
  REQUIRE(all.size() == 3);
  CHECK(all[0].replies == std::vector<std::size_t>{1, 4});
  CHECK(all[1].replies == std::vector<std::size_t>{3});
  CHECK(all[2].replies == std::vector<std::size_t>{9});
}

TEST_CASE("a batch knows nothing of the one before", "[net]") {
  ReplyGroups groups;
  CHECK(arranged({{'a', 50}, {'b', 50}}, groups) == "0 1");
  CHECK(arranged({{'b', 50}, {'a', 50}}, groups) == "0 1");
  CHECK(arranged({{'c', 50}, {'c', 50}}, groups) == "0+1");
}

TEST_CASE("whether any leave together is known beforehand", "[net]") {
  ReplyGroups groups;
  groups.clear();
  CHECK_FALSE(groups.any_together());
  add({{'a', 50}, {'b', 50}}, groups);
  CHECK_FALSE(groups.any_together());
  groups.clear();
  add({{'a', 50}, {'b', 50}, {'a', 40}}, groups);
  CHECK(groups.any_together());
}

TEST_CASE("a tag that comes twice is noticed, however the others lie", "[net]") {
  std::mt19937_64 random(2026);
  ReplyGroups groups;
  const auto always = [](unsigned) { return true; };
  for (int round = 0; round < 1000; ++round) {
    groups.clear();
    // Random ones, and those that all want one place.
    std::set<std::uint64_t> tags;
    const std::uint64_t crowd = random();
    while (tags.size() < kMaxBatch - 1) {
      const std::uint64_t tag = random();
      if (round % 2 == 0 || first_place(tag) == first_place(crowd)) tags.insert(tag);
    }
    std::size_t reply = 0;
    for (const std::uint64_t tag : tags) groups.add(reply++, tag, 50, always);
    REQUIRE_FALSE(groups.any_together());
    const std::size_t again = random() % tags.size();
    groups.add(reply, *std::next(tags.begin(), static_cast<std::ptrdiff_t>(again)), 50, always);
    REQUIRE(groups.any_together());
    REQUIRE(arrange(groups)[again].replies == std::vector<std::size_t>{again, reply});
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
    const auto all = arrange(groups);
    REQUIRE(all.size() == fewest_in_all);
    std::set<std::size_t> left;
    for (const Group& group : all) {
      for (const std::size_t number : group.replies) {
        const Reply& reply = replies[number];
        REQUIRE(left.insert(number).second);
        REQUIRE(reply.peer == replies[group.replies[0]].peer);
        const bool shorter = number == group.replies.back() && group.replies.size() > 1;
        REQUIRE((shorter ? reply.size <= group.size : reply.size == group.size));
      }
    }
    REQUIRE(left.size() == replies.size());
    REQUIRE(groups.any_together() == (by_peer.size() < replies.size()));
  }
}

}  // namespace
}  // namespace gslbd::server
