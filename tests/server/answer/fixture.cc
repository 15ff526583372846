// SPDX-License-Identifier: Apache-2.0
#include "tests/server/answer/fixture.h"

#include <algorithm>

#include "server/steering/compile.h"
#include "tests/support/catch.h"
#include "zones/zone_builder.h"
#include "zones/zone_file.h"

namespace gslbd::test {
namespace {

server::AddressAnswers compile_family(const TestPool& pool, Family family) {
  server::Pool p;
  p.ttl_s = pool.ttl_s;
  server::Decision decision;
  for (std::size_t i = 0; i < pool.addresses.size(); ++i) {
    server::Member member;
    member.address = *Address::parse(pool.addresses[i]);
    if (i < pool.weights.size()) member.weight = pool.weights[i];
    if (member.address.family() == family) {
      decision.members.push_back(static_cast<std::uint32_t>(i));
      if (i < pool.shares.size()) decision.shares.push_back(pool.shares[i]);
    }
    p.members.push_back(member);
  }
  decision.steer =
      pool.selection == server::Selection::weighted ? server::Steer::weighted : server::Steer::all;
  decision.servfail = pool.selection == server::Selection::servfail;
  if (pool.selection == server::Selection::nodata) decision.members.clear();
  auto out = server::compile(decision, std::span(&p, 1), p, [](const std::string&) { return 0U; });
  out.all_down = pool.all_down;
  return out;
}

}  // namespace

Authority::Authority(const std::vector<std::string>& zones, const std::vector<TestPool>& pools,
                     std::shared_ptr<const server::AnswerPolicy> policy)
    : buffer_(65535) {
  zones::ZoneFileOptions options;
  options.pool_known = [&](std::string_view name) {
    return std::any_of(pools.begin(), pools.end(), [&](const TestPool& p) { return p.name == name; });
  };
  std::vector<server::ServedZone> served;
  for (const std::string& text : zones) {
    Diagnostics diagnostics;
    const auto file = zones::read_zone_text(text, "test.json", options, diagnostics);
    for (const auto& d : diagnostics.all()) UNSCOPED_INFO(d.to_string());
    REQUIRE(file.has_value());
    REQUIRE_FALSE(diagnostics.has_errors());
    const auto zone = zones::build_zone(file->data);
    REQUIRE(zone.has_value());
    server::ServedZone entry{*zone, {}};
    if (!file->allow.empty() || !file->deny.empty()) {
      entry.access = std::make_shared<const server::AccessList>(file->allow, file->deny);
    }
    for (const std::string& name : (*zone)->pools()) {
      const auto at =
          std::find_if(pools.begin(), pools.end(), [&](const TestPool& p) { return p.name == name; });
      entry.pools.push_back(static_cast<std::uint32_t>(at - pools.begin()));
    }
    served.push_back(std::move(entry));
  }
  std::vector<std::unique_ptr<const server::AnswerSet>> sets;
  for (const TestPool& pool : pools) {
    auto set = std::make_unique<server::AnswerSet>();
    set->v4 = compile_family(pool, Family::v4);
    set->v6 = compile_family(pool, Family::v6);
    sets.push_back(std::move(set));
  }
  if (policy == nullptr) policy = std::make_shared<const server::AnswerPolicy>();
  (void)serving_.exchange(
      std::make_unique<server::Serving>(std::move(served), std::move(sets), 1, 1, std::move(policy)));
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
  const std::size_t n = responder_->handle(packet, asker, std::span(buffer_).first(room));
  return {buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(n)};
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
