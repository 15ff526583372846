// SPDX-License-Identifier: Apache-2.0
// The check type udp: a datagram is sent, and one must come back. UDP has no handshake: a port that says
// nothing cannot be told from one that nobody listens on, so that silence is a failure.

#include <fmt/format.h>

#include <unordered_map>

#include "health/body_pattern.h"
#include "health/check_type.h"
#include "health/overdue.h"
#include "health/types/datagram.h"
#include "health/types/octets.h"

namespace gslbd::health {
namespace {

constexpr std::size_t kLongestRequest = 1400;  // fits one packet nearly everywhere

struct UdpOptions final : CheckOptions {
  std::uint16_t port = 0;
  std::string send;                           ///< octets
  std::shared_ptr<const BodyPattern> expect;  ///< null: any reply will do
};

Outcome outcome_of_reply(const UdpOptions& options, std::span<const std::uint8_t> reply) {
  const std::string_view octets(reinterpret_cast<const char*>(reply.data()), reply.size());
  if (!options.expect) return {Reason::pass, fmt::format("a reply of {} octets", reply.size())};
  if (options.expect->matches(octets)) return {};
  return {Reason::body,
          fmt::format("no \"{}\" in the reply \"{}\"", options.expect->text(), printable(octets, 80))};
}

class UdpTransport final : public Transport {
 public:
  explicit UdpTransport(UvLoop& loop) : loop_(loop) {}

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override {
    const auto& options = check.as<UdpOptions>();
    const auto end = [this, id, &listener](Outcome outcome) {
      const auto ended = exchanges_.extract(id);  // destroyed when the listener has been told
      listener.probe_ended(id, std::move(outcome));
    };
    const auto exchange = exchanges_.try_emplace(id, std::make_unique<DatagramExchange>(loop_)).first;
    const std::span request(reinterpret_cast<const std::uint8_t*>(options.send.data()), options.send.size());
    auto failed = exchange->second->start(
        {address, options.port}, request,
        {.on_reply =
             [end, &options](std::span<const std::uint8_t> reply) { end(outcome_of_reply(options, reply)); },
         .on_failure = end});
    if (failed) end(std::move(*failed));
  }
  std::optional<Outcome> overdue(ProbeId, const Check& check) override {
    return health::overdue({}, "reply", check.timeout);
  }
  void cancel(ProbeId id, const Check&) override { exchanges_.erase(id); }

 private:
  UvLoop& loop_;
  std::unordered_map<ProbeId, std::unique_ptr<DatagramExchange>> exchanges_;
};

void read_send(const JsonView& v, Check& c) {
  const auto text = read_string(v);
  if (!text) return;
  auto octets = parse_octets(*text);
  if (!octets) return v.error(octets.error().message);
  if (octets->empty() || octets->size() > kLongestRequest) {
    return v.error(fmt::format("{} octets are outside 1 to {}", octets->size(), kLongestRequest));
  }
  c.as<UdpOptions>().send = std::move(*octets);
}

void read_expect(const JsonView& v, Check& c) {
  const auto pattern = read_string(v);
  if (!pattern) return;
  auto compiled = BodyPattern::compile(*pattern, BodyPattern::Over::octets);
  if (!compiled) return v.error(compiled.error().message);
  c.as<UdpOptions>().expect = std::move(*compiled);
}

const Field<Check> kFields[] = {
    {"port", "1 to 65535", "required", "the UDP port",
     [](const JsonView& v, Check& c) {
       const auto port = read_integer(v, 1, 65535);
       if (port) c.as<UdpOptions>().port = static_cast<std::uint16_t>(*port);
     }},
    {"send", "text, or \"0x\" and digits", "required",
     "what is sent, in one datagram of 1 to 1400 octets; it is not sent again", read_send},
    {"expect", "regular expression (RE2)", "any reply",
     "searched in the first 4 KiB of the reply, octet by octet: `\\x00` is an octet of zeros", read_expect},
};

}  // namespace

constinit const CheckType kUdpCheck{
    .name = "udp",
    .help = "sends a datagram and waits for a reply",
    .defaults = default_options<UdpOptions>,
    .fields = kFields,
    .describe =
        [](const Check& c, std::string& out) {
          const auto& o = c.as<UdpOptions>();
          out += fmt::format(" port={} send={}:{}", o.port, o.send.size(), o.send);
          if (o.expect) out += fmt::format(" expect={}:{}", o.expect->text().size(), o.expect->text());
        },
    .make_transport = make_on_loop<UdpTransport>,
};

}  // namespace gslbd::health
