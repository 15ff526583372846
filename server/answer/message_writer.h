// SPDX-License-Identifier: Apache-2.0
#pragma once
// MessageWriter: puts a response together: header, question, and blocks of composed records (zones/node.h),
// moved to where they stand. Counts sections, keeps to the asker's limit.
//
// Thread: a value on a worker's stack.

#include <cstring>
#include <span>

#include "core/octets.h"
#include "server/answer/message.h"
#include "zones/node.h"

namespace gslbd::server {

/// Where a block's two names stand in the message being written. Both below 0x4000, so that pointers reach.
struct Place {
  std::size_t owner;  ///< the owner name of the block's records
  std::size_t apex;   ///< the apex of the block's zone
};

class MessageWriter {
 public:
  /// At most `limit` octets are written; records leave `kept_free` of them to the OPT.
  MessageWriter(std::span<std::uint8_t> out, std::size_t limit, std::size_t kept_free)
      : out_(out.data()), room_(limit), limit_(limit - kept_free) {}

  enum Section : std::uint8_t { answer = 0, authority = 1, additional = 2 };

  /// At most once, and before anything else; without one there is none.
  void question(const std::uint8_t* octets, std::size_t size) {
    copy_octets(out_ + kHeaderSize, octets, size);
    size_ = kHeaderSize + size;
    counts_ = kOneQuestion;
  }

  std::size_t size() const { return size_; }
  std::uint8_t* data() { return out_; }
  const std::uint8_t* data() const { return out_; }

  /// The records of `rrset`, whose node's relative owner name has `relative_length` octets. False, and
  /// nothing written, when they do not fit.
  bool add(Section section, zones::RrsetView rrset, std::size_t relative_length, Place place) {
    const auto block = rrset.block();
    if (block.size() > limit_ - size_) return false;
    std::uint8_t* at = out_ + size_;
    copy_octets(at, block.data(), block.size());
    if (place.owner != kHeaderSize) move_owners(at, block.size(), place.owner);
    if (place.apex != kHeaderSize + relative_length) {
      for (std::size_t i = 0; i < rrset.move_count(); ++i) {
        zones::store_be16(at + rrset.move(i), 0xc000 | place.apex);
      }
    }
    size_ += block.size();
    count(section, rrset.rr_count());
    return true;
  }

  /// `count` records of equal size, as a pool keeps them, at `owner`. `ttl_s` replaces theirs unless it is
  /// `keep_ttl`.
  bool add_uniform(Section section, std::span<const std::uint8_t> records, std::size_t count,
                   std::size_t owner, std::uint32_t ttl_s, std::uint32_t keep_ttl) {
    if (records.size() > limit_ - size_) return false;
    std::uint8_t* at = out_ + size_;
    copy_octets(at, records.data(), records.size());
    if (owner != kHeaderSize) move_owners(at, records.size(), owner);
    if (ttl_s != keep_ttl) {
      const std::size_t stride = records.size() / count;
      for (std::size_t i = 0; i < count; ++i) zones::store_be32(at + i * stride + zones::kRrTtlAt, ttl_s);
    }
    size_ += records.size();
    this->count(section, count);
    return true;
  }

  /// A CNAME made for this answer (RFC 6672 §3.1); `target` is uncompressed.
  bool add_cname(std::size_t owner, std::span<const std::uint8_t, 4> ttl,
                 std::span<const std::uint8_t> target) {
    if (zones::kRrDataAt + target.size() > limit_ - size_) return false;
    std::uint8_t* at = out_ + size_;
    zones::store_be16(at, 0xc000 | owner);
    zones::store_be16(at + 2, zones::type::kCname);
    zones::store_be16(at + 4, zones::kClassIn);
    std::memcpy(at + zones::kRrTtlAt, ttl.data(), ttl.size());
    zones::store_be16(at + zones::kRrLengthAt, target.size());
    std::memcpy(at + zones::kRrDataAt, target.data(), target.size());
    size_ += zones::kRrDataAt + target.size();
    count(answer, 1);
    return true;
  }

  /// One record that is ready to stand behind the question (server/answer/chaos.h).
  bool add_ready(std::span<const std::uint8_t> record) {
    if (record.size() > limit_ - size_) return false;
    std::memcpy(out_ + size_, record.data(), record.size());
    size_ += record.size();
    count(answer, 1);
    return true;
  }

  /// True when that many octets of records fit.
  bool has_room(std::size_t octets) const { return octets <= limit_ - size_; }
  bool truncated() const { return truncated_; }
  /// True when there is no answer yet.
  bool empty() const { return (counts_ >> place_of(answer) & 0xffff) == 0; }

  /// Takes every record back, and TC.
  void clear(std::size_t question_size) {
    truncated_ = false;
    size_ = kHeaderSize + question_size;
    counts_ &= kOneQuestion;
  }
  /// The same, and sets TC: the asker comes again over TCP (RFC 2181 §9, RFC 7766 §5).
  void truncate(std::size_t question_size) {
    clear(question_size);
    truncated_ = true;
  }

  /// What is left for the OPT, the last thing to be written.
  std::span<std::uint8_t> rest() { return {out_ + size_, room_ - size_}; }
  void added_opt(std::size_t octets) {
    size_ += octets;
    count(additional, 1);
  }

  /// An OPT without options, for NOERROR and NXDOMAIN, whose upper bits are 0 (RFC 6891 §6.1.3). The room
  /// for it must have been kept free.
  void add_bare_opt(std::uint16_t udp_payload, bool dnssec_ok) {
    std::uint8_t* at = out_ + size_;
    std::memset(at, 0, kBareOptSize);
    at[2] = static_cast<std::uint8_t>(zones::type::kOpt);
    zones::store_be16(at + 3, udp_payload);
    at[7] = dnssec_ok ? 0x80 : 0;
    added_opt(kBareOptSize);
  }

  /// Writes the header; returns the message's length. `id_and_flags` are the query's first four octets.
  std::size_t finish(std::uint32_t id_and_flags, Rcode rcode, bool authoritative) {
    constexpr std::uint32_t kKept = 0xffff0000 | flag::kOpcode | flag::kRecursionDesired;
    std::uint32_t begin = (id_and_flags & kKept) | flag::kResponse;
    begin |= static_cast<std::uint32_t>(rcode) & 0xf;
    if (authoritative) begin |= flag::kAuthoritative;
    if (truncated_) begin |= flag::kTruncated;
    zones::store_be32(out_, begin);
    zones::store_be64(out_ + 4, counts_);
    return size_;
  }

 private:
  // Where a section's count stands in counts_.
  static constexpr unsigned place_of(Section section) { return 32U - 16U * section; }
  static constexpr std::uint64_t kOneQuestion = std::uint64_t{1} << 48;

  void count(Section section, std::size_t records) { counts_ += std::uint64_t{records} << place_of(section); }
  static void move_owners(std::uint8_t* at, std::size_t size, std::size_t owner) {
    for (std::size_t i = 0; i < size; i += zones::kRrDataAt + zones::load_be16(at + i + zones::kRrLengthAt)) {
      zones::store_be16(at + i, 0xc000 | owner);
    }
  }

  std::uint8_t* out_;
  std::size_t room_;   // for the whole message
  std::size_t limit_;  // for records
  std::size_t size_ = kHeaderSize;
  std::uint64_t counts_ =
      0;  // of questions and of each section's records, as the header has them (16 bits each)
  bool truncated_ = false;
};

}  // namespace gslbd::server
