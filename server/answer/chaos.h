// SPDX-License-Identifier: Apache-2.0
#pragma once
// ChaosNames: the names of class CHAOS by which a server tells about itself (RFC 4892): id.server and
// version.server, and their older twins hostname.bind and version.bind.
//
// Thread: immutable once made.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zones/query_name.h"

namespace gslbd::server {

class ChaosNames {
 public:
  ChaosNames() = default;  ///< none: every question is refused
  /// `text` of at most 255 octets is what `name` answers.
  void add(std::string_view name, std::string_view text);

  /// The one TXT record of a name, ready to stand behind the question; empty when there is none.
  std::span<const std::uint8_t> find(const zones::QueryName& name) const noexcept;

 private:
  struct Entry {
    zones::Name name;
    std::vector<std::uint8_t> record;
  };
  std::vector<Entry> entries_;
};

}  // namespace gslbd::server
