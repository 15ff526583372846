// SPDX-License-Identifier: Apache-2.0
#pragma once
// BothPaths: two responders in the same state, one asked packet by packet (handle(), the slow and obvious
// path), the other batch by batch (handle_batch(), with its short cuts). They must send the same octets and
// count the same, for any packets in any company: rotation and drawing by weight go on in the order of the
// batch.
//
// The queries of a batch lie as their contract says and no better: each in memory of its own that ends
// kReadAhead octets behind it, at any address, with random octets there, so that a sanitizer sees who reads
// further, and a difference shows who believes what he reads there. Two responses start out with different
// octets: what one path leaves unwritten shows.
//
// Thread: one.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/random.h"
#include "server/query_handler.h"
#include "tests/fuzz/responder_fixture.h"

namespace gslbd::fuzz {

struct Question {
  std::vector<std::uint8_t> packet;
  server::Asker asker;
};

class BothPaths {
 public:
  explicit BothPaths(const FixtureOptions& options, std::uint64_t seed = 1);

  /// Asks both. Returns what differs, in words and hexadecimal; empty: nothing. At most kMaxBatch questions.
  std::string difference(std::span<const Question> batch);

  /// The same for both: f(ResponderFixture&).
  template <class F>
  void both(F&& f) {
    f(slow_);
    f(fast_);
  }
  /// What the responders have sent and counted, in a fixed order: by_rcode first.
  std::vector<std::uint64_t> counters() const;

 private:
  // Memory that ends where it must not be read any more.
  struct Laid {
    std::unique_ptr<std::uint8_t[]> memory;
    std::span<const std::uint8_t> query;
  };
  struct Rooms {
    std::unique_ptr<std::uint8_t[]> udp, tcp;

    std::span<std::uint8_t> of(server::Transport transport) const {
      if (transport == server::Transport::tcp) return {tcp.get(), server::kMaxMessageSize};
      return {udp.get(), server::kMaxUdpResponseSize};
    }
  };

  Laid lay_out(std::span<const std::uint8_t> packet);
  std::string compare(std::span<const Question> batch, std::span<const server::BatchQuery> fast);

  ResponderFixture slow_, fast_;
  Random random_;
  Rooms slow_room_;
  std::array<Rooms, server::kMaxBatch> fast_rooms_;
};

}  // namespace gslbd::fuzz
