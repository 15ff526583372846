// SPDX-License-Identifier: Apache-2.0
#pragma once
// PolicyBuilder: makes the AnswerPolicy of each configuration, and keeps what must outlive a reload: a secret
// that no file holds, since every client's cookie hangs on it; the rate limiter's memory, as long as its
// settings stay; and which sockets are open, since those are made once.
//
// Thread: main.

#include <memory>
#include <optional>
#include <vector>

#include "server/answer/policy.h"
#include "server/config/loader.h"

namespace gslbd::server {

class PolicyBuilder {
 public:
  PolicyBuilder() : own_secret_(CookieSecrets::random()) {}

  /// The policy of `loaded`. The first call settles the listeners: a later configuration changes who may ask
  /// there, by the endpoint, but not the endpoints.
  std::shared_ptr<const AnswerPolicy> make(const Loaded& loaded);

 private:
  void take_listeners(const std::vector<ListenConfig>& next);
  void take_rate_limit(const std::optional<RateLimitSettings>& next);

  CookieSecrets own_secret_;
  std::vector<ListenConfig> listeners_;  ///< the open ones, with the access rules in force
  std::optional<RateLimitSettings> limits_;
  std::shared_ptr<RateLimiter> limiter_;
};

}  // namespace gslbd::server
