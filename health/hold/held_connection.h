// SPDX-License-Identifier: Apache-2.0
#pragma once
// One idle TCP connection and how it ends.
//
// Thread: the loop's.

#include <cstdint>
#include <string>

#include "core/address.h"
#include "core/time.h"
#include "health/stream/socket_set.h"

namespace gslbd::health {

class HeldConnection final : private SocketHandler {
 public:
  struct Peer {
    Endpoint endpoint;
    Duration quiet{0};  ///< after this long without a word the peer's kernel is asked whether it is there
  };
  enum class End : std::uint8_t {
    closed,   ///< FIN
    broken,   ///< RST, no answer to keep-alives, no route
    flooded,  ///< the peer sends without end: we hung up
  };
  /// After held_failed() and held_ended() the connection is closed, and may be destroyed or made anew from
  /// inside the call; held_connected() must leave it alone.
  class Events {
   public:
    virtual void held_connected() = 0;
    virtual void held_failed() = 0;
    virtual void held_ended(End end, const std::string& why) = 0;

   protected:
    ~Events() = default;
  };

  HeldConnection(SocketSet& sockets, Events& events) : sockets_(sockets), events_(events) {}
  ~HeldConnection() { close(); }
  HeldConnection(const HeldConnection&) = delete;
  HeldConnection& operator=(const HeldConnection&) = delete;

  /// False when it cannot even begin; nobody is told. Never tells anything from inside this call.
  bool connect(const Peer& peer);
  void close();

 private:
  void socket_ready(std::uint32_t events) override;
  void discard_input();
  void end(End end, const std::string& why);

  SocketSet& sockets_;
  Events& events_;
  int socket_ = -1;
  SocketSet::Token token_ = 0;
  bool connected_ = false;
  std::size_t discarded_ = 0;
};

}  // namespace gslbd::health
