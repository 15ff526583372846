// SPDX-License-Identifier: Apache-2.0
#pragma once
// How much of the journal is kept.
//
// Thread: plain data.

#include <cstdint>

namespace gslbd::server {

struct JournalSettings {
  bool on = true;                       ///< has an effect only with a state directory
  std::uint64_t max_size = 10'000'000;  ///< octets of one file; then it is put aside as journal.jsonl.1
  std::uint32_t keep = 5;               ///< files put aside
  bool operator==(const JournalSettings&) const = default;
};

}  // namespace gslbd::server
