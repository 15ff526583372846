// SPDX-License-Identifier: Apache-2.0
#pragma once
// AccessList: who may ask, by the longest prefix that covers the asker's address. A list that allows anybody
// in particular denies all others.
//
// Thread: immutable once made.

#include <utility>
#include <vector>

#include "core/prefix.h"

namespace gslbd::server {

class AccessList {
 public:
  AccessList() = default;  ///< everybody
  /// A prefix in both lists is denied.
  AccessList(const std::vector<Prefix>& allow, const std::vector<Prefix>& deny)
      : open_to_others_(allow.empty()) {
    std::vector<std::pair<Prefix, bool>> rules;
    for (const Prefix& p : allow) rules.emplace_back(p, true);
    for (const Prefix& p : deny) rules.emplace_back(p, false);
    rules_ = PrefixMap<bool>(std::move(rules));
  }

  /// Everybody may ask: there is nothing to look up.
  bool is_open() const noexcept { return rules_.empty(); }
  bool admits(const Address& asker) const noexcept {
    const bool* rule = rules_.find(asker);
    return rule != nullptr ? *rule : open_to_others_;
  }

 private:
  PrefixMap<bool> rules_;
  bool open_to_others_ = true;
};

}  // namespace gslbd::server
