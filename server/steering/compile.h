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

/// The records of one family. `ttl_s` is that of the pool which is asked, also when a spare answers.
AddressAnswers compile(const Decision& decision, std::span<const Pool> pools, std::uint32_t ttl_s,
                       const CounterOf& counter_of);

/// Vose's alias method: drawing is O(1), shares are exact to 2^-32. `weights` are not all zero.
std::vector<AliasCell> alias_table(std::span<const std::uint32_t> weights);

}  // namespace gslbd::server
