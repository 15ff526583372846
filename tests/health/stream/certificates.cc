// SPDX-License-Identifier: Apache-2.0
// Certificates for tests: small keys on a curve, so that making them takes no time.

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <random>
#include <stdexcept>

#include "tests/health/stream/peer.h"

namespace gslbd::test {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Cert = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

File open_file(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode), std::fclose);
  require(file != nullptr, "cannot open a file of certificates");
  return file;
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "no extension");
  X509_EXTENSION_free(extension);
}

void name_it(X509_NAME* name, const std::string& subject) {
  require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0) == 1,
          "no name");
}

}  // namespace

Certificate make_certificate(const std::string& directory, const CertificateWish& wish,
                             const Certificate* issuer) {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Cert certificate(X509_new(), X509_free);
  X509* const c = certificate.get();
  require(key != nullptr && c != nullptr, "no key");
  X509_set_version(c, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(c), std::random_device()() + 1ULL);
  constexpr long kDay_s = 86400;
  X509_gmtime_adj(X509_getm_notBefore(c), wish.first_day * kDay_s);
  X509_gmtime_adj(X509_getm_notAfter(c), wish.last_day * kDay_s);
  X509_set_pubkey(c, key.get());
  name_it(X509_get_subject_name(c), wish.subject);
  std::string alternatives;
  for (const auto& name : wish.names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  for (const auto& address : wish.addresses)
    alternatives += (alternatives.empty() ? "IP:" : ",IP:") + address;
  if (!alternatives.empty()) add_extension(c, NID_subject_alt_name, alternatives);
  if (wish.authority) add_extension(c, NID_basic_constraints, "critical,CA:TRUE");

  Key issuer_key(nullptr, EVP_PKEY_free);
  Cert issuer_certificate(nullptr, X509_free);
  if (issuer != nullptr) {
    issuer_certificate.reset(PEM_read_X509(open_file(issuer->file, "r").get(), nullptr, nullptr, nullptr));
    issuer_key.reset(PEM_read_PrivateKey(open_file(issuer->key_file, "r").get(), nullptr, nullptr, nullptr));
    require(issuer_certificate != nullptr && issuer_key != nullptr, "no issuer");
  }
  X509_set_issuer_name(c, X509_get_subject_name(issuer != nullptr ? issuer_certificate.get() : c));
  require(X509_sign(c, issuer != nullptr ? issuer_key.get() : key.get(), EVP_sha256()) > 0, "not signed");

  Certificate made{directory + "/" + wish.subject + ".pem", directory + "/" + wish.subject + ".key"};
  require(PEM_write_X509(open_file(made.file, "w").get(), c) == 1, "not written");
  require(PEM_write_PrivateKey(open_file(made.key_file, "w").get(), key.get(), nullptr, nullptr, 0, nullptr,
                               nullptr) == 1,
          "not written");
  return made;
}

}  // namespace gslbd::test
