// SPDX-License-Identifier: Apache-2.0
#include "zones/block_composer.h"

#include <algorithm>
#include <limits>

#include "zones/rdata_targets.h"

namespace gslbd::zones {
namespace {

constexpr std::size_t kHeaderSize = 12;  // a DNS header; the question's name follows it
constexpr std::size_t kQuestionPointer = kPointerBits << 8 | kHeaderSize;
constexpr std::size_t kPointerReach = 0x3fff;  // RFC 1035 §4.1.4

// Where names stand in the RDATA of the types whose names may be compressed (RFC 3597 §4: those of RFC 1035).
struct NamesIn {
  std::size_t first_at;  // octets before the first name
  std::size_t count;     // names in a row
};
NamesIn compressible_names(RrType t) {
  switch (t) {
    case type::kNs:
    case type::kCname:
    case type::kPtr:
      return {0, 1};
    case type::kMx:
      return {2, 1};
    case type::kSoa:
      return {0, 2};
    default:
      return {0, 0};
  }
}

bool equal_ignoring_case(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](auto x, auto y) { return to_lower(x) == to_lower(y); });
}

}  // namespace

void BlockComposer::begin(std::span<const std::uint8_t> owner) {
  owner_ = owner;
  apex_pointer_ = kQuestionPointer + owner.size() - apex_.size();
  bytes_.clear();
  moves_.clear();
  additional_.clear();
  targets_.clear();
  rr_count_ = 0;
}

void BlockComposer::add(RrType t, std::uint32_t ttl_s, std::span<const std::uint8_t> rdata) {
  const std::size_t at = bytes_.size();
  bytes_.resize(at + kRrDataAt);
  store_be16(&bytes_[at], kQuestionPointer);
  store_be16(&bytes_[at + 2], t);
  store_be16(&bytes_[at + 4], kClassIn);
  store_be32(&bytes_[at + kRrTtlAt], ttl_s);
  if (has_target(t)) note_target(t, rdata, at + kRrDataAt);
  const NamesIn names = compressible_names(t);
  append(rdata.first(names.first_at));
  rdata = rdata.subspan(names.first_at);
  for (std::size_t i = 0; i < names.count; ++i) {
    const std::size_t n = wire_name_length(rdata);
    append_name(rdata.first(n));
    rdata = rdata.subspan(n);
  }
  append(rdata);
  store_be16(&bytes_[at + kRrLengthAt], bytes_.size() - at - kRrDataAt);
  ++rr_count_;
}

void BlockComposer::set_raw(const void* data, std::size_t size) {
  bytes_.resize(size);
  std::memcpy(bytes_.data(), data, size);
}

void BlockComposer::append_name(std::span<const std::uint8_t> name) {
  std::size_t at = 0;
  while (name.size() - at > apex_.size()) at += std::size_t{name[at]} + 1;
  // A pointer pays from two octets on; the root apex has one.
  const bool within = apex_.size() > 2 && equal_ignoring_case(name.subspan(at), apex_);
  if (!within || bytes_.size() + at > std::numeric_limits<std::uint16_t>::max()) return append(name);
  append(name.first(at));
  moves_.push_back(static_cast<std::uint16_t>(bytes_.size()));
  bytes_.resize(bytes_.size() + 2);
  store_be16(&bytes_[bytes_.size() - 2], apex_pointer_);
}

// The octets before a target are copied as they are, also where the target itself is compressed: it stands in
// the block as far behind the RDATA's start as in the RDATA.
void BlockComposer::note_target(RrType t, std::span<const std::uint8_t> rdata, std::size_t rdata_at) {
  const auto target = target_of(t, rdata);
  if (!target) return;
  const std::size_t at = target->is_owner ? 0 : rdata_at + target->at;
  if (at > kPointerReach) return;
  // The owner may also be written in full. Not so a wildcard's: "." means the name that was asked for.
  const bool is_wildcard = owner_.size() > 1 && owner_[0] == 1 && owner_[1] == '*';
  const auto name = target->is_owner && !is_wildcard ? owner_ : rdata.subspan(target->at, target->length);
  const std::uint16_t flags = target->with_same_type ? kWithSameType : 0;
  // At most a thousand RRs are within a pointer's reach, so that a linear search will do.
  const auto same = std::find_if(targets_.begin(), targets_.end(),
                                 [&](auto other) { return equal_ignoring_case(other, name); });
  if (same == targets_.end()) {
    targets_.push_back(name);
    additional_.push_back({static_cast<std::uint16_t>(at), flags, 0});
  } else {
    auto& entry = additional_[static_cast<std::size_t>(same - targets_.begin())];
    entry.flags = static_cast<std::uint16_t>(entry.flags | flags);
  }
}

}  // namespace gslbd::zones
