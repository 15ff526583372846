// SPDX-License-Identifier: Apache-2.0
#pragma once
// A server whose behaviour is a function: for peers that behave badly, or speak first. And certificates of
// every kind, made on the spot.
//
// Thread: made and stopped by the test; the function runs on the peer's thread, one connection after another.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/address.h"

namespace gslbd::test {

/// A connection as a peer sees it.
class PeerConnection {
 public:
  PeerConnection(int socket, int stop) : socket_(socket), stop_(stop) {}
  /// False when the other side is gone or the test is over.
  bool say(std::string_view octets) const;
  /// What comes until `end` is at the end of it, or the other side is gone.
  std::string hear(std::string_view end) const;
  /// That many octets, fewer when the other side is gone.
  std::string hear_octets(std::size_t count) const;
  /// Returns when the other side is gone or the test is over; what it says is thrown away.
  void wait_for_end() const;
  void reset() const;  ///< RST instead of FIN when the function returns

 private:
  bool ready(short events) const;
  int socket_;
  int stop_;
};

class Peer {
 public:
  using Behaviour = std::function<void(const PeerConnection&)>;

  explicit Peer(Behaviour behaviour);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  void serve() const;

  Behaviour behaviour_;
  int listener_ = -1;
  int stop_pipe_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

struct CertificateWish {
  std::string subject = "site";
  std::vector<std::string> names = {};  ///< DNS names
  std::vector<std::string> addresses = {};
  int first_day = -30;  ///< from today on
  int last_day = 30;
  bool authority = false;
};

/// A certificate and its key, as PEM files.
struct Certificate {
  std::string file;
  std::string key_file;
};

/// Written to `directory` under the name of the subject. Without `issuer` it signs itself.
Certificate make_certificate(const std::string& directory, const CertificateWish& wish,
                             const Certificate* issuer = nullptr);

}  // namespace gslbd::test
