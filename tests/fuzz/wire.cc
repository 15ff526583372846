// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/wire.h"

namespace gslbd::fuzz {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kOpt = 41, kTsig = 250;

char lower(std::uint8_t c) {
  return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

// The end of a name in a query, which may be compressed but is not followed; 0 when there is none.
std::size_t skip_name(Octets packet, std::size_t at, bool pointers) {
  for (std::size_t length = 1; at < packet.size();) {
    const std::uint8_t n = packet[at];
    if (n == 0) return at + 1;
    if (pointers && n >= 0xc0) return at + 2 <= packet.size() ? at + 2 : 0;
    length += n + 1U;
    if (n > 63 || length > 255) return 0;
    at += n + 1U;
  }
  return 0;
}

bool read_options(Octets rdata, std::map<std::uint16_t, Octets>& out, bool& repeated) {
  while (!rdata.empty()) {
    if (rdata.size() < 4) return false;
    const std::size_t length = get16(rdata, 2);
    if (rdata.size() - 4 < length) return false;
    if (!out.emplace(get16(rdata, 0), rdata.subspan(4, length)).second) repeated = true;
    rdata = rdata.subspan(4 + length);
  }
  return true;
}

class Reader {
 public:
  Reader(Octets message, std::string& why) : m_(message), why_(why) {}

  std::optional<Response> read() {
    if (m_.size() < kHeader) return no("shorter than a header");
    Response r;
    r.id = get16(m_, 0);
    r.flags = get16(m_, 2);
    const std::uint16_t questions = get16(m_, 4);
    if (questions > 1) return no("several questions");
    if (questions == 1) {
      std::string name;
      if (!read_name(name, false) || m_.size() - at_ < 4) return no("the question cannot be read");
      at_ += 4;
      r.question = m_.subspan(kHeader, at_ - kHeader);
    }
    for (std::size_t section = 0; section < 3; ++section) {
      for (std::uint16_t i = get16(m_, 6 + 2 * section); i > 0; --i) {
        if (!read_record(r, section)) return std::nullopt;
      }
    }
    if (at_ != m_.size()) return no("octets behind the end");
    return r;
  }

 private:
  std::nullopt_t no(const char* why) {
    if (why_.empty()) why_ = std::string(why) + " at octet " + std::to_string(at_);
    return std::nullopt;
  }

  // Reads a name and remembers where its labels begin: only there may pointers lead.
  bool read_name(std::string& out, bool compressible) {
    std::size_t at = at_;
    bool jumped = false;
    std::set<std::size_t> mine;
    for (;;) {
      if (at >= m_.size()) return fails("a name runs past the end");
      const std::uint8_t n = m_[at];
      if (!jumped) mine.insert(at);
      if (n >= 0xc0) {
        if (!compressible) return fails("a compressed name where none may be");
        if (at + 2 > m_.size()) return fails("half a pointer");
        const std::size_t target = get16(m_, at) & 0x3fffU;
        if (target < kHeader) return fails("a pointer into the header");
        if (target >= at) return fails("a pointer forward");
        if (!jumped) at_ = at + 2;
        jumped = true;
        if (!starts_.contains(target)) return fails("a pointer to where no name is");
        at = target;
        continue;
      }
      if (n > 63) return fails("a label of an unknown type");
      out += static_cast<char>(n);
      for (std::size_t i = at + 1; i <= at + n; ++i) {
        if (i >= m_.size()) return fails("a label runs past the end");
        out += lower(m_[i]);
      }
      if (out.size() > 255) return fails("a name longer than 255 octets");
      at += n + 1U;
      if (n == 0) break;
    }
    if (!jumped) at_ = at;
    // Pointers have 14 bits.
    for (const std::size_t start : mine) {
      if (start < 0x4000) starts_.insert(start);
    }
    return true;
  }

  bool fails(const char* why) {
    no(why);
    return false;
  }

  bool read_record(Response& r, std::size_t section) {
    Record record;
    const std::size_t begin = at_;
    if (!read_name(record.owner, true)) return false;
    if (m_.size() - at_ < 10) return fails("half a record");
    record.type = get16(m_, at_);
    record.rr_class = get16(m_, at_ + 2);
    record.ttl = static_cast<std::uint32_t>(get16(m_, at_ + 4)) << 16 | get16(m_, at_ + 6);
    const std::size_t length = get16(m_, at_ + 8);
    at_ += 10;
    if (m_.size() - at_ < length) return fails("RDATA runs past the end");
    record.rdata = m_.subspan(at_, length);
    if (!read_rdata(record, at_ + length)) return false;
    if (record.type != kOpt) {
      r.sections[section].push_back(std::move(record));
      return true;
    }
    bool repeated = false;
    if (section != 2 || record.owner.size() != 1 || !r.opts.empty()) return fails("an OPT where none may be");
    if (!read_options(record.rdata, r.options, repeated) || repeated)
      return fails("broken or repeated options");
    r.opt_size = at_ - begin;
    r.opts.push_back(std::move(record));
    return true;
  }

  // Where names are in the RDATA of a type: octets before the first, how many, octets behind the last.
  struct Shape {
    std::size_t before;
    int names;
    std::size_t behind;
    bool compressible;  // RFC 3597 §4: the types of RFC 1035 alone
    bool open;          // more may follow
  };
  static std::optional<Shape> shape(std::uint16_t type) {
    switch (type) {
      case 1:
        return Shape{4, 0, 0, false, false};  // A
      case 28:
        return Shape{16, 0, 0, false, false};  // AAAA
      case 2:
      case 3:
      case 4:
      case 5:
      case 7:
      case 8:
      case 9:
      case 12:
        return Shape{0, 1, 0, true, false};  // NS, MD, MF, CNAME, MB, MG, MR, PTR
      case 6:
        return Shape{0, 2, 20, true, false};  // SOA
      case 14:
        return Shape{0, 2, 0, true, false};  // MINFO
      case 15:
        return Shape{2, 1, 0, true, false};  // MX
      case 17:
        return Shape{0, 2, 0, false, false};  // RP
      case 18:
      case 21:
      case 36:
        return Shape{2, 1, 0, false, false};  // AFSDB, RT, KX
      case 26:
        return Shape{2, 2, 0, false, false};  // PX
      case 33:
        return Shape{6, 1, 0, false, false};  // SRV
      case 39:
        return Shape{0, 1, 0, false, false};  // DNAME
      case 64:
      case 65:
        return Shape{2, 1, 0, false, true};  // SVCB, HTTPS
      default:
        return std::nullopt;
    }
  }

  bool read_rdata(Record& record, std::size_t end) {
    if (const auto s = shape(record.type)) {
      if (end - at_ < s->before) return fails("RDATA is too short for its type");
      append(record.expanded, at_, at_ + s->before);
      at_ += s->before;
      for (int i = 0; i < s->names; ++i) {
        if (!read_name(record.expanded, s->compressible)) return false;
        if (at_ > end) return fails("a name leads out of its RDATA");
      }
      if (s->open ? end - at_ < s->behind : end - at_ != s->behind) return fails("RDATA of a wrong length");
    }
    append(record.expanded, at_, end);
    at_ = end;
    return true;
  }

  void append(std::string& out, std::size_t from, std::size_t to) const {
    for (std::size_t i = from; i < to; ++i) out += static_cast<char>(m_[i]);
  }

  Octets m_;
  std::string& why_;
  std::size_t at_ = kHeader;
  std::set<std::size_t> starts_;
};

}  // namespace

QueryFacts read_query(Octets packet) {
  QueryFacts q;
  if (packet.size() < kHeader) return q;
  q.has_header = true;
  std::size_t at = kHeader;
  const std::uint16_t questions = get16(packet, 4);
  bool good = questions <= 1;
  // However many there are: an OPT may stand behind them. Only the first has nothing to point to.
  for (std::uint32_t i = 0; i < questions; ++i) {
    at = skip_name(packet, at, i > 0);
    if (at == 0 || packet.size() - at < 4) return q;
    if (questions == 1) {
      q.one_question = true;
      q.qtype = get16(packet, at);
      q.qclass = get16(packet, at + 2);
      q.question_end = at + 4;
    }
    at += 4;
  }
  const std::uint32_t before = get16(packet, 6) + get16(packet, 8);
  const std::uint32_t records = before + get16(packet, 10);
  for (std::uint32_t i = 0; i < records; ++i) {
    const std::size_t owner = at;
    at = skip_name(packet, at, true);
    if (at == 0 || packet.size() - at < 10) return q;
    const std::size_t fixed = at;
    const std::size_t length = get16(packet, at + 8);
    at += 10;
    if (packet.size() - at < length) return q;
    const std::uint16_t type = get16(packet, fixed);
    if (type == kTsig) q.has_tsig = true;
    if (type == kOpt) {
      if (q.any_opt || i < before || packet[owner] != 0) good = false;
      q.any_opt = true;
      q.opt_at = fixed;
      bool repeated = false;
      q.options_well_formed = read_options(packet.subspan(at, length), q.options, repeated);
    }
    at += length;
  }
  q.well_formed = good && at == packet.size();
  return q;
}

std::optional<Response> read_response(Octets message, std::string& why) {
  return Reader(message, why).read();
}

}  // namespace gslbd::fuzz
