// SPDX-License-Identifier: Apache-2.0
#pragma once
// compile: decisions into the answer sets that queries copy from.
//
// Thread: pure functions.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "server/answer/answer_set.h"
#include "server/steering/decide.h"

namespace gslbd::server {

/// The answer counter of a site in the answers of the pool being compiled.
using CounterOf = std::function<std::uint32_t(const std::string& site)>;

/// The TTL of a pool's answers as things stand: shorter while a verdict is about to change, if it is set so.
std::uint32_t ttl_of(const Pool& pool, const Decision& decision);

/// The records of one family. `asked` is the pool that the decision was made for: its TTL counts, also when a
/// spare answers.
AddressAnswers compile(const Decision& decision, std::span<const Pool> pools, const Pool& asked,
                       const CounterOf& counter_of);

/// Vose's alias method: drawing is O(1), shares are exact to 2^-32. `weights` are not all zero;
/// one that is zero is never drawn.
std::vector<AliasCell> alias_table(std::span<const std::uint32_t> weights);

}  // namespace gslbd::server
