// SPDX-License-Identifier: Apache-2.0
// One TLS session over OpenSSL, with a BIO of our own between the library and the octets: the library never
// touches a socket, so that one turn does no more work than what was received asks for.

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "health/stream/tls_openssl.h"

namespace gslbd::health {
namespace {

constexpr std::size_t kFirstWords = 80;  // enough to know a server that speaks something else
// "Never" in certificates is the year 9999 (RFC 5280 §4.1.2.5), which our times in nanoseconds do not reach.
constexpr std::int64_t kFarFuture_s = 9'000'000'000;

}  // namespace

struct TlsSession::Impl {
  std::shared_ptr<const TlsTrust> trust;
  SslPtr ssl;
  std::string wanted;            // the name or address that the certificate must be for
  std::string_view input;        // received and not used up
  std::string output;            // to be sent
  std::string first;             // how the peer's side of the handshake began
  std::string certificate_flaw;  // the first one
  std::string failed;            // why the last step did

  bool prepare(const TlsSettings& settings, const Address& peer);
  bool name_the_peer(const TlsSettings& settings, const Address& peer);
  Step step_of(int result);

  static int bio_read(BIO* bio, char* out, int size);
  static int bio_write(BIO* bio, const char* data, int size);
  static long bio_control(BIO* bio, int command, long number, void* pointer);
  static const BIO_METHOD* bio_method();
  static int verify(int ok, X509_STORE_CTX* context);
};

int TlsSession::Impl::bio_read(BIO* bio, char* out, int size) {
  auto& self = *static_cast<Impl*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self.input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(self.input.size(), static_cast<std::size_t>(std::max(size, 0)));
  std::memcpy(out, self.input.data(), count);
  self.input.remove_prefix(count);
  return static_cast<int>(count);
}

int TlsSession::Impl::bio_write(BIO* bio, const char* data, int size) {
  auto& self = *static_cast<Impl*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self.output.append(data, static_cast<std::size_t>(std::max(size, 0)));
  return size;
}

long TlsSession::Impl::bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* TlsSession::Impl::bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "octets");
    if (m == nullptr) return m;
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_ctrl(m, bio_control);
    return m;
  }();
  return method;
}

// Remembers the first flaw with the words that only the certificate at hand can give.
int TlsSession::Impl::verify(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& self = *static_cast<Impl*>(SSL_get_app_data(ssl));
  const X509* certificate = X509_STORE_CTX_get_current_cert(context);
  const int error = X509_STORE_CTX_get_error(context);
  if (self.certificate_flaw.empty()) {
    self.certificate_flaw = certificate == nullptr
                                ? X509_verify_cert_error_string(error)
                                : describe_certificate_error(error, X509_STORE_CTX_get_error_depth(context),
                                                             certificate, self.wanted);
  }
  return 0;
}

bool TlsSession::Impl::prepare(const TlsSettings& settings, const Address& peer) {
  ssl.reset(SSL_new(trust->impl().context.get()));
  BIO* bio = bio_method() != nullptr ? BIO_new(bio_method()) : nullptr;
  if (ssl == nullptr || bio == nullptr) {
    BIO_free(bio);
    return false;
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_app_data(ssl.get(), this);
  SSL_set_connect_state(ssl.get());
  if (!name_the_peer(settings, peer)) return false;
  if (settings.alpn.empty()) return true;
  std::string offered;  // RFC 7301 §3.1: each with its length before it
  for (const std::string& protocol : settings.alpn) {
    if (protocol.empty() || protocol.size() > 255) return false;
    offered += static_cast<char>(protocol.size());
    offered += protocol;
  }
  return SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                             static_cast<unsigned>(offered.size())) == 0;
}

// A name goes into the handshake, an address does not (RFC 6066 §3). An address may stand in brackets.
bool TlsSession::Impl::name_the_peer(const TlsSettings& settings, const Address& peer) {
  std::string_view host = settings.host;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const bool is_address = host.empty() || Address::parse(host).has_value();
  wanted = host.empty() ? peer.to_string() : std::string(host);
  if (wanted.size() > 1 && wanted.back() == '.') wanted.pop_back();
  if (!is_address && SSL_set_tlsext_host_name(ssl.get(), wanted.c_str()) != 1) return false;
  if (!settings.verify) return true;
  SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, verify);
  SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl.get());
  return is_address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, wanted.c_str()) == 1
                    : X509_VERIFY_PARAM_set1_host(parameters, wanted.c_str(), wanted.size()) == 1;
}

TlsSession::Step TlsSession::Impl::step_of(int result) {
  if (result > 0) return Step::done;
  const int error = SSL_get_error(ssl.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_ZERO_RETURN) {
    return Step::more;
  }
  failed = describe_tls_error(first);
  if (!certificate_flaw.empty()) failed = certificate_flaw;
  return Step::failed;
}

TlsSession::TlsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsSession::~TlsSession() = default;

Result<std::unique_ptr<TlsSession>> TlsSession::make(const TlsSettings& settings, const Address& peer,
                                                     SideWork& side_work) {
  auto trust = TlsTrust::current(settings, side_work);
  if (!trust) return tl::unexpected(trust.error());
  auto impl = std::make_unique<Impl>();
  impl->trust = std::move(*trust);
  ERR_clear_error();
  if (!impl->prepare(settings, peer)) return fail("TLS cannot be set up: " + describe_tls_error({}));
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(impl)));
}

void TlsSession::receive(std::string_view octets) {
  impl_->input = octets;
  if (impl_->first.size() < kFirstWords && SSL_is_init_finished(impl_->ssl.get()) == 0) {
    impl_->first += octets.substr(0, kFirstWords - impl_->first.size());
  }
}

TlsSession::Step TlsSession::handshake() {
  ERR_clear_error();
  return impl_->step_of(SSL_do_handshake(impl_->ssl.get()));
}

TlsSession::Step TlsSession::read(std::span<char> out, std::size_t& got) {
  ERR_clear_error();
  return impl_->step_of(SSL_read_ex(impl_->ssl.get(), out.data(), out.size(), &got));
}

bool TlsSession::write(std::string_view data) {
  if (data.empty()) return true;
  ERR_clear_error();
  std::size_t written = 0;
  return impl_->step_of(SSL_write_ex(impl_->ssl.get(), data.data(), data.size(), &written)) == Step::done;
}

void TlsSession::say_goodbye() {
  ERR_clear_error();
  (void)SSL_shutdown(impl_->ssl.get());
}

std::string& TlsSession::output() {
  return impl_->output;
}

bool TlsSession::peer_has_closed() const {
  return (SSL_get_shutdown(impl_->ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

Outcome TlsSession::failure() const {
  return {Reason::tls, impl_->failed};
}

std::string_view TlsSession::alpn() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(impl_->ssl.get(), &name, &length);
  return length == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char*>(name), length);
}

std::string_view TlsSession::version() const {
  return SSL_get_version(impl_->ssl.get());
}

std::optional<CertificateExpiry> TlsSession::first_expiry() const {
  // Without verification there is no chain but what the peer sent.
  STACK_OF(X509)* chain = SSL_get0_verified_chain(impl_->ssl.get());
  if (chain == nullptr) chain = SSL_get_peer_cert_chain(impl_->ssl.get());
  std::optional<CertificateExpiry> first;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const X509* certificate = sk_X509_value(chain, i);
    std::tm parts{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) continue;
    const WallTime at{std::chrono::seconds(std::clamp<std::int64_t>(timegm(&parts), 0, kFarFuture_s))};
    if (first && first->at <= at) continue;
    first = CertificateExpiry{at, i == 0 ? std::string() : subject_of(certificate)};
  }
  return first;
}

}  // namespace gslbd::health
