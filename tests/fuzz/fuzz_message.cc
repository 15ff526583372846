// SPDX-License-Identifier: Apache-2.0
// Any packet at all: the responder stays within its room, and whatever it sends is a message that ldns can
// read.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "server/answer/responder.h"
#include "server/steering/compile.h"
#include "tests/support/ldns_message.h"
#include "zones/zone_builder.h"
#include "zones/zone_file.h"

using namespace gslbd;

namespace {

// Something of every kind: a pool, an alias, a loop, a wildcard, a cut with glue, an answer too long for UDP.
constexpr const char* kZone = R"({"zone": "e.test", "records": {
  "@": {"NS": "ns", "TXT": ["\"one\"", "\"two\""]}, "ns": {"A": "192.0.2.1", "AAAA": "2001:db8::1"},
  "p": {"pool": "p"}, "c": {"CNAME": "p"}, "l": {"CNAME": "m"}, "m": {"CNAME": "l"}, "out": {"CNAME": "x.test."},
  "*.w": {"A": "192.0.2.9"}, "a.b.c.d": {"A": "192.0.2.2"}, "sub": {"NS": "ns.sub"}, "ns.sub": {"A": "192.0.2.53"},
  "big": {"TXT": ["\"%\""]}}})";

std::string zone_text() {
  std::string text = kZone;
  std::string strings;
  for (int i = 0; i < 20; ++i)
    strings += (i == 0 ? "" : ", ") + ("\"" + std::to_string(i) + std::string(90, 'x') + "\"");
  return text.replace(text.find("\"\\\"%\\\"\""), 7, strings);
}

std::unique_ptr<const server::AnswerSet> answer_set() {
  server::Pool pool;
  for (const char* address : {"192.0.2.10", "192.0.2.11", "2001:db8::10"}) {
    pool.members.emplace_back().address = *Address::parse(address);
  }
  server::Decision v4;
  v4.members = {0, 1};
  server::Decision v6;
  v6.members = {2};
  const auto no_counter = [](const std::string&) { return 0U; };
  auto set = std::make_unique<server::AnswerSet>();
  set->v4 = server::compile(v4, std::span(&pool, 1), 20, no_counter);
  set->v6 = server::compile(v6, std::span(&pool, 1), 20, no_counter);
  return set;
}

class Fixture {
 public:
  Fixture() {
    zones::ZoneFileOptions options;
    options.pool_known = [](std::string_view name) { return name == "p"; };
    Diagnostics diagnostics;
    const auto file = zones::read_zone_text(zone_text(), "fuzz.json", options, diagnostics);
    if (!file) std::abort();
    const auto zone = zones::build_zone(file->data);
    if (!zone) std::abort();
    std::vector<server::ServedZone> zones{{*zone, {0}}};
    std::vector<std::unique_ptr<const server::AnswerSet>> sets;
    sets.push_back(answer_set());
    (void)serving_.exchange(std::make_unique<server::Serving>(std::move(zones), std::move(sets), 1, 1));
  }

  void answer(std::span<const std::uint8_t> packet, server::Transport transport, std::size_t room) {
    const std::size_t size = responder_.handle(packet, {transport, {}}, std::span(buffer_).first(room));
    if (size > room) std::abort();
    if (size > 0 && !test::parse_message(std::span(buffer_).first(size))) std::abort();
  }

 private:
  Published<server::Serving> serving_;
  server::Responder responder_{serving_, 0, 1};
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(server::kMaxMessageSize);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fixture fixture;
  fixture.answer({data, size}, server::Transport::udp, server::kMaxUdpResponseSize);
  fixture.answer({data, size}, server::Transport::tcp, server::kMaxMessageSize);
  return 0;
}
