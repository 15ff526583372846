// SPDX-License-Identifier: Apache-2.0
#pragma once
// Held connections in production: an idle TCP connection to each target, which the peer's kernel ends when
// the process behind it dies (FIN or RST), and ours when the host falls silent (keep-alives).
//
// Connecting is spread and rationed: a first connection is opened at once where it comes alone, many one
// after the other, only some are under way at once, and attempts that fail, or connections that end soon, are
// followed by ever longer waits. A server that closes idle connections after a fixed time is recognised by
// two that lived equally long: from then on the connection is renewed before its time is up, so that its end
// means something again.
//
// Invariants: at most one socket a hold; no more than there are places for (descriptors.h); whatever the peer
// sends is thrown away unread, and who sends without end is not held for a while.
//
// Thread: the loop's.

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>

#include "core/random.h"
#include "health/descriptors.h"
#include "health/hold.h"
#include "health/hold/timing.h"
#include "health/stream/socket_set.h"
#include "health/uv_loop.h"

namespace gslbd::health {

class ConnectionHolder final : public Holder {
 public:
  struct Options {
    std::size_t max_connecting = 64;  ///< at once
    std::uint64_t seed = 1;           ///< of the jitter
  };

  ConnectionHolder(UvLoop& loop, const Options& options);
  ~ConnectionHolder() override;

  /// Checks whose type has no hold_port are not held. A hold that exists is replaced.
  void hold(TargetId id, const Check& check, const Address& address, HoldListener& listener) override;
  void release(TargetId id) override;

  /// Connections that stand now.
  std::size_t held() const { return held_; }
  /// Connections that were begun, ever.
  std::uint64_t attempts() const { return attempts_; }

 private:
  class Connection;

  void connect_or_wait(TargetId id);
  void connecting_over();
  void call_next();

  UvLoop& loop_;
  SocketSet sockets_;
  std::size_t max_connecting_;
  Random random_;
  Turns turns_;
  std::uint64_t attempts_ = 0;
  std::size_t connecting_ = 0;
  std::size_t held_ = 0;
  bool told_full_ = false;
  std::deque<TargetId> waiting_;  ///< for others to be done with connecting; may name some that are gone
  std::unordered_map<TargetId, std::unique_ptr<Connection>> connections_;
};

}  // namespace gslbd::health
