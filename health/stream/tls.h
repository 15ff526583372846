// SPDX-License-Identifier: Apache-2.0
#pragma once
// The client's side of TLS, without sockets: octets go in, octets come out. The stream carries them.
// The tls_*.cc files beside this one are the only ones that know OpenSSL.
//
// Trust stores are parsed once a file and kept while the file stays the same (a check that was read holds
// one, so that the first probe finds it ready); a session only borrows. No session waits for a file: whether
// one has changed is looked up aside.
//
// Thread: TlsTrust's functions from any; a session one thread at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"
#include "core/result.h"
#include "core/time.h"
#include "health/outcome.h"

namespace gslbd::health {

class SideWork;
struct TlsSettings;

/// The authorities that a certificate must lead to.
class TlsTrust {
 public:
  /// Of a PEM file, or the system's authorities when `ca_file` is empty. From the cache unless the file
  /// changed.
  static Result<std::shared_ptr<const TlsTrust>> load(const std::string& ca_file);
  /// What load() last made of the settings' file, at once. About once a second `side_work` looks at the file
  /// again; while that hangs, things stay as they are.
  static Result<std::shared_ptr<const TlsTrust>> current(const TlsSettings& settings, SideWork& side_work);

  /// Makes an SSL_CTX of OpenSSL trust these authorities, and shake hands only once: for a library that
  /// speaks TLS by itself.
  void lend_to(void* ssl_ctx) const;

  struct Impl;
  explicit TlsTrust(std::unique_ptr<Impl> impl);
  ~TlsTrust();
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct TlsSettings {
  bool verify = true;
  std::string host;     ///< the name in handshake and certificate; empty or an address: the certificate
                        ///< must be for the address
  std::string ca_file;  ///< empty: the system's authorities
  std::vector<std::string> alpn;               ///< protocols to offer, the preferred one first
  std::shared_ptr<const TlsTrust> trust = {};  ///< of ca_file as it was when this was read; may be null
};

/// The certificate of the peer's chain that is the first to expire.
struct CertificateExpiry {
  WallTime at{};
  std::string issuer_name;  ///< whose it is when it is not the peer's own; else empty
};

class TlsSession {
 public:
  enum class Step : std::uint8_t { more, done, failed };

  /// A session that is about to shake hands with `peer`. The error is trouble of this machine's (its files).
  static Result<std::unique_ptr<TlsSession>> make(const TlsSettings& settings, const Address& peer,
                                                  SideWork& side_work);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// What came from the peer; must be used up (handshake() or read() until they want more) before it is gone.
  void receive(std::string_view octets);
  /// Goes on with the handshake. Failed: see failure().
  Step handshake();
  /// Decrypts into `out`; `got` octets when done. `more`: nothing left of what was received.
  Step read(std::span<char> out, std::size_t& got);
  /// Encrypts. False: see failure().
  bool write(std::string_view data);
  /// Tells the peer that no more will come (close_notify, RFC 8446 §6.1).
  void say_goodbye();
  /// Octets for the peer: the caller sends and clears them.
  std::string& output();

  /// The peer has said that it will send no more.
  bool peer_has_closed() const;
  /// Why the last step failed.
  Outcome failure() const;

  /// The protocol that the peer chose of those offered; empty: none.
  std::string_view alpn() const;
  /// "TLSv1.3"
  std::string_view version() const;
  /// After the handshake. nullopt when the peer showed no certificate that can be read.
  std::optional<CertificateExpiry> first_expiry() const;

 private:
  struct Impl;
  explicit TlsSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gslbd::health
