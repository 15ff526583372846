// SPDX-License-Identifier: Apache-2.0
#pragma once
// The options of gslbd.json about answers beside the zones: what the server tells of itself, how much it
// sends, and what it does about abuse. server/app/policy_builder.h makes the AnswerPolicy of them.
//
// Thread: plain data.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/json_fields.h"
#include "server/answer/rate_limit_settings.h"
#include "zones/name.h"

namespace gslbd::server {

/// Something the server may tell of itself: not at all, as it is, or as the operator words it.
struct Disclosure {
  enum class Kind : std::uint8_t { unsaid, nothing, own, text };
  Kind kind = Kind::unsaid;
  std::string text;

  /// What to tell; empty: nothing. `by_default` settles what the file leaves unsaid.
  std::string resolve(std::string_view own, bool by_default) const {
    if (kind == Kind::text) return text;
    return kind == Kind::own || (kind == Kind::unsaid && by_default) ? std::string(own) : std::string();
  }
};

/// The names of class CHAOS (RFC 4892).
struct ChaosConfig {
  Disclosure version_bind;
  Disclosure version_server;
  Disclosure hostname_bind;
  Disclosure id_server;
};

/// DNS cookies (RFC 7873).
struct CookieConfig {
  bool on = true;
  std::string secret_file;  ///< empty: a secret of this process alone
};

struct AnswerConfig {
  std::uint16_t udp_payload = 1232;
  bool additional = true;
  Disclosure nsid;
  ChaosConfig chaos;
  CookieConfig cookies;
  std::optional<RateLimitSettings> rate_limit;
  std::optional<zones::Name> report_agent;
};

// Readers of the keys; every mistake is reported.
void read_nsid(const JsonView& v, AnswerConfig& a);
void read_chaos(const JsonView& v, AnswerConfig& a);
void read_cookies(const JsonView& v, AnswerConfig& a);
void read_rate_limit_key(const JsonView& v, AnswerConfig& a);
void read_report_agent(const JsonView& v, AnswerConfig& a);

// The options of the objects among them, for the reference page.
std::span<const Field<ChaosConfig>> chaos_fields();
std::span<const Field<CookieConfig>> cookie_fields();

}  // namespace gslbd::server
