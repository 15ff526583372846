// SPDX-License-Identifier: Apache-2.0
#include "tests/server/answer/fixture.h"

#include "tests/support/catch.h"

namespace gslbd::test {

Authority::Authority(const std::vector<std::string>& zones, const std::vector<TestPool>& pools,
                     std::shared_ptr<const server::AnswerPolicy> policy)
    : buffer_(server::kMaxMessageSize) {
  (void)serving_.exchange(make_serving(load_zones(zones, pools), pools, std::move(policy)));
  responder_ = std::make_unique<server::Responder>(serving_, 0, 1, clock_);
}

std::vector<std::uint8_t> Authority::raw(std::span<const std::uint8_t> packet, server::Transport transport) {
  server::Asker asker;
  asker.transport = transport;
  return raw(packet, asker);
}

std::vector<std::uint8_t> Authority::raw(std::span<const std::uint8_t> packet, const server::Asker& asker) {
  const std::size_t room =
      asker.transport == server::Transport::tcp ? server::kMaxMessageSize : server::kMaxUdpResponseSize;
  std::vector<std::uint8_t> readable(packet.begin(), packet.end());
  readable.resize(packet.size() + server::kReadAhead);
  server::BatchQuery query{std::span(readable).first(packet.size()), asker, std::span(buffer_).first(room),
                           0};
  responder_->handle_batch({&query, 1});
  return {buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(query.length)};
}

Message Authority::ask(const std::string& name, std::uint16_t qtype, const QueryOptions& options,
                       server::Transport transport) {
  INFO("asking " << name << " type " << qtype);
  const auto response = raw(make_query(name, qtype, options), transport);
  REQUIRE_FALSE(response.empty());
  const auto message = parse_message(response);
  REQUIRE(message.has_value());
  CHECK(message->id == options.id);
  CHECK(message->qr);
  CHECK_FALSE(message->ra);
  CHECK(message->rd == options.rd);
  return *message;
}

}  // namespace gslbd::test
