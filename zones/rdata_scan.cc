// SPDX-License-Identifier: Apache-2.0
#include "zones/rdata_scan.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace gslbd::zones {
namespace {

constexpr std::size_t kMaxString = 255;   // a <character-string> (RFC 1035 §3.3)
constexpr std::size_t kMaxRdata = 65535;  // RDLENGTH is 16 bits
constexpr std::size_t kQuotedText = 100;  // longer texts are cut in messages
constexpr RrType kSpf = 99;               // RFC 4408 §3.1.1: TXT by another number

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

void append_u16(Bytes& out, std::uint32_t v) {
  out.push_back(static_cast<std::uint8_t>(v >> 8 & 0xff));
  out.push_back(static_cast<std::uint8_t>(v & 0xff));
}

void append_u32(Bytes& out, std::uint32_t v) {
  append_u16(out, v >> 16);
  append_u16(out, v & 0xffff);
}

std::uint32_t read_u16(std::span<const std::uint8_t> b) {
  return static_cast<std::uint32_t>(b[0] << 8 | b[1]);
}
std::uint32_t read_u32(std::span<const std::uint8_t> b) {
  return read_u16(b) << 16 | read_u16(b.subspan(2));
}

// The scanners below share the text they read and the shape they expect, for their errors.
struct Scan {
  std::string_view text;
  std::string_view type;
  std::string_view shape;

  tl::unexpected<Error> bad() const { return bad(fmt::format("expected {}", shape)); }
  tl::unexpected<Error> bad(std::string_view why) const {
    return tl::unexpected<Error>(not_rdata(text, type, why));
  }
};

std::optional<std::uint32_t> number(const Token& token, std::uint32_t max) {
  std::uint32_t value = 0;
  const char* end = token.text.data() + token.text.size();
  const auto [stop, failure] = std::from_chars(token.text.data(), end, value);
  if (token.quoted || failure != std::errc() || stop != end || value > max) return std::nullopt;
  return value;
}

// A number of seconds, or one with the units other servers read: "1h30m", "2W".
std::optional<std::uint32_t> seconds(const Token& token) {
  if (const auto plain = number(token, UINT32_MAX)) return plain;
  std::uint64_t total = 0;
  const char* at = token.text.data();
  const char* end = at + token.text.size();
  while (at < end) {
    std::uint32_t value = 0;
    const auto [stop, failure] = std::from_chars(at, end, value);
    if (token.quoted || failure != std::errc() || stop == end) return std::nullopt;
    constexpr std::string_view kUnits = "smhdw";
    constexpr std::uint64_t kFactors[] = {1, 60, 3600, 86400, 604800};
    const auto unit = kUnits.find(static_cast<char>(to_lower(static_cast<std::uint8_t>(*stop))));
    if (unit == std::string_view::npos) return std::nullopt;
    total += value * kFactors[unit];
    if (total > UINT32_MAX) return std::nullopt;
    at = stop + 1;
  }
  return token.text.empty() ? std::nullopt : std::optional(static_cast<std::uint32_t>(total));
}

// Appends the octets of a string, escapes resolved. False for a bad escape.
bool append_unescaped(Bytes& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      out.push_back(static_cast<std::uint8_t>(text[at]));
      continue;
    }
    if (++at == text.size()) return false;
    if (text[at] < '0' || text[at] > '9') {
      out.push_back(static_cast<std::uint8_t>(text[at]));
      continue;
    }
    unsigned value = 0;
    const char* from = text.data() + at;
    if (at + 3 > text.size()) return false;
    const auto [stop, failure] = std::from_chars(from, from + 3, value);
    if (failure != std::errc() || stop != from + 3 || value > 255) return false;
    out.push_back(static_cast<std::uint8_t>(value));
    at += 2;
  }
  return true;
}

Result<Bytes> scan_address(int family, std::string_view text) {
  Bytes out(family == AF_INET ? 4 : 16);
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() < terminated.size()) {
    std::copy(text.begin(), text.end(), terminated.begin());
    // A NUL inside the text would end it early.
    if (text.find('\0') == std::string_view::npos && inet_pton(family, terminated.data(), out.data()) == 1)
      return out;
  }
  return fail(fmt::format("\"{}\" is not an {} address", text.substr(0, kQuotedText),
                          family == AF_INET ? "IPv4" : "IPv6"));
}

Result<Bytes> scan_name(std::string_view text, const Name& origin) {
  const auto name = Name::parse(text, origin);
  if (!name) return tl::unexpected(name.error());
  return Bytes(name->wire().begin(), name->wire().end());
}

// `numbers` 16-bit numbers and a name: MX, SRV.
Result<Bytes> scan_numbers_and_name(const Scan& scan, std::size_t numbers, const Name& origin) {
  const auto tokens = split_tokens(scan.text);
  if (!tokens) return scan.bad(tokens.error().message);
  if (tokens->size() != numbers + 1 || tokens->back().quoted) return scan.bad();
  Bytes out;
  for (std::size_t i = 0; i < numbers; ++i) {
    const auto value = number((*tokens)[i], 65535);
    if (!value)
      return scan.bad(
          fmt::format("\"{}\" is not a number from 0 to 65535; expected {}", (*tokens)[i].text, scan.shape));
    append_u16(out, *value);
  }
  const auto name = Name::parse(tokens->back().text, origin);
  if (!name) return tl::unexpected(name.error());
  out.insert(out.end(), name->wire().begin(), name->wire().end());
  return out;
}

Result<Bytes> scan_txt(const Scan& scan) {
  const auto tokens = split_tokens(scan.text);
  if (!tokens) return scan.bad(tokens.error().message);
  if (tokens->empty()) return scan.bad();
  Bytes out;
  for (const Token& token : *tokens) {
    const std::size_t at = out.size();
    out.push_back(0);
    if (!append_unescaped(out, token.text))
      return scan.bad("a backslash needs a character or \\000 to \\255");
    const std::size_t length = out.size() - at - 1;
    if (length > kMaxString)
      return scan.bad(fmt::format("a string has {} octets, at most 255 fit; split it", length));
    out[at] = static_cast<std::uint8_t>(length);
  }
  if (out.size() > kMaxRdata) return scan.bad("it is longer than 65535 octets");
  return out;
}

Result<Bytes> scan_soa(const Scan& scan, const Name& origin) {
  const auto tokens = split_tokens(scan.text);
  if (!tokens) return scan.bad(tokens.error().message);
  if (tokens->size() != 7) return scan.bad();
  Bytes out;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto name = Name::parse((*tokens)[i].text, origin);
    if (!name) return tl::unexpected(name.error());
    out.insert(out.end(), name->wire().begin(), name->wire().end());
  }
  for (std::size_t i = 2; i < 7; ++i) {
    const auto value = i == 2 ? number((*tokens)[i], UINT32_MAX) : seconds((*tokens)[i]);
    if (!value)
      return scan.bad(fmt::format("\"{}\" is not a number from 0 to 4294967295", (*tokens)[i].text));
    append_u32(out, *value);
  }
  return out;
}

// RFC 8659 §4.1: letters and digits of ASCII, at least one.
bool is_caa_tag(std::string_view tag) {
  return !tag.empty() && std::all_of(tag.begin(), tag.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

Result<Bytes> scan_caa(const Scan& scan) {
  const auto tokens = split_tokens(scan.text);
  if (!tokens) return scan.bad(tokens.error().message);
  if (tokens->size() != 3) return scan.bad();
  const auto flags = number((*tokens)[0], 255);
  const std::string_view tag = (*tokens)[1].text;
  if (!flags || tag.size() > kMaxString || !is_caa_tag(tag)) return scan.bad();
  Bytes out{static_cast<std::uint8_t>(*flags), static_cast<std::uint8_t>(tag.size())};
  out.insert(out.end(), tag.begin(), tag.end());
  if (!append_unescaped(out, (*tokens)[2].text))
    return scan.bad("a backslash needs a character or \\000 to \\255");
  if (out.size() > kMaxRdata) return scan.bad("it is longer than 65535 octets");
  return out;
}

std::string quoted(std::span<const std::uint8_t> octets) {
  std::string out = "\"";
  for (const std::uint8_t c : octets) {
    if (c < 0x20 || c >= 0x7f) {
      out += fmt::format("\\{:03}", c);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

std::optional<std::string> print_address(int family, std::span<const std::uint8_t> rdata) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (rdata.size() != (family == AF_INET ? 4U : 16U)) return std::nullopt;
  inet_ntop(family, rdata.data(), text.data(), text.size());
  return std::string(text.data());
}

std::optional<std::string> print_numbers_and_name(std::size_t numbers, std::span<const std::uint8_t> rdata) {
  if (rdata.size() < 2 * numbers) return std::nullopt;
  const auto name = Name::from_wire(rdata.subspan(2 * numbers));
  if (!name) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < numbers; ++i) out += fmt::format("{} ", read_u16(rdata.subspan(2 * i)));
  return out + name->to_string();
}

std::optional<std::string> print_txt(std::span<const std::uint8_t> rdata) {
  if (rdata.empty()) return std::nullopt;
  std::string out;
  while (!rdata.empty()) {
    const std::size_t length = rdata[0];
    if (length + 1 > rdata.size()) return std::nullopt;
    if (!out.empty()) out += ' ';
    out += quoted(rdata.subspan(1, length));
    rdata = rdata.subspan(1 + length);
  }
  return out;
}

std::optional<std::string> print_soa(std::span<const std::uint8_t> rdata) {
  const auto mname = leading_name(rdata);
  if (!mname) return std::nullopt;
  const auto rname = leading_name(rdata.subspan(mname->length()));
  if (!rname || mname->length() + rname->length() + 20 != rdata.size()) return std::nullopt;
  std::string out = mname->to_string() + " " + rname->to_string();
  for (auto rest = rdata.last(20); !rest.empty(); rest = rest.subspan(4))
    out += fmt::format(" {}", read_u32(rest));
  return out;
}

std::optional<std::string> print_caa(std::span<const std::uint8_t> rdata) {
  if (rdata.size() < 2 || 2U + rdata[1] > rdata.size()) return std::nullopt;
  const std::string tag(rdata.begin() + 2, rdata.begin() + 2 + rdata[1]);
  if (!is_caa_tag(tag)) return std::nullopt;
  return fmt::format("{} {} {}", rdata[0], tag, quoted(rdata.subspan(2U + rdata[1])));
}

}  // namespace

Error not_rdata(std::string_view text, std::string_view type, std::string_view why) {
  const bool cut = text.size() > kQuotedText;
  return {
      fmt::format("\"{}{}\" is not {} RDATA: {}", text.substr(0, kQuotedText), cut ? "..." : "", type, why)};
}

Result<std::vector<Token>> split_tokens(std::string_view text) {
  std::vector<Token> tokens;
  int open = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (is_space(c)) {
      ++at;
    } else if (c == '(' || c == ')') {
      open += c == '(' ? 1 : -1;
      if (open < 0) return fail("a parenthesis closes that was not opened");
      ++at;
    } else if (c == ';') {
      return fail("a comment has no place here; quote or escape the semicolon");
    } else {
      const bool quoted = c == '"';
      const std::size_t from = quoted ? ++at : at;
      for (; at < text.size(); ++at) {
        const char d = text[at];
        if (static_cast<std::uint8_t>(d) < 0x20 && d != '\t') return fail("it has a control character");
        if (d == '\\') {
          ++at;
        } else if (!quoted && d == '"' && at > from && text[at - 1] == '=') {
          at = text.find('"', at + 1);  // key="value" is one token (RFC 9460 Appendix A)
          if (at == std::string_view::npos) return fail("a quotation mark is missing");
        } else if (quoted ? d == '"' : is_space(d) || d == '"' || d == '(' || d == ')' || d == ';') {
          break;
        }
      }
      if (at > text.size()) return fail("it ends in a backslash");
      if (quoted && at == text.size()) return fail("a quotation mark is missing");
      tokens.push_back({text.substr(from, at - from), quoted});
      if (quoted) ++at;
    }
  }
  if (open != 0) return fail("a parenthesis is left open");
  return tokens;
}

std::optional<Name> leading_name(std::span<const std::uint8_t> wire) {
  std::size_t at = 0;
  while (at < wire.size() && wire[at] != 0) at += 1U + wire[at];
  if (at >= wire.size()) return std::nullopt;
  const auto name = Name::from_wire(wire.first(at + 1));
  return name ? std::optional(*name) : std::nullopt;
}

bool is_common(RrType type) {
  switch (type) {
    case type::kA:
    case type::kAaaa:
    case type::kNs:
    case type::kCname:
    case type::kPtr:
    case type::kDname:
    case type::kMx:
    case type::kSrv:
    case type::kTxt:
    case kSpf:
    case type::kSoa:
    case type::kCaa:
      return true;
    default:
      return false;
  }
}

std::optional<Result<Bytes>> scan_common(RrType type, std::string_view text, const Name& origin) {
  switch (type) {
    case type::kA:
      return scan_address(AF_INET, text);
    case type::kAaaa:
      return scan_address(AF_INET6, text);
    case type::kNs:
    case type::kCname:
    case type::kPtr:
    case type::kDname:
      return scan_name(text, origin);
    case type::kMx:
      return scan_numbers_and_name({text, "MX", "\"preference exchange\" such as \"10 mail\""}, 1, origin);
    case type::kSrv:
      return scan_numbers_and_name({text, "SRV", "\"priority weight port target\" such as \"10 5 5060 sip\""},
                                   3, origin);
    case type::kTxt:
      return scan_txt({text, "TXT", "one or more strings such as \"\\\"v=spf1 -all\\\"\""});
    case kSpf:
      return scan_txt({text, "SPF", "one or more strings"});
    case type::kSoa:
      return scan_soa({text, "SOA", "\"mname rname serial refresh retry expire minimum\""}, origin);
    case type::kCaa:
      return scan_caa({text, "CAA", "\"flags tag value\" such as \"0 issue \\\"ca.example\\\"\""});
    default:
      return std::nullopt;
  }
}

std::optional<std::string> print_common(RrType type, std::span<const std::uint8_t> rdata) {
  switch (type) {
    case type::kA:
      return print_address(AF_INET, rdata);
    case type::kAaaa:
      return print_address(AF_INET6, rdata);
    case type::kNs:
    case type::kCname:
    case type::kPtr:
    case type::kDname:
      return print_numbers_and_name(0, rdata);
    case type::kMx:
      return print_numbers_and_name(1, rdata);
    case type::kSrv:
      return print_numbers_and_name(3, rdata);
    case type::kTxt:
    case kSpf:
      return print_txt(rdata);
    case type::kSoa:
      return print_soa(rdata);
    case type::kCaa:
      return print_caa(rdata);
    default:
      return std::nullopt;
  }
}

}  // namespace gslbd::zones
