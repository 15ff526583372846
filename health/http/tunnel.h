// SPDX-License-Identifier: Apache-2.0
#pragma once
// What stands between libcurl and a peer: a TCP connection of ours on the one side, a pair of local sockets
// on the other, and octets carried between them.
//
// Why: libcurl reads a connection until it is empty or there is something for its caller. A peer that sends
// without end what is neither, such as empty DATA frames, would keep it busy, and with it every other probe.
// Through the tunnel it is given a few buffers a turn of the loop, and no more in all than any answer needs.
//
// The local connection is made by libcurl, to a listener that lives until then: libcurl 7.88 connects every
// socket, also one that it is told is connected (CURL_SOCKOPT_ALREADY_CONNECTED). Nobody else is let in.
//
// Invariants: at most kMostReceived octets are taken from the peer, kept or not; what is sent to it is only
// what libcurl says, which answers to no more than that.
//
// Thread: the loop's.

#include <sys/socket.h>

#include <cstddef>
#include <optional>
#include <string>

#include "core/address.h"
#include "health/outcome.h"
#include "health/stream/socket_set.h"
#include "health/stream/stream.h"

namespace gslbd::health {

/// Who uses a tunnel. Either call may close it or destroy it.
class TunnelOwner {
 public:
  /// Connected to the peer: libcurl may come. Never from inside open().
  virtual void tunnel_opened() = 0;
  /// It could not be opened. May come from inside open(). What happens later is told by Tunnel::failure().
  virtual void tunnel_failed(Outcome outcome) = 0;

 protected:
  ~TunnelOwner() = default;
};

class Tunnel final : private StreamListener, private SocketHandler {
 public:
  /// A certificate chain, a header, a body and a trailer, each as long as may be, come to less than half of
  /// it.
  static constexpr std::size_t kMostReceived = std::size_t{1024} * 1024;

  Tunnel(SocketSet& sockets, TunnelOwner& owner)
      : sockets_(sockets), owner_(owner), stream_(sockets, *this) {}
  ~Tunnel() { close(); }
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  void open(const Endpoint& peer);
  /// Whether libcurl may still come, which it may once.
  bool awaits_library() const { return listener_ >= 0; }
  /// A socket for libcurl, its own to close, and where it must connect it; -1 when there can be none.
  int library_end(sockaddr& address, unsigned& length) const;
  /// Says nothing to the owner, and resets the connection.
  void close();

  /// "connected after 3.1 ms"; empty while it is not.
  std::string so_far() const { return stream_.so_far(); }
  bool peer_has_closed() const { return input_over_; }
  /// Why no more came from the peer, when that was no proper end: libcurl only sees that nothing comes.
  const std::optional<Outcome>& failure() const { return failure_; }

 private:
  void stream_opened() override;
  void stream_received(std::string_view data) override;
  void stream_ended() override;
  void stream_failed(Outcome outcome) override;
  void socket_ready(std::uint32_t events) override;

  bool listen_for_library();
  void let_in();
  void turn_away(int error);
  bool is_open() const { return local_token_ != 0; }
  void hand_over();
  void carry_out();
  void fail(Outcome outcome);

  SocketSet& sockets_;
  TunnelOwner& owner_;
  Stream stream_;
  int listener_ = -1;                 ///< until libcurl has come
  int our_end_ = -1;                  ///< of the connection with libcurl
  SocketSet::Token local_token_ = 0;  ///< of the one of the two that is there
  bool input_over_ = false;
  std::size_t received_ = 0;
  std::string waiting_;  ///< for libcurl to read what it has
  std::optional<Outcome> failure_;
};

}  // namespace gslbd::health
