// SPDX-License-Identifier: Apache-2.0
#pragma once
// The probing of the check type dns, and what it is told (dns_check.cc reads it).
//
// Thread: options are immutable once read; the transport is the loop's.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "health/check.h"
#include "health/transport.h"
#include "health/types/dns_message.h"

namespace gslbd::health {

class UvLoop;

struct DnsOptions final : CheckOptions {
  std::uint16_t port = 53;
  std::string question_text;
  DnsQuestion question;
  bool tcp = false;
  bool recursion = true;
  std::vector<std::uint8_t> rcodes{0};
  std::vector<std::string> answers;  ///< one of which a record must be; empty: none is looked for
  bool any_answer = false;           ///< there must be a record, whichever it is
  bool authoritative = false;        ///< the response must claim to be

  bool wants_records() const { return any_answer || !answers.empty(); }
};

/// What a response is worth. The error is that of a message that cannot be read.
Outcome outcome_of_response(std::span<const std::uint8_t> message, const DnsOptions& options);

std::unique_ptr<Transport> make_dns_transport(UvLoop& loop);

}  // namespace gslbd::health
