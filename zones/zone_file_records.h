// SPDX-License-Identifier: Apache-2.0
#pragma once
// RecordsReader: the "records" of a zone file, one owner at a time, into ZoneData. Part of
// zones/zone_file.cc. It holds ZoneData's invariants for files without errors; what it adds after an error is
// never used.
//
// Thread: one thread at a time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/large_array.h"
#include "zones/diagnostics_budget.h"
#include "zones/zone_data.h"
#include "zones/zone_file.h"
#include "zones/zone_file_header.h"

namespace gslbd::zones {

/// Which owners were seen: a hash table of places in ZoneData, eight octets a slot.
class OwnerSet {
 public:
  explicit OwnerSet(const ZoneData& data) : data_(data), slots_(kFirstSize) {}

  /// False when the same name is there already.
  bool insert(std::uint64_t owner_at);

 private:
  static constexpr std::size_t kFirstSize = 64;  // a power of two, as all sizes
  void grow();

  const ZoneData& data_;
  LargeArray<std::uint64_t> slots_;  ///< place + 1 in the lower 40 bits, some of the hash above; 0 is free
  std::size_t used_ = 0;
};

class RecordsReader {
 public:
  /// `header.apex` must be set.
  RecordsReader(const ZoneHeader& header, const ZoneFileOptions& options, const std::string& file,
                ZoneData& data, DiagnosticsBudget& budget);

  /// One member of "records".
  void read_owner(const std::string& key, const Json& value);
  /// Complains about what is missing once all owners were read.
  void finish();

 private:
  struct SeenType {
    RrType type;
    std::string_view key;
    std::size_t count;  ///< of RDATA
  };

  /// The value's place; made only for what is reported or rare: an owner with an A record alone needs none.
  JsonView place(const Json& value, const std::string& key = {}, const std::string& below = {}) const;
  void read_members(const Json& owner);
  void read_rrset(const std::string& key, const Json& value);
  void read_values(RrType type, const Json& data, const std::string& key, const std::string& below);
  std::optional<Error> read_value(RrType type, const Json& text);
  void drop_duplicates(RrType type, const Json& value, const std::string& key);
  void read_pool(const Json& value);
  std::string pool_hint(const std::string& name) const;
  void check_company(const Json& owner) const;
  void check_redirections(const Json& owner) const;
  void commit(RrType type, std::uint32_t ttl_s, const Json& value, const std::string& key);
  void add_soa();
  bool has(RrType type) const;
  std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) const;

  const ZoneHeader& header_;
  const ZoneFileOptions& options_;
  const std::string& file_;
  ZoneData& data_;
  DiagnosticsBudget& budget_;
  OwnerSet owners_;
  bool apex_has_ns_ = false;

  // The owner being read.
  const std::string* owner_key_ = nullptr;
  Name owner_;
  bool is_apex_ = false;
  bool has_pool_ = false;
  std::optional<std::uint32_t> owner_ttl_s_;
  std::vector<SeenType> seen_;

  std::vector<std::vector<std::uint8_t>> rdatas_;  ///< of the RRset being read
};

}  // namespace gslbd::zones
