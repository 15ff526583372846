// SPDX-License-Identifier: Apache-2.0
#pragma once
// A TCP connection, plain or with TLS, that never blocks: what the check types that speak over TCP are made
// of.
//
// Invariants: memory is bounded whatever the peer sends (nothing received is kept here; TLS keeps at most one
// record, and a handshake has the library's limits). One turn of the loop reads at most a few buffers of one
// stream. Closing resets the connection, unless asked otherwise: nothing that was said matters any more, and
// thousands of probes a second leave no ports behind in TIME_WAIT on either side.
//
// Thread: the loop's.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/address.h"
#include "core/time.h"
#include "health/outcome.h"
#include "health/stream/socket_set.h"
#include "health/stream/tls.h"

namespace gslbd::health {

/// Who uses a stream. Any of these calls may close the stream, open it anew or destroy it.
class StreamListener {
 public:
  /// Connected, and the TLS handshake is over if there is one. Never from inside open().
  virtual void stream_opened() = 0;
  /// Octets came; `data` is gone when the call returns.
  virtual void stream_received(std::string_view data) = 0;
  /// The peer says no more. Writing may still succeed.
  virtual void stream_ended() = 0;
  /// It is over, and the stream closed. May come from inside open().
  virtual void stream_failed(Outcome outcome) = 0;

 protected:
  ~StreamListener() = default;
};

class Stream final : private SocketHandler {
 public:
  enum class Farewell : std::uint8_t {
    reset,   ///< RST: the peer forgets the connection at once
    polite,  ///< FIN, after what was written
  };

  Stream(SocketSet& sockets, StreamListener& listener) : sockets_(sockets), listener_(listener) {}
  ~Stream() { close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Connects to `peer`; with `tls`, a handshake follows (`tls` is not needed after the call). `first_words`
  /// are sent as soon as that can be; given here rather than to write() they save a turn of the loop where
  /// the peer is near. The stream must be closed.
  void open(const Endpoint& peer, const TlsSettings* tls = nullptr, std::string_view first_words = {});
  /// Sends, or keeps what the kernel does not take yet. Only once opened. A failure is told later, never from
  /// inside this call.
  void write(std::string_view data);
  /// Says nothing to the listener; closed streams are ignored.
  void close(Farewell farewell = Farewell::reset);

  bool is_closed() const { return state_ == State::closed; }
  bool is_open() const { return state_ == State::open; }
  /// For the message that time is up (overdue.h): what has happened ("connected after 3.1 ms"), and what has
  /// not ("connection", "end of the TLS handshake"; empty once opened).
  std::string so_far() const;
  std::string_view missing() const;
  /// The TLS session once opened, for what was negotiated (protocol, certificate); nullptr without TLS.
  const TlsSession* tls() const { return tls_.get(); }

 private:
  enum class State : std::uint8_t { closed, connecting, handshaking, open };

  void socket_ready(std::uint32_t events) override;
  bool say_at_once(std::string_view first_words);
  void connected(std::uint32_t events);
  void read_some(bool until_end);
  bool take_plain(std::string_view data);
  bool take_encrypted(std::string_view data);
  bool step_handshake();
  void end_of_input();
  void flush();
  void fail(Outcome outcome);

  SocketSet& sockets_;
  StreamListener& listener_;
  int socket_ = -1;
  SocketSet::Token token_ = 0;
  State state_ = State::closed;
  bool input_over_ = false;  ///< FIN was seen
  MonotonicTime opened_at_{};
  Duration connected_after_{0};
  Duration secured_after_{0};  ///< the TLS handshake was over; 0: it is not, or there is none
  int write_error_ = 0;        ///< to be told at the next event
  bool* gone_ = nullptr;       ///< set when the stream is closed or destroyed from inside a callback
  std::unique_ptr<TlsSession> tls_;
  std::string unsent_;
};

}  // namespace gslbd::health
