// SPDX-License-Identifier: Apache-2.0
#pragma once
// Uptime: the share of time that each target and each site was up, from the entries of the journal.
//
// A target is up while its verdict is. A site is up while at least one member of a pool at that site is
// alive; that is told by entries of the kind "site". Time in which nobody watched is neither: while the
// program was down or its health thread hung, while it was cut off from the target's address family
// ("isolated"; a site: from the families of all its targets), before the first verdict, after a target has
// left the plan. A ratio is up / (up + down). Canaries have none.
//
// Thread: one at a time.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/journal/entry.h"
#include "server/journal/timeline.h"

namespace gslbd::server {

/// The windows that figures are given for.
struct UptimeWindow {
  std::string_view name;
  Duration length;
};
inline constexpr UptimeWindow kUptimeWindows[] = {
    {"1h", std::chrono::hours(1)}, {"24h", std::chrono::hours(24)}, {"30d", Timeline::kKept}};

struct UptimeFigures {
  std::string check;   ///< empty: of a site
  std::string target;  ///< likewise
  std::string site;
  std::vector<Share> windows;  ///< in the order of kUptimeWindows
};

class Uptime {
 public:
  /// Of the entries, in their order; those that tell nothing of uptime are ignored.
  void note(const Entry& entry);
  /// Targets in the plan and sites, by name.
  std::vector<UptimeFigures> targets(WallTime now) const;
  std::vector<UptimeFigures> sites(WallTime now) const;
  /// What is believed of this server, of targets in the plan and of sites: what tells a new journal of it.
  std::vector<Entry> known(WallTime at) const;
  /// Forgets targets that left the plan and have no time in any window any more, and beyond a bound others
  /// that left.
  void prune(WallTime now);
  std::size_t size() const { return targets_.size() + sites_.size(); }

 private:
  struct Line {
    Timeline time;
    health::Verdict verdict = health::Verdict::unknown;  ///< also while cut off
    std::string site{};
    bool planned = true;
  };
  using Key = std::pair<std::string, std::string>;  ///< check, target

  void note_target(const Entry& entry);
  void set(Line& line, WallTime at, health::Verdict verdict, bool watched);
  void all_unknown(WallTime at);
  void set_isolated(const Entry& entry);
  void look_anew(WallTime at);
  bool watched(const std::string& target) const;
  std::set<std::string> watched_sites() const;

  std::map<Key, Line> targets_;
  std::map<std::string, Line> sites_;
  bool isolated_[2] = {false, false};  ///< from IPv4, from IPv6
  bool unwatched_ = false;             ///< the health thread does not run
};

}  // namespace gslbd::server
