// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the tls_*.cc files share of OpenSSL. Not for others.
//
// Thread: see tls.h.

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "health/stream/tls.h"

namespace gslbd::health {

template <auto Free>
struct OpenSslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509_free>>;

struct TlsTrust::Impl {
  SslCtxPtr context;
};

/// The name a certificate was given to: its common name, or else its whole subject.
std::string subject_of(const X509* certificate);
/// "2026-11-01"
std::string date_of(const ASN1_TIME* time);

/// What is wrong with a certificate, for an operator. `error` is an X509_V_ERR value, `depth` 0 the peer's
/// own.
std::string describe_certificate_error(int error, int depth, const X509* certificate,
                                       const std::string& wanted);
/// Why a handshake or a read failed, from the library's error queue, which it empties. `first` is how what
/// the peer said began.
std::string describe_tls_error(std::string_view first);

}  // namespace gslbd::health
