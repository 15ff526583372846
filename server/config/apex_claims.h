// SPDX-License-Identifier: Apache-2.0
#pragma once
// ApexClaims: that no two files have the same zone. Where every file has the zone that it had in a load that
// went well, there is nothing to compare: only once a file has another zone does that take a table of all.
//
// Thread: one thread at a time.

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/diagnostics.h"
#include "zones/name.h"

namespace gslbd::server {

class ApexClaims {
 public:
  explicit ApexClaims(std::size_t files) { kept_.reserve(files); }

  /// The zone that this file had before; both must last. False when it is taken, after reporting it.
  bool keep(const zones::Name& apex, const std::string& file, Diagnostics& diagnostics) {
    if (listing_) return list(apex, file, diagnostics);
    kept_.emplace_back(&apex, &file);
    return true;
  }
  /// A zone that this file did not have before; the file's name must last.
  bool take(const zones::Name& apex, const std::string& file, Diagnostics& diagnostics) {
    if (!std::exchange(listing_, true)) {
      for (const auto& [kept, its_file] : kept_) list(*kept, *its_file, diagnostics);
    }
    return list(apex, file, diagnostics);
  }

 private:
  bool list(const zones::Name& apex, const std::string& file, Diagnostics& diagnostics) {
    const auto wire = apex.wire();
    const auto [at, added] = files_.try_emplace(std::string(wire.begin(), wire.end()), &file);
    if (!added) {
      diagnostics.error(file, "/zone", "the zone " + apex.to_string() + " is already in " + *at->second);
    }
    return added;
  }

  std::vector<std::pair<const zones::Name*, const std::string*>> kept_;
  bool listing_ = false;
  std::unordered_map<std::string, const std::string*> files_;  // wire form -> file
};

}  // namespace gslbd::server
