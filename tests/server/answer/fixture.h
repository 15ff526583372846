// SPDX-License-Identifier: Apache-2.0
#pragma once
// A responder over zones written as JSON, without sockets or threads: one call asks one question.

#include <memory>
#include <string>
#include <vector>

#include "core/time.h"

#include "server/answer/responder.h"
#include "tests/support/ldns_message.h"
#include "tests/support/serving.h"

namespace gslbd::test {

class Authority {
 public:
  /// Zone files as JSON text. A mistake in them ends the test. Without a policy: the default.
  explicit Authority(const std::vector<std::string>& zones, const std::vector<TestPool>& pools = {},
                     std::shared_ptr<const server::AnswerPolicy> policy = nullptr);

  /// What comes back for a packet, asked as a worker asks; empty when nothing does.
  std::vector<std::uint8_t> raw(std::span<const std::uint8_t> packet,
                                server::Transport transport = server::Transport::udp);
  std::vector<std::uint8_t> raw(std::span<const std::uint8_t> packet, const server::Asker& asker);
  /// Parsed by ldns; fails the test when ldns cannot.
  Message ask(const std::string& name, std::uint16_t qtype, const QueryOptions& options = {},
              server::Transport transport = server::Transport::udp);
  server::Responder& responder() { return *responder_; }
  ManualClock& clock() { return clock_; }
  const Published<server::Serving>& serving() const { return serving_; }

 private:
  ManualClock clock_;
  Published<server::Serving> serving_;
  std::unique_ptr<server::Responder> responder_;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace gslbd::test
