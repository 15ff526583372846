// SPDX-License-Identifier: Apache-2.0
// Any packet, from anybody, over any transport: a response that keeps all the rules, or none at all. The
// input is one octet of how (see Head), one of the asker's address, then the packet.
// And the same response when it is answered beside others in a batch.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "tests/fuzz/both_paths.h"
#include "tests/fuzz/query_mutator.h"
#include "tests/fuzz/responder_fixture.h"
#include "tests/fuzz/strict_check.h"
#include "tests/support/wire_name.h"

using namespace gslbd;
using namespace gslbd::fuzz;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

constexpr std::size_t kHeadSize = 2;
/// More than the tightest rate limit lets pass, by far.
constexpr int kFloodSize = 30;

struct Head {
  static constexpr std::uint8_t kTcp = 1, kIpv6 = 2, kGuarded = 4, kEncrypted = 8, kOtherListener = 16,
                                kPause = 32, kFlood = 64;
};

server::Asker asker_of(Octets input) {
  server::Asker asker;
  const std::uint8_t how = input[0];
  if ((how & Head::kIpv6) != 0) {
    asker.address = Address::from_v6(
        std::array<std::uint8_t, 16>{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, input[1]});
  } else {
    asker.address = Address::from_v4(std::array<std::uint8_t, 4>{192, 0, 2, input[1]});
  }
  asker.transport = (how & Head::kTcp) != 0 ? server::Transport::tcp : server::Transport::udp;
  asker.listener = (how & Head::kOtherListener) != 0 ? 1 : 0;
  asker.encrypted = (how & (Head::kEncrypted | Head::kTcp)) == (Head::kEncrypted | Head::kTcp);
  asker.keepalive = asker.transport == server::Transport::tcp ? 100 : 0;
  return asker;
}

// Who was given a cookie and brings it back is known: the same cookie again, and no limit (RFC 7873 §5.2.5).
void ask_again_with_cookie(ResponderFixture& fixture, const Exchange& first, const Response& response,
                           const server::Asker& asker) {
  constexpr std::uint16_t kCookie = 10;
  const QueryFacts query = read_query(first.query);
  const auto given = response.options.find(kCookie);
  if (given == response.options.end() || given->second.size() != 24) return;
  const Octets client = query.options.at(kCookie);
  const auto option_at = static_cast<std::size_t>(client.data() - first.query.data());
  const std::vector<std::uint8_t> cookie(given->second.begin(), given->second.end());

  std::vector<std::uint8_t> packet(first.query.begin(), first.query.end());
  const auto at = packet.begin() + static_cast<std::ptrdiff_t>(option_at);
  packet.insert(packet.erase(at, at + static_cast<std::ptrdiff_t>(client.size())), cookie.begin(),
                cookie.end());
  const std::size_t longer = cookie.size() - client.size();
  const auto add = [&](std::size_t where) {
    const std::size_t value = get16(packet, where) + longer;
    packet[where] = static_cast<std::uint8_t>(value >> 8);
    packet[where + 1] = static_cast<std::uint8_t>(value);
  };
  if (get16(packet, query.opt_at + 8) + longer > 0xffff) return;
  add(option_at - 2);
  add(query.opt_at + 8);

  Exchange again{packet, fixture.ask(packet, asker), asker.transport, false, fixture.udp_payload()};
  const auto second = check_exchange(again);
  const auto kept = second->options.find(kCookie);
  require(kept != second->options.end() &&
              std::equal(kept->second.begin(), kept->second.end(), cookie.begin(), cookie.end()),
          "a good cookie is kept", again);
  require(second->rcode() != 23, "no BADCOOKIE for a good cookie", again);
}

void check_over_tcp(ResponderFixture& fixture, const Exchange& udp, const Response& over_udp,
                    server::Asker asker) {
  asker.transport = server::Transport::tcp;
  asker.keepalive = 100;
  const Exchange tcp{udp.query, fixture.ask(udp.query, asker), asker.transport, false, udp.udp_payload};
  if (const auto over_tcp = check_exchange(tcp)) check_truncation(udp, over_udp, tcp, *over_tcp);
}

// The company of a packet in its batch: what moves rotations and draws by weight, and what hardly can fail.
std::vector<Question> company(const server::Asker& asker) {
  std::vector<Question> out;
  for (const char* name : {"weighted.e.test", "MAIL.e.test", "many.e.test"}) {
    std::vector<std::uint8_t>& packet = out.emplace_back(Question{{}, asker}).packet;
    packet = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    const auto wire = test::plain_wire_name(name);
    packet.insert(packet.end(), wire.begin(), wire.end());
    packet.insert(packet.end(), {0, 1, 0, 1});
  }
  return out;
}

void check_both_paths(BothPaths& paths, Octets packet, const server::Asker& asker, bool pause) {
  if (pause) paths.both([](ResponderFixture& f) { f.advance(std::chrono::milliseconds(100)); });
  std::vector<Question> batch = company(asker);
  const Question asked{{packet.begin(), packet.end()}, asker};
  batch.insert(batch.begin() + 1, asked);
  batch.push_back(asked);
  const std::string difference = paths.difference(batch);
  if (difference.empty()) return;
  std::cerr << "the two paths differ\n" << difference;
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr FixtureOptions kOpen{}, kGuarded{.access_lists = true, .rate_limit = true};
  static ResponderFixture open(kOpen), guarded(kGuarded);
  // A report agent is told of in every OPT: that would be no work for the fast path.
  static BothPaths open_paths({.reporting = false}), guarded_paths(kGuarded);
  if (size < kHeadSize) return 0;
  const Octets input(data, size);
  const Octets packet = input.subspan(kHeadSize);
  const server::Asker asker = asker_of(input);
  const bool limited = (input[0] & Head::kGuarded) != 0;
  ResponderFixture& fixture = limited ? guarded : open;
  const bool pause = (input[0] & Head::kPause) != 0;
  check_both_paths(limited ? guarded_paths : open_paths, packet, asker, pause);
  if (pause) fixture.advance(std::chrono::milliseconds(100));

  const bool may_be_silent = limited && asker.transport == server::Transport::udp;
  const int times = limited && (input[0] & Head::kFlood) != 0 ? kFloodSize : 1;
  std::vector<std::uint8_t> kept;  // the next question overwrites the answer
  const auto ask = [&] {
    const auto answer = fixture.ask(packet, asker);
    kept.assign(answer.begin(), answer.end());
    return Exchange{packet, kept, asker.transport, may_be_silent, fixture.udp_payload()};
  };
  for (int i = 1; i < times; ++i) (void)check_exchange(ask());
  const Exchange exchange = ask();
  const auto response = check_exchange(exchange);
  if (!response) return 0;
  ask_again_with_cookie(fixture, exchange, *response, asker);
  if (asker.transport == server::Transport::udp && !limited)
    check_over_tcp(fixture, exchange, *response, asker);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  Random random(seed);
  if (size < kHeadSize || random.below(3) == 0) return LLVMFuzzerMutate(data, size, max_size);
  if (random.below(4) == 0) data[random.below(kHeadSize)] = static_cast<std::uint8_t>(random.next());
  std::vector<std::uint8_t> packet(data + kHeadSize, data + size);
  QueryMutator(fixture_names(), random.next()).mutate(packet);
  packet.resize(std::min(packet.size(), max_size - kHeadSize));
  std::copy(packet.begin(), packet.end(), data + kHeadSize);
  return kHeadSize + packet.size();
}
