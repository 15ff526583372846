// SPDX-License-Identifier: Apache-2.0
#pragma once
// Forced states: what an operator says of a target or member over what its checks say. Whoever keeps them
// (server/control) hands Steering a way to look them up; what they mean for the answers is settled in
// decide.h:
//
//   up     alive, whatever the checks say
//   down   as if the checks said down
//   drain  out of the answers, and not brought back when all the others are down; the drained are answered
//          only when nobody else is left, so that a name is never empty by accident
//
// Thread: called by main, from bind() and set_forced() of Steering.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/address.h"

namespace gslbd::server {

enum class ForcedState : std::uint8_t { up, down, drain };

constexpr std::string_view forced_state_name(ForcedState s) {
  return s == ForcedState::up ? "up" : s == ForcedState::down ? "down" : "drain";
}

/// How to find what is forced now. Either function may be empty: nothing is forced then.
struct ForcedLookup {
  /// A check on an address. A target that several checks share is asked for by each of their names; the first
  /// that is forced counts. Up and down stand in for the target's verdict in every rule; drain drains every
  /// member that hangs on it.
  std::function<std::optional<ForcedState>(const std::string& check, const Address& address)> target;
  /// A member, by its pool's name, its address and its site (empty: none). Whoever answers weighs member,
  /// pool and site against each other. Goes before what is forced of the member's targets.
  std::function<std::optional<ForcedState>(const std::string& pool, const Address& address,
                                           const std::string& site)>
      member;
};

}  // namespace gslbd::server
