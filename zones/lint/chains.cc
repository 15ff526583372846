// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "zones/lint/rules.h"

namespace gslbd::zones::linting {
namespace {

// Resolvers follow 8 to 16 CNAMEs before they give up.
constexpr std::size_t kLongestChain = 8;

// The CNAMEs of a zone that lead to other CNAMEs of it: a graph in which every node has one way out. Each way
// is walked once.
class Chains {
 public:
  explicit Chains(const Context& c) : links_(c.links()) {
    std::sort(links_.begin(), links_.end(),
              [](const auto& a, const auto& b) { return place(a.first) < place(b.first); });
    states_.resize(links_.size());
  }

  // Calls on_loop(links of the loop) and on_long(first link, CNAMEs in the chain).
  template <class OnLoop, class OnLong>
  void walk(OnLoop&& on_loop, OnLong&& on_long) {
    for (std::size_t i = 0; i < links_.size(); ++i) follow(i, on_loop);
    for (std::size_t i = 0; i < links_.size(); ++i) {
      // The head of a chain speaks for all of it.
      if (!states_[i].has_way_in && states_[i].length > kLongestChain)
        on_long(links_[i].first, states_[i].length);
    }
  }

 private:
  using Link = std::pair<NodeView, NodeView>;
  struct State {
    std::size_t length = 0;  // CNAMEs from here on; kEndless when they lead into a loop
    bool entered = false;
    bool has_way_in = false;
  };
  static constexpr std::size_t kEndless = 0;

  static const std::uint8_t* place(NodeView node) { return node.relative_name().data(); }

  // The link that goes on from the end of this one, or links_.size().
  std::size_t next(std::size_t i) const {
    const auto* const to = place(links_[i].second);
    const auto at = std::lower_bound(links_.begin(), links_.end(), to,
                                     [](const Link& link, auto* want) { return place(link.first) < want; });
    if (at == links_.end() || place(at->first) != to) return links_.size();
    return static_cast<std::size_t>(at - links_.begin());
  }

  template <class OnLoop>
  void follow(std::size_t start, OnLoop&& on_loop) {
    std::vector<std::size_t> path;
    std::size_t at = start;
    while (at != links_.size() && !states_[at].entered) {
      states_[at].entered = true;
      path.push_back(at);
      at = next(at);
      if (at != links_.size()) states_[at].has_way_in = true;
    }
    std::size_t length = 1;  // the last CNAME of a chain leads to no other and is no link
    if (at != links_.size()) {
      const auto loop = std::find(path.begin(), path.end(), at);
      if (loop != path.end()) {
        std::vector<NodeView> members;
        for (auto it = loop; it != path.end(); ++it) members.push_back(links_[*it].first);
        on_loop(members);
      }
      length = loop != path.end() ? kEndless : states_[at].length;
    }
    for (auto it = path.rbegin(); it != path.rend(); ++it) {
      if (length != kEndless) ++length;
      states_[*it].length = length;
    }
  }

  std::vector<Link> links_;  // by place of their start
  std::vector<State> states_;
};

}  // namespace

void check_chains(Context& c) {
  const auto owner = [&](NodeView node) { return c.zone().owner(node).to_string(); };
  Chains(c).walk(
      [&](const std::vector<NodeView>& loop) {
        if (loop.size() == 1) {
          return c.warn(loop[0], type::kCname, "the CNAME leads back to itself (RFC 1034 §3.6.2)");
        }
        c.warn(loop[0], type::kCname,
               fmt::format("the CNAME leads in a circle of {} names, by {} (RFC 1034 §3.6.2)", loop.size(),
                           owner(loop[1])));
      },
      [&](NodeView head, std::size_t length) {
        c.warn(
            head, type::kCname,
            fmt::format("a chain of {} CNAMEs: resolvers give up after 8 to 16 (RFC 1034 §3.6.2)", length));
      });
}

}  // namespace gslbd::zones::linting
