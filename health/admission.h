// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who may probe now: a cap on probes in flight in all and one per address, with waiting lines. Each address
// has its own line, so that one busy address holds up nobody else; those that have their address's leave
// stand in one common line.
//
// Invariants: in_flight() <= max_in_flight; probes in flight to one address <= max_per_address; a line moves
// in order of arrival.
//
// Thread: one thread, the engine's.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>

#include "core/address.h"

namespace gslbd::health {

class Admission {
 public:
  using Ticket = std::uint64_t;  ///< the caller's name for who is waiting
  /// True when the probe was started; false when the ticket has become void: its place goes to the next one.
  using Start = std::function<bool(Ticket)>;

  Admission(std::size_t max_in_flight, std::size_t max_per_address, Start start)
      : max_in_flight_(max_in_flight), max_per_address_(max_per_address), start_(std::move(start)) {}

  /// Calls start(ticket) when both caps allow: perhaps at once, from inside this call.
  void request(Ticket ticket, const Address& address);
  /// A started probe to `address` has ended.
  void release(const Address& address);

  std::size_t in_flight() const { return in_flight_; }

 private:
  struct Entry {
    Ticket ticket;
    Address address;
  };
  struct PerAddress {
    std::size_t admitted = 0;  ///< in flight or in the common line
    std::deque<Ticket> line;
  };

  void leave(const Address& address);
  void pump();

  std::size_t max_in_flight_;
  std::size_t max_per_address_;
  Start start_;
  std::size_t in_flight_ = 0;
  bool pumping_ = false;
  std::deque<Entry> line_;
  std::unordered_map<Address, PerAddress, AddressHash> addresses_;
};

}  // namespace gslbd::health
