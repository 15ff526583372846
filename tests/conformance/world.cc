// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/world.h"
#include "zones/zone_file.h"

#include <algorithm>
#include <regex>

namespace gslbd::test {
namespace {

constexpr std::uint16_t kKeepalive = 11;  // RFC 7828: TCP only

std::string rrsets(const TestPool& pool, const std::string& ttl) {
  std::string a, aaaa;
  for (const std::string& address : pool.addresses) {
    std::string& list = address.find(':') == std::string::npos ? a : aaaa;
    list += (list.empty() ? "\"" : ", \"") + address + "\"";
  }
  const auto rrset = [&](const char* rr_type, const std::string& list) {
    return "\"" + std::string(rr_type) + R"(": {"ttl": )" + ttl + ", \"data\": [" + list + "]}";
  };
  std::string out;
  if (!a.empty()) out = rrset("A", a);
  if (!aaaa.empty()) out += (out.empty() ? "" : ", ") + rrset("AAAA", aaaa);
  return out;
}

// The zone with every pool written out as the records that it answers.
std::string without_pools(std::string text, const std::vector<TestPool>& pools) {
  for (const TestPool& pool : pools) {
    const std::regex plain("\"pool\": \"" + pool.name + "\"");
    text = std::regex_replace(text, plain, rrsets(pool, std::to_string(pool.ttl_s)));
    const std::regex with_ttl("\"pool\": \\{\"name\": \"" + pool.name + "\", \"ttl\": (\"?\\w+\"?)\\}");
    text = std::regex_replace(text, with_ttl, rrsets(pool, "$1"));
  }
  return text;
}

std::vector<std::uint16_t> option_codes(const Message& m) {
  std::vector<std::uint16_t> out;
  for (const EdnsOption& o : m.options) {
    if (o.code != kKeepalive) out.push_back(o.code);
  }
  return out;
}

Lines web(const std::string& owner, const std::string& rr_type, const std::string& first,
          const std::string& second) {
  const std::string head = owner + " 20 IN " + rr_type + " ";
  return {head + first, head + second};
}

}  // namespace

bool loads(const std::string& text) {
  zones::ZoneFileOptions options;
  options.pool_known = [](std::string_view) { return true; };
  Diagnostics diagnostics;
  (void)zones::read_zone_text(text, "t.json", options, diagnostics);
  return !diagnostics.has_errors();
}

std::string zone(const std::string& apex, const std::string& records) {
  std::string out = R"({"zone": ")" + apex + R"(", "ttl": "5m", "soa": {"mname": "ns1", "rname": "hostmaster",
    "serial": 7, "refresh": "1h", "retry": "10m", "expire": "2w", "minimum": "5s", "ttl": "1h"},
    "records": {)";
  if (records.find("\"@\":") == std::string::npos) out += R"("@": {"NS": "ns1"}, )";
  if (records.find("\"ns1\":") == std::string::npos) out += R"("ns1": {"A": "192.0.2.1"})";
  if (!records.empty()) out += (out.back() == '}' ? ", " : "") + records;
  return out + "}}";
}

std::string soa(const std::string& apex) {
  return apex + ". 5 IN SOA ns1." + apex + ". hostmaster." + apex + ". 7 3600 600 1209600 5";
}

std::vector<TestPool> web_pool() {
  return {{"web", {"192.0.2.10", "198.51.100.10", "2001:db8::10", "2001:db8:1::10"}}};
}

Lines web_a(const std::string& owner) {
  return web(owner, "A", "192.0.2.10", "198.51.100.10");
}

Lines web_aaaa(const std::string& owner) {
  return web(owner, "AAAA", "2001:db8:1::10", "2001:db8::10");
}

World::World(const std::vector<std::string>& zones, const std::vector<TestPool>& pools,
             std::shared_ptr<const server::AnswerPolicy> policy)
    : pools_(std::make_unique<Authority>(zones, pools, policy)) {
  std::vector<std::string> written_out;
  for (const std::string& text : zones) written_out.push_back(without_pools(text, pools));
  if (written_out != zones) twin_ = std::make_unique<Authority>(written_out, pools, policy);
}

Message World::ask(const std::string& name, std::uint16_t qtype, const QueryOptions& options) {
  const Message udp = ask(name, qtype, options, kUdp);
  const Message tcp = ask(name, qtype, options, kTcp);
  INFO("UDP and TCP, " << name << " type " << qtype);
  CHECK_FALSE(udp.tc);
  check_same(udp, tcp);
  return udp;
}

Message World::ask(const std::string& name, std::uint16_t qtype, const QueryOptions& options,
                   server::Transport transport) {
  INFO("asking " << name << " type " << qtype << (transport == kUdp ? " over UDP" : " over TCP"));
  const auto answer = send(make_query(name, qtype, options), transport);
  REQUIRE(answer.has_value());
  CHECK(answer->id == options.id);
  CHECK(answer->qr);
  return *answer;
}

std::optional<Message> World::send(const Octets& packet) {
  const auto udp = send(packet, kUdp);
  const auto tcp = send(packet, kTcp);
  REQUIRE(udp.has_value() == tcp.has_value());
  if (udp) check_same(*udp, *tcp);
  return udp;
}

std::optional<Message> World::send(const Octets& packet, server::Transport transport) {
  server::Asker asker;
  asker.transport = transport;
  asker.address = *Address::parse("203.0.113.53");
  return send(packet, asker);
}

std::optional<Message> World::send(const Octets& packet, const server::Asker& asker) {
  const auto answer_of = [&](Authority& authority) -> std::optional<Message> {
    const Octets response = authority.raw(packet, asker);
    if (response.empty()) return std::nullopt;
    auto parsed = parse_message(response);
    REQUIRE(parsed.has_value());
    CHECK_FALSE(parsed->z);
    CHECK_FALSE(parsed->ra);
    return parsed;
  };
  auto answer = answer_of(*pools_);
  if (twin_ == nullptr) return answer;
  const auto twin = answer_of(*twin_);
  INFO("a name with a pool and one without");
  REQUIRE(answer.has_value() == twin.has_value());
  if (answer) check_same(*answer, *twin);
  return answer;
}

void check_same(const Message& a, const Message& b) {
  CHECK(a.id == b.id);
  CHECK(a.rcode == b.rcode);
  CHECK(a.opcode == b.opcode);
  CHECK(a.aa == b.aa);
  CHECK(a.rd == b.rd);
  CHECK(a.ad == b.ad);
  CHECK(a.cd == b.cd);
  CHECK(a.question_count == b.question_count);
  CHECK(a.qname == b.qname);
  CHECK(a.qtype == b.qtype);
  CHECK(a.qclass == b.qclass);
  CHECK(a.edns == b.edns);
  CHECK(a.edns_version == b.edns_version);
  CHECK(a.edns_flags == b.edns_flags);
  CHECK(a.udp_payload == b.udp_payload);
  CHECK(option_codes(a) == option_codes(b));
  if (a.tc != b.tc) return;  // what fits differs
  CHECK(a.answer == b.answer);
  CHECK(a.authority == b.authority);
  CHECK(a.additional == b.additional);
}

}  // namespace gslbd::test
