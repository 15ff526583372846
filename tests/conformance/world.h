// SPDX-License-Identifier: Apache-2.0
#pragma once
// World: the authority that a specification test asks. Every question is asked four times: over UDP and over
// TCP, of names that have pools and of a twin of the zones in which each pool is written out as A and AAAA.
// The four answers must agree; a test sees one of them. So each test holds on both transports and for both
// kinds of name without saying so.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/server/answer/fixture.h"
#include "tests/support/catch.h"
#include "zones/rr_type.h"

namespace gslbd::test {

namespace type = gslbd::zones::type;
using Lines = std::vector<std::string>;
using Octets = std::vector<std::uint8_t>;
using Numbers = std::vector<std::uint16_t>;

inline constexpr auto kUdp = server::Transport::udp;
inline constexpr auto kTcp = server::Transport::tcp;

namespace rcode {
inline constexpr int kNoError = 0, kFormErr = 1, kServFail = 2, kNxDomain = 3, kNotImp = 4, kRefused = 5,
                     kYxDomain = 6, kBadVers = 16, kBadCookie = 23;
}

/// A zone file with `records` (the members of the JSON object) beside an apex with SOA and NS, where
/// `records` has no "@" of its own, and ns1. SOA: serial 7, TTL 1h, minimum 5s. The default TTL is 5m.
std::string zone(const std::string& apex, const std::string& records);
/// Whether a zone file loads, with any pool.
bool loads(const std::string& text);
/// That zone's SOA as a negative answer has it.
std::string soa(const std::string& apex);

/// Two addresses of each family, under the name "web".
std::vector<TestPool> web_pool();
/// What they answer at an owner, sorted.
Lines web_a(const std::string& owner);
Lines web_aaaa(const std::string& owner);

class World {
 public:
  explicit World(const std::vector<std::string>& zones, const std::vector<TestPool>& pools = web_pool(),
                 std::shared_ptr<const server::AnswerPolicy> policy = nullptr);

  /// Every answer must come, be whole, and agree.
  Message ask(const std::string& name, std::uint16_t qtype, const QueryOptions& options = {});
  /// Over one transport, where they may differ: truncation, options.
  Message ask(const std::string& name, std::uint16_t qtype, const QueryOptions& options,
              server::Transport transport);
  /// Any packet; nullopt when nothing comes back. A response that ldns cannot parse fails the test.
  std::optional<Message> send(const Octets& packet);
  std::optional<Message> send(const Octets& packet, server::Transport transport);
  std::optional<Message> send(const Octets& packet, const server::Asker& asker);

  ManualClock& clock() { return pools_->clock(); }

 private:
  std::unique_ptr<Authority> pools_;  ///< the zones as they are written
  std::unique_ptr<Authority> twin_;   ///< without pools; null when there are none
};

/// Both say the same to the asker: all but TC, the order of records, and what options tell of the transport.
void check_same(const Message& a, const Message& b);

}  // namespace gslbd::test
