// SPDX-License-Identifier: Apache-2.0
// What went wrong with TLS, in words for an operator.

#include <fmt/format.h>
#include <openssl/err.h>

#include <ctime>

#include "health/stream/tls_openssl.h"
#include "health/types/octets.h"

namespace gslbd::health {
namespace {

constexpr int kMostNames = 3;  // of a certificate, in a message
constexpr std::size_t kLongestName = 64;

std::string text_of(const ASN1_STRING* text) {
  return printable({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                    static_cast<std::size_t>(ASN1_STRING_length(text))},
                   kLongestName);
}

/// "a.example, *.b.example": the DNS names a certificate is for.
std::string names_of(const X509* certificate) {
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string out;
  int shown = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && shown <= kMostNames; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS) continue;
    if (++shown > kMostNames) {
      out += ", ...";
      break;
    }
    if (!out.empty()) out += ", ";
    out += text_of(name->d.dNSName);
  }
  GENERAL_NAMES_free(names);
  return out.empty() ? subject_of(certificate) : out;
}

}  // namespace

std::string subject_of(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) {
    char line[128];
    return printable(X509_NAME_oneline(subject, line, sizeof line) != nullptr ? line : "", kLongestName);
  }
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "a date that cannot be read";
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string describe_certificate_error(int error, int depth, const X509* certificate,
                                       const std::string& wanted) {
  const std::string which =
      depth == 0 ? "certificate" : fmt::format("the issuer's certificate ({})", subject_of(certificate));
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{} has expired ({})", which, date_of(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("{} is not valid before {}", which, date_of(X509_get0_notBefore(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return fmt::format("host name mismatch: wanted {}, the certificate is for {}", wanted,
                         names_of(certificate));
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("address mismatch: wanted {}, the certificate is for {}", wanted,
                         names_of(certificate));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "self-signed certificate";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return fmt::format("the chain ends at an authority that is not trusted ({})", subject_of(certificate));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format("no trusted authority vouches for {} ({}): unknown, or an intermediate is missing",
                         depth == 0 ? "the certificate" : "the issuer", subject_of(certificate));
    default:
      return fmt::format("{}: {}", which, X509_verify_cert_error_string(error));
  }
}

std::string describe_tls_error(std::string_view first) {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
    return fmt::format("the peer refused the handshake: {}",
                       SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
  }
  constexpr char kHandshakeRecord = 22;  // RFC 8446 §5.1
  constexpr char kAlertRecord = 21;
  if (!first.empty() && first[0] != kHandshakeRecord && first[0] != kAlertRecord) {
    return fmt::format("the peer does not speak TLS; it said \"{}\"", printable(first, 80));
  }
  const char* words = ERR_reason_error_string(error);
  return fmt::format("the TLS handshake failed: {}", words != nullptr ? words : "no reason given");
}

}  // namespace gslbd::health
