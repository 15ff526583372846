// SPDX-License-Identifier: Apache-2.0
#pragma once
// The heartbeats that sites send themselves, for checks of the type push: when each was last heard, and what
// it said. Probes of that type read it; Monitor::heartbeat() writes it.
//
// Thread: the loop's.

#include <optional>
#include <string>
#include <unordered_map>

#include "core/address.h"
#include "core/time.h"

namespace gslbd::health {

struct Heartbeat {
  MonotonicTime at{};
  bool well = true;    ///< false: the site says of itself that it is not
  std::string detail;  ///< what it said; at most 200 octets
};

class Heartbeats {
 public:
  void note(const std::string& check, const Address& address, Heartbeat heartbeat) {
    last_[key(check, address)] = std::move(heartbeat);
  }
  /// nullptr: none since the program started.
  const Heartbeat* find(const std::string& check, const Address& address) const {
    const auto found = last_.find(key(check, address));
    return found == last_.end() ? nullptr : &found->second;
  }

 private:
  static std::string key(const std::string& check, const Address& address) {
    return address.to_string() + " " + check;
  }
  std::unordered_map<std::string, Heartbeat> last_;
};

}  // namespace gslbd::health
