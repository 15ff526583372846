// SPDX-License-Identifier: Apache-2.0
// Trust stores and their cache.

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <utility>

#include "health/side_work.h"
#include "health/stream/tls_openssl.h"

namespace gslbd::health {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
// Longer than any check's interval: what nobody has used for so long belongs to no check any more.
constexpr std::chrono::hours kForgottenAfter{48};

/// What tells whether a file is still the one that was parsed.
struct Stamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified_ns = 0;
  auto operator<=>(const Stamp&) const = default;
};

/// 0, or an errno value.
int read_stamp(const std::string& path, Stamp& out) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0) return errno;
  out = {s.st_dev, s.st_ino, s.st_size, std::int64_t{s.st_mtim.tv_sec} * 1'000'000'000 + s.st_mtim.tv_nsec};
  return 0;
}

/// The system's directory of authorities: its time changes when one comes or goes.
std::string system_directory() {
  const char* from_environment = std::getenv(X509_get_default_cert_dir_env());
  return from_environment != nullptr ? from_environment : X509_get_default_cert_dir();
}

SslCtxPtr make_context() {
  SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return context;
  // Nothing a peer sends may make us start over; sessions are never resumed, as that would hide a certificate
  // that has expired since.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

Result<SslCtxPtr> parse(const std::string& ca_file) {
  SslCtxPtr context = make_context();
  if (context == nullptr) return fail("TLS cannot be set up: out of memory");
  // The system's authorities are looked up one by one as they are needed, and then kept.
  const int done = ca_file.empty() ? SSL_CTX_set_default_verify_dir(context.get())
                                   : SSL_CTX_load_verify_file(context.get(), ca_file.c_str());
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  if (done == 1) return context;
  if (ca_file.empty()) return fail("the system's certificate authorities cannot be read");
  if (ERR_GET_LIB(error) == ERR_LIB_PEM || ERR_GET_REASON(error) == X509_R_NO_CERTIFICATE_OR_CRL_FOUND) {
    return fail(fmt::format("there is no certificate in {} (it must be PEM)", ca_file));
  }
  return fail(fmt::format("cannot read the certificates in {}", ca_file));
}

/// One for the process: the thread that reads the configuration parses, the health thread finds it done.
/// Files are looked at and parsed without the lock, which no session may wait for.
class Cache {
 public:
  using Found = Result<std::shared_ptr<const TlsTrust>>;

  Found load(const std::string& ca_file) {
    Stamp stamp;
    const int error = read_stamp(ca_file.empty() ? system_directory() : ca_file, stamp);
    if (error != 0 && !ca_file.empty()) {
      return keep(ca_file, {}, fail(fmt::format("cannot read {}: {}", ca_file, std::strerror(error))));
    }
    if (auto same = unchanged(ca_file, stamp)) return same;
    auto context = parse(ca_file);
    if (!context) return keep(ca_file, {}, tl::unexpected(context.error()));
    return keep(ca_file, stamp,
                std::make_shared<const TlsTrust>(
                    std::make_unique<TlsTrust::Impl>(TlsTrust::Impl{std::move(*context)})));
  }

  Found current(const TlsSettings& settings, SideWork& side_work) {
    const std::string& file = settings.ca_file;
    std::unique_lock lock(mutex_);
    auto at = entries_.find(file);
    if (at == entries_.end()) {
      if (!settings.trust) {  // nobody has read the settings before
        lock.unlock();
        return load(file);
      }
      at = entries_.try_emplace(file, Entry{.trust = settings.trust}).first;
    }
    Entry& entry = at->second;
    const MonotonicTime now = std::chrono::steady_clock::now();
    entry.used_at = now;
    if (now - entry.looked_at >= kLookEvery && !std::exchange(entry.looking, true)) {
      side_work.run(std::filesystem::path(file).parent_path().string(), [this, file] {
        (void)load(file);
        looked(file);
        return SideWork::Done();
      });
    }
    return entry.trust;
  }

 private:
  struct Entry {
    Stamp stamp{};
    Found trust;  ///< of the file as it was when it was looked at last
    MonotonicTime used_at{};
    MonotonicTime looked_at{};
    bool looking = false;
  };

  void looked(const std::string& ca_file) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(ca_file);
    if (found == entries_.end()) return;  // not used for so long that it was dropped meanwhile
    Entry& entry = found->second;
    entry.looking = false;
    entry.looked_at = std::chrono::steady_clock::now();
  }

  std::shared_ptr<const TlsTrust> unchanged(const std::string& ca_file, const Stamp& stamp) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(ca_file);
    if (found == entries_.end() || found->second.stamp != stamp || !found->second.trust) return nullptr;
    return *found->second.trust;
  }

  Found keep(const std::string& ca_file, const Stamp& stamp, Found trust) {
    const std::lock_guard lock(mutex_);
    const MonotonicTime now = std::chrono::steady_clock::now();
    std::erase_if(entries_, [now](const auto& e) { return now - e.second.used_at > kForgottenAfter; });
    Entry& entry = entries_[ca_file];
    entry.stamp = stamp;
    entry.trust = trust;
    entry.used_at = now;
    return trust;
  }

  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

// Never destroyed: a look at a file may hang beyond the end of main().
Cache& cache() {
  static Cache& one = *new Cache;
  return one;
}

}  // namespace

TlsTrust::TlsTrust(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsTrust::~TlsTrust() = default;

Result<std::shared_ptr<const TlsTrust>> TlsTrust::load(const std::string& ca_file) {
  return cache().load(ca_file);
}

Result<std::shared_ptr<const TlsTrust>> TlsTrust::current(const TlsSettings& settings, SideWork& side_work) {
  return cache().current(settings, side_work);
}

void TlsTrust::lend_to(void* ssl_ctx) const {
  SSL_CTX_set_options(static_cast<SSL_CTX*>(ssl_ctx), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(ssl_ctx), SSL_CTX_get_cert_store(impl_->context.get()));
}

}  // namespace gslbd::health
