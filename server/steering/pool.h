// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pool: members and the rules that choose among them, as configured. What is alive now is not in here: it is
// an input to decide() (server/steering/decide.h).
//
// Thread: plain data.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/time.h"
#include "health/check.h"

namespace gslbd::server {

struct Member {
  Address address;
  std::string site;  ///< empty: none
  std::uint32_t weight = 100;
  std::uint32_t tier = 1;
};

/// How checks join into "this member is alive": a tree whose leaves are indexes into Pool::checks.
struct AliveRule {
  enum class Kind : std::uint8_t { check, all, any, at_least, negated };
  Kind kind = Kind::check;
  std::uint32_t check = 0;     ///< for check
  std::uint32_t at_least = 0;  ///< for at_least: how many of `of`
  std::vector<AliveRule> of;   ///< one for negated
  std::string name = {};       ///< of the combined check that this part of the rule is; empty: none
};

enum class Steer : std::uint8_t {
  all,       ///< every live member, rotated
  failover,  ///< the live members of the lowest tier that has any, rotated
  weighted,  ///< one live member, drawn by weight
};

enum class WhenAllDown : std::uint8_t { all, last, pool, nodata, servfail };

struct Pool {
  std::string name;  ///< unique: "www", or "example.com/www" for a pool of one zone file
  std::vector<Member> members;
  std::vector<std::shared_ptr<const health::Check>> checks;  ///< those that `alive` names
  std::optional<AliveRule> alive;                            ///< none: every member counts as alive
  Steer steer = Steer::all;
  std::uint32_t ttl_s = 20;
  std::optional<std::uint32_t> ttl_pending_s;  ///< at most this while a verdict is about to change
  Duration slow_start{0};                      ///< weighted: how long a recovered member's share grows
  WhenAllDown when_all_down = WhenAllDown::all;
  std::uint32_t spare = 0;  ///< for WhenAllDown::pool: index of that pool
};

constexpr const char* steer_name(Steer s) {
  return s == Steer::all ? "all" : s == Steer::failover ? "failover" : "weighted";
}

}  // namespace gslbd::server
