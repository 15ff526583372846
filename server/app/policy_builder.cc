// SPDX-License-Identifier: Apache-2.0
#include "server/app/policy_builder.h"

#include <array>
#include <cstring>

#include "core/entropy.h"
#include "server/app/program.h"

namespace gslbd::server {
namespace {

std::uint64_t secret_seed() {
  std::array<std::uint8_t, 8> octets;
  fill_with_entropy(octets);
  std::uint64_t seed;
  std::memcpy(&seed, octets.data(), sizeof seed);
  return seed;
}

ChaosNames chaos_names(const Config& config) {
  const ChaosConfig& said = config.answers.chaos;
  const std::string program = std::string("gslbd ") + version();
  const std::string name = config.name();
  // Who gave the server a name wants it known; the host's own is told only when asked for.
  const bool named = !config.identity.empty();
  ChaosNames names;
  const auto add = [&](const char* owner, const Disclosure& what, const std::string& own, bool by_default) {
    const std::string text = what.resolve(own, by_default);
    if (!text.empty()) names.add(owner, text);
  };
  add("version.bind", said.version_bind, program, false);
  add("version.server", said.version_server, program, false);
  add("hostname.bind", said.hostname_bind, name, named);
  add("id.server", said.id_server, name, named);
  return names;
}

std::vector<std::uint8_t> nsid(const Config& config) {
  const std::string said =
      config.answers.nsid.resolve(config.name(), !config.identity.empty()).substr(0, AnswerPolicy::kMaxNsid);
  return {said.begin(), said.end()};
}

}  // namespace

std::shared_ptr<const AnswerPolicy> PolicyBuilder::make(const Loaded& loaded) {
  const AnswerConfig& said = loaded.config.answers;
  take_listeners(loaded.config.listen);
  take_rate_limit(said.rate_limit);
  auto policy = std::make_shared<AnswerPolicy>();
  policy->udp_payload = said.udp_payload;
  policy->additional = said.additional;
  policy->nsid = nsid(loaded.config);
  policy->chaos = chaos_names(loaded.config);
  if (said.cookies.on) policy->cookies = loaded.cookie_secrets.value_or(own_secret_);
  if (said.report_agent) {
    const auto wire = said.report_agent->wire();
    policy->report_agent.assign(wire.begin(), wire.end());
  }
  for (const ListenConfig& listener : listeners_) policy->listeners.push_back(listener.access.list());
  policy->rate_limiter = limiter_;
  return policy;
}

// An endpoint with port 0 may stand several times in the list: the n-th keeps standing for the n-th.
void PolicyBuilder::take_listeners(const std::vector<ListenConfig>& next) {
  if (listeners_.empty()) {
    listeners_ = next;
    return;
  }
  std::vector<bool> taken(next.size());
  for (ListenConfig& listener : listeners_) {
    for (std::size_t i = 0; i < next.size(); ++i) {
      if (taken[i] || next[i].endpoint != listener.endpoint) continue;
      taken[i] = true;
      listener.access = next[i].access;
      break;
    }
  }
}

void PolicyBuilder::take_rate_limit(const std::optional<RateLimitSettings>& next) {
  if (next == limits_) return;
  limiter_ = next ? std::make_shared<RateLimiter>(*next, secret_seed()) : nullptr;
  limits_ = next;
}

}  // namespace gslbd::server
