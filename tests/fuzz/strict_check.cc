// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/strict_check.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <tuple>

#include "tests/support/ldns_message.h"

namespace gslbd::fuzz {
namespace {

constexpr std::uint16_t kNs = 2, kCname = 5, kSoa = 6, kDname = 39, kAny = 255;
constexpr std::uint16_t kIn = 1, kChaos = 3, kAnyClass = 255;
constexpr unsigned kFormerr = 1, kNxdomain = 3, kNotimp = 4, kYxdomain = 6, kBadvers = 16, kBadcookie = 23;
constexpr std::uint16_t kTruncatedFlag = 0x0200;
namespace option {
constexpr std::uint16_t kNsid = 3, kSubnet = 8, kCookie = 10, kKeepalive = 11, kPadding = 12, kError = 15,
                        kReportChannel = 18, kZoneVersion = 19;
}

void print_hex(const char* title, Octets octets) {
  std::fprintf(stderr, "%s (%zu): ", title, octets.size());
  for (const std::uint8_t o : octets) std::fprintf(stderr, "%02x", o);
  std::fputc('\n', stderr);
}

bool same(Octets a, Octets b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// What the asker takes over UDP (RFC 6891 §6.2.3), and we send.
std::size_t udp_limit(const Exchange& e, const QueryFacts& q) {
  if (!q.edns()) return 512;
  return std::clamp<std::size_t>(get16(e.query, q.opt_at + 2), 512, e.udp_payload);
}

class Check {
 public:
  Check(const Exchange& e, const QueryFacts& q, const Response& r) : e_(e), q_(q), r_(r) {}

  void all() const {
    header();
    question();
    size();
    edns();
    options();
    malformed_or_not();
    records();
    shape_of_the_answer();
    chain();
    additional();
  }

 private:
  void require(bool holds, const char* what) const { fuzz::require(holds, what, e_); }
  std::uint16_t query_flags() const { return get16(e_.query, 2); }

  void header() const {
    require(r_.id == get16(e_.query, 0), "the ID is the query's");
    require((r_.flags & 0x8000) != 0, "QR is set");
    require((r_.flags & 0x7900) == (query_flags() & 0x7900),
            "opcode and RD are the query's (RFC 1035 §4.1.1)");
    require((r_.flags & 0x00e0) == 0, "RA, Z and AD are clear: we neither recurse nor validate");
  }

  void question() const {
    if (r_.question.empty()) {
      require(!q_.one_question || r_.rcode() == kNotimp || r_.rcode() == kFormerr,
              "the question is there unless it could not be read");
    } else {
      const Octets asked = e_.query.subspan(12, std::min(r_.question.size(), e_.query.size() - 12));
      require(same(r_.question, asked), "the question is the query's, octet by octet");
    }
  }

  void size() const {
    const bool udp = e_.transport == server::Transport::udp;
    const std::size_t limit = udp ? udp_limit(e_, q_) : server::kMaxMessageSize;
    require(e_.response.size() <= limit, "no longer than the asker takes (RFC 6891 §6.2.5)");
    require(udp || (r_.flags & kTruncatedFlag) == 0, "TC is for UDP alone");
  }

  void edns() const {
    require(r_.opts.empty() || q_.any_opt, "no OPT without one in the query (RFC 6891 §7)");
    const bool plain_query = (query_flags() & 0x7800) == 0 && q_.edns();
    require(!plain_query || !r_.opts.empty(), "an OPT for an OPT (RFC 6891 §7)");
    if (r_.opts.empty()) return require(r_.rcode() < 16, "a plain RCODE");
    const Record& opt = r_.opts[0];
    require(opt.rr_class == e_.udp_payload, "our payload size");
    require((opt.ttl & 0x00ff0000) == 0, "EDNS version 0");
    require((opt.ttl & 0x7fff) == 0, "no flags but DO");
    if (plain_query && q_.options_well_formed && r_.rcode() != kFormerr) {
      const bool wants_dnssec = (e_.query[q_.opt_at + 6] & 0x80) != 0;
      require(((opt.ttl & 0x8000) != 0) == wants_dnssec, "DO is the query's (RFC 3225 §3)");
      const bool other_version = e_.query[q_.opt_at + 5] != 0;
      require((r_.rcode() == kBadvers) == other_version, "BADVERS for another version, and only then");
    }
  }

  // Nothing that was not asked for, but what helps whoever reads it (RFC 8914, RFC 9567).
  void options() const {
    static const std::set<std::uint16_t> kAskedFor = {option::kNsid,    option::kSubnet,
                                                      option::kCookie,  option::kKeepalive,
                                                      option::kPadding, option::kZoneVersion};
    for (const auto& [code, data] : r_.options) {
      const auto asked = q_.options.find(code);
      if (code == option::kError || code == option::kReportChannel) {
        require(code != option::kError || data.size() >= 2, "an extended error has its code");
        continue;
      }
      require(kAskedFor.contains(code), "an option that we speak");
      require(asked != q_.options.end(), "an option that was asked for");
      if (code == option::kKeepalive) {
        require(e_.transport == server::Transport::tcp && data.size() == 2,
                "keepalive: TCP alone (RFC 7828 §3.2.1)");
      } else if (code == option::kCookie) {
        require(data.size() == 24 && same(data.first(8), asked->second.first(8)),
                "the client's cookie and ours");
      } else if (code == option::kSubnet) {
        require(data.size() >= 4 && data.size() == asked->second.size() && data[3] <= data[2] * 2 + 128U &&
                    same(data.first(3), asked->second.first(3)) &&
                    same(data.subspan(4), asked->second.subspan(4)),
                "the client subnet as asked (RFC 7871 §7.2.1)");
      } else if (code == option::kZoneVersion) {
        require(data.empty() || data.size() == 6, "a zone version");
      }
    }
  }

  void malformed_or_not() const {
    if ((query_flags() & 0x7800) != 0) return require(r_.rcode() == kNotimp, "NOTIMP for other opcodes");
    if (!q_.well_formed) return require(r_.rcode() == kFormerr, "FORMERR for what is malformed");
    const bool odd_type =
        q_.qtype == 0 || (q_.qtype >= 128 && q_.qtype < 256 && q_.qtype != 255) || q_.qtype == 41;
    if (q_.one_question && q_.options.empty() && q_.options_well_formed && !odd_type && !q_.has_tsig) {
      require(r_.rcode() != kFormerr, "no FORMERR for what is well formed");
    }
  }

  void records() const {
    for (std::size_t section = 0; section < 3; ++section) {
      std::set<std::tuple<std::string, std::uint16_t, std::string>> seen;
      for (const Record& record : r_.sections[section]) {
        const std::uint16_t wanted = q_.qclass == kAnyClass ? kIn : q_.qclass;
        require(record.rr_class == wanted && (wanted == kIn || wanted == kChaos),
                "records of the class asked for");
        require(record.ttl < 0x80000000U, "a TTL has 31 bits (RFC 2181 §8)");
        const bool fresh = seen.emplace(record.owner, record.type, record.expanded).second;
        require(fresh || record.type == kCname || record.type == kDname, "no record twice (RFC 2181 §5)");
      }
    }
  }

  bool only_aliases() const {
    return std::all_of(r_.sections[0].begin(), r_.sections[0].end(),
                       [](const Record& record) { return record.type == kCname || record.type == kDname; });
  }

  // RFC 2308 §2, RFC 1034 §4.3.2: what negative answers and referrals look like.
  void shape_of_the_answer() const {
    const auto count = [&](std::uint16_t type) {
      return std::count_if(r_.sections[1].begin(), r_.sections[1].end(),
                           [&](const Record& record) { return record.type == type; });
    };
    const bool records = !r_.sections[0].empty() || !r_.sections[1].empty() || !r_.sections[2].empty();
    if ((r_.flags & kTruncatedFlag) != 0) return require(!records, "what is truncated has no records");
    const bool authoritative = (r_.flags & 0x0400) != 0;
    const unsigned rcode = r_.rcode();
    if (rcode != 0 && rcode != kNxdomain && rcode != kYxdomain) {
      // A chain of aliases may end at a pool that answers SERVFAIL.
      require(rcode == 2 || !records, "an error has no records");
      require(rcode != kBadcookie || q_.options.contains(option::kCookie), "BADCOOKIE for a cookie");
      return;
    }
    require(count(kSoa) <= 1, "one SOA at most");
    require(count(kSoa) + count(kNs) == static_cast<std::ptrdiff_t>(r_.sections[1].size()),
            "authority: SOA or NS");
    if (q_.qclass != kIn || !q_.one_question) return;
    if (rcode == kNxdomain) require(count(kSoa) == 1 && only_aliases(), "NXDOMAIN: with its SOA");
    if (rcode == 0 && r_.sections[0].empty()) {
      require(authoritative ? count(kSoa) == 1 : count(kNs) > 0 && count(kSoa) == 0, "NODATA or a referral");
    }
  }

  // RFC 1034 §4.3.2 step 3, RFC 6672 §3.2: the answer leads from the question along its aliases, in order.
  void chain() const {
    if (r_.question.empty() || r_.rcode() > 6) return;
    std::string current = lower_name(r_.question);
    const auto& answer = r_.sections[0];
    const bool wants_alias = q_.qtype == kCname || q_.qtype == kAny;
    for (std::size_t i = 0; i < answer.size(); ++i) {
      const Record& record = answer[i];
      if (record.type == kDname && record.owner != current) {
        require(is_below(current, record.owner), "a DNAME above the name");
        const bool has_cname = i + 1 < answer.size() && answer[i + 1].type == kCname;
        require(has_cname || r_.rcode() == kYxdomain, "a DNAME has its CNAME behind it (RFC 6672 §3.1)");
        continue;
      }
      require(record.owner == current, "the next record is the name's that we have come to");
      // Who asks for the alias itself is done with it, unless a DNAME made it on the way.
      const bool made = std::any_of(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(i),
                                    [&](auto& d) { return d.type == kDname && is_below(current, d.owner); });
      const bool goes_on = q_.qtype == kAny || i + 1 < answer.size();
      if (record.type == kCname && (!wants_alias || (made && goes_on))) {
        current = record.expanded;
      } else if (q_.qtype != kAny && record.type != kCname) {
        require(record.type == q_.qtype, "records of the type asked for");
      }
    }
    for (const Record& record : r_.sections[1]) {
      require(record.owner == current || is_below(current, record.owner), "the SOA or NS is above the name");
    }
  }

  // An additional record is the address of a host that another record names, or of itself (RFC 9460 §2.5.2).
  void additional() const {
    for (const Record& extra : r_.sections[2]) {
      const auto names_it = [&](const Record& record) {
        return record.owner == extra.owner || record.expanded.find(extra.owner) != std::string::npos;
      };
      const auto any = [&](const std::vector<Record>& s) {
        return std::any_of(s.begin(), s.end(), names_it);
      };
      const auto others = std::count_if(
          r_.sections[2].begin(), r_.sections[2].end(),
          [&](const Record& record) { return record.expanded.find(extra.owner) != std::string::npos; });
      require(any(r_.sections[0]) || any(r_.sections[1]) || others > 0,
              "an additional record that somebody names");
    }
  }

  static std::string lower_name(Octets question) {
    std::string out;
    for (const std::uint8_t c : question.first(question.size() - 4)) {
      out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return out;
  }
  static bool is_below(const std::string& name, const std::string& above) {
    std::size_t at = 0;
    while (at < name.size() && name.size() - at > above.size())
      at += static_cast<unsigned char>(name[at]) + 1U;
    return at != 0 && name.compare(at, std::string::npos, above) == 0;
  }

  const Exchange& e_;
  const QueryFacts& q_;
  const Response& r_;
};

}  // namespace

void require(bool holds, const char* what, const Exchange& exchange) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "broken: %s, over %s\n", what,
               exchange.transport == server::Transport::udp ? "UDP" : "TCP");
  print_hex("query", exchange.query);
  print_hex("response", exchange.response);
  std::abort();
}

std::optional<Response> check_exchange(const Exchange& e) {
  const QueryFacts q = read_query(e.query);
  const bool answerable = q.has_header && (get16(e.query, 2) & 0x8000) == 0;
  if (e.response.empty()) {
    require(!answerable || e.may_be_silent, "silence only without a header, to a response, or by a limit", e);
    return std::nullopt;
  }
  require(answerable, "no answer to a response or less than a header", e);
  std::string why;
  const auto response = read_response(e.response, why);
  require(response.has_value(), why.c_str(), e);
  require(test::parse_message(e.response).has_value(), "ldns can read it", e);
  Check(e, q, *response).all();
  return response;
}

void check_truncation(const Exchange& udp, const Response& over_udp, const Exchange& tcp,
                      const Response& over_tcp) {
  if ((over_udp.flags & kTruncatedFlag) != 0) {
    // What an OPT takes at most: its room is kept free for options that it then may have no use for.
    constexpr std::size_t kOptRoom = 256;
    const std::size_t opt = over_udp.opts.empty() ? 0 : kOptRoom;
    const std::size_t records = tcp.response.size() - over_tcp.opt_size;
    require(records + opt > udp_limit(udp, read_query(udp.query)), "TC only when it must be", udp);
    return;
  }
  require(over_udp.rcode() == over_tcp.rcode(), "the RCODE does not depend on the transport", udp);
  require(over_udp.flags == over_tcp.flags, "nor do the flags", udp);
  for (std::size_t section = 0; section < 2; ++section) {
    require(over_udp.sections[section].size() == over_tcp.sections[section].size(),
            "without TC answer and authority are whole", udp);
  }
}

}  // namespace gslbd::fuzz
