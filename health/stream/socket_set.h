// SPDX-License-Identifier: Apache-2.0
#pragma once
// Many short-lived sockets behind one handle of the health loop.
//
// Why not a SocketWatch each: libuv asks the kernel five times for every socket it starts and stops watching.
// Here a socket costs one epoll_ctl in its whole life: it is registered edge-triggered for everything at
// once, and closing it ends the registration. The set's own epoll descriptor is what the loop watches.
//
// Invariants: a handler is never called after remove(), also when its event was already fetched.
//
// Thread: the loop's.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "health/uv_loop.h"

namespace gslbd::health {

class SocketHandler {
 public:
  /// `events` are EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLERR, EPOLLHUP. Told once a change (edge-triggered):
  /// read until there is no more, or call SocketSet::rearm().
  virtual void socket_ready(std::uint32_t events) = 0;

 protected:
  ~SocketHandler() = default;
};

class SocketSet {
 public:
  using Token = std::uint64_t;  ///< of one registration; 0 is none, no other is used twice

  explicit SocketSet(UvLoop& loop) : loop_(loop) {}
  ~SocketSet();
  SocketSet(const SocketSet&) = delete;
  SocketSet& operator=(const SocketSet&) = delete;

  UvLoop& loop() const { return loop_; }

  /// Watches a socket that has been connected or is connecting. 0 when the kernel will not (errno says why).
  /// Without `writable` its becoming writable is not told until rearm().
  Token add(int socket, SocketHandler& handler, bool writable = true);
  /// The handler is told anew of whatever is ready now.
  void rearm(int socket, Token token);
  /// No more events; the caller closes the socket next.
  void remove(Token token);

  /// Scratch space for whoever handles an event: what a read fills lasts until the handler returns.
  std::span<char> input_buffer() { return input_; }
  /// A second one, for what becomes of the first (decrypted octets).
  std::span<char> plain_buffer() { return plain_; }

  std::size_t size() const { return slots_.size() - free_.size(); }

 private:
  struct Slot {
    SocketHandler* handler = nullptr;
    std::uint32_t generation = 1;
  };

  bool open();
  void dispatch();
  Slot* find(Token token);

  UvLoop& loop_;
  int epoll_ = -1;
  std::unique_ptr<SocketWatch> watch_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::array<char, 16384> input_{};
  std::array<char, 16384> plain_{};  // one TLS record holds no more (RFC 8446 §5.1)
};

}  // namespace gslbd::health
