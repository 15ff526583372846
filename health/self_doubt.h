// SPDX-License-Identifier: Apache-2.0
#pragma once
// Self-doubt: when targets fall silent, is it they or this prober? Targets that may well fail together (those
// of one site, or of one neighbourhood where no site is given) form a group. The silence of one group is
// explained by the silence of others only; an answer from anybody, a neighbour too, proves that the prober is
// connected.
//
//   anybody else was heard since the deciding probe began-> the death is credible
//   every other group that should be alive was asked
//   since, and is silent too                             -> the prober is cut off
//   some of them have not been asked since               -> not known: ask them
//
// Only silence is doubted (no answer, no route). A refused connection or a wrong page is an answer: it proves
// the way there. Where no other group is left, the configured canaries are the witnesses; where there are
// none either, a death is credible.
//
// Thread: one thread, the engine's.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/time.h"
#include "health/outcome.h"

namespace gslbd::health {

/// Whether a failure for this reason may lie on the prober's own connection.
constexpr bool is_silence(Reason reason) {
  return reason == Reason::timeout || reason == Reason::unreachable;
}

class SelfDoubt {
 public:
  using Group = std::uint32_t;
  static constexpr Group kCanaries = 0;
  enum class Finding : std::uint8_t { credible, cut_off, not_known };
  struct Judgement {
    Finding finding = Finding::credible;
    std::vector<Group> ask{};  ///< for not_known: groups whose targets should be probed now
  };

  /// The group of a target: its site, or the /24 or /48 around its address.
  Group group_of(const std::string& site, const Address& address);

  /// Counts the targets of a group that are not believed down: only those can witness.
  void add_hopeful(Group group);
  void remove_hopeful(Group group);

  /// A probe of the group was answered now, in whatever way. Returns when the group had been heard before.
  MonotonicTime heard(Group group, MonotonicTime now);
  /// When anybody was heard, the canaries left out.
  MonotonicTime last_heard() const { return heard_; }
  /// A probe of the group that began at `started` ended in silence.
  void silent(Group group, MonotonicTime started);

  /// Whether anybody (canaries only where there is no other group) was heard at or after `since`: somebody
  /// else than the target of `group` that asks, as that one is silent.
  bool testified(Group group, MonotonicTime since) const;
  /// Of a target in `group` that has been in doubt since `since`.
  Judgement judge(Group group, MonotonicTime since) const;
  /// Whether the latest silence of the group began at or after `since`.
  bool was_silent(Group group, MonotonicTime since) const { return groups_[group].silent >= since; }
  /// Groups that have a hopeful target, the canaries not counted.
  std::size_t witness_groups() const { return hopeful_.size(); }

 private:
  struct Record {
    std::size_t hopeful = 0;
    MonotonicTime heard{};   ///< when it was heard last
    MonotonicTime silent{};  ///< when the latest of the probes began that ended in silence
  };

  std::vector<Group> witnesses_for(Group group) const;

  std::map<std::string, Group> names_;
  std::vector<Record> groups_{Record{}};  ///< by group; the canaries' first
  std::set<Group> hopeful_;               ///< those with a hopeful target, without the canaries
  MonotonicTime heard_{};                 ///< when any of them was heard last, the canaries left out
};

}  // namespace gslbd::health
