// SPDX-License-Identifier: Apache-2.0
#include "health/types/dns_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/address.h"
#include "core/hex.h"

namespace gslbd::health {
namespace {

constexpr std::size_t kHeaderSize = 12;
constexpr std::size_t kLongestName = 255;  // octets in wire format, RFC 1035 §2.3.4
constexpr std::size_t kLongestLabel = 63;
constexpr int kMostJumps = 32;  // compression pointers in one name: servers need one, seldom a few
constexpr std::uint16_t kClassIn = 1;

/// What the data of a type is made of: a address, 6 IPv6 address, n name, 2 and 4 numbers of that many
/// octets, t strings. Empty: known by its name alone.
struct TypeLayout {
  std::string_view mnemonic;
  std::uint16_t type;
  std::string_view layout;
};
constexpr std::array<TypeLayout, 16> kTypes{{{"A", 1, "a"},
                                             {"NS", 2, "n"},
                                             {"CNAME", 5, "n"},
                                             {"SOA", 6, "nn44444"},
                                             {"PTR", 12, "n"},
                                             {"MX", 15, "2n"},
                                             {"TXT", 16, "t"},
                                             {"AAAA", 28, "6"},
                                             {"SRV", 33, "222n"},
                                             {"NAPTR", 35, ""},
                                             {"DNAME", 39, "n"},
                                             {"DS", 43, ""},
                                             {"DNSKEY", 48, ""},
                                             {"SVCB", 64, ""},
                                             {"HTTPS", 65, ""},
                                             {"CAA", 257, ""}}};

constexpr std::array<std::string_view, 11> kRcodes{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                                   "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                                   "NXRRSET", "NOTAUTH", "NOTZONE"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = lower(c);
  return out;
}
std::string upper(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

std::string_view layout_of(std::uint16_t type) {
  const auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.type == type; });
  return found == kTypes.end() ? std::string_view() : found->layout;
}

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  std::vector<std::string_view> words;
  for (auto at = text.find_first_not_of(kSpace); at != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(kSpace, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kSpace, end);
  }
  return words;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<std::string> parse_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string wire;
  while (!text.empty()) {
    const auto dot = std::min(text.find('.'), text.size());
    if (dot == 0 || dot > kLongestLabel) return fail("a label has 1 to 63 octets");
    if (text.find('\\') < dot) return fail("names with escapes cannot be asked for");
    wire += static_cast<char>(dot);
    wire += text.substr(0, dot);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  wire += '\0';
  if (wire.size() > kLongestName) return fail("the name is longer than 255 octets");
  return wire;
}

std::optional<std::uint16_t> parse_type(std::string_view text) {
  const std::string name = upper(text);
  for (const TypeLayout& t : kTypes) {
    if (t.mnemonic == name) return t.type;
  }
  if (!name.starts_with("TYPE")) return std::nullopt;
  return parse_number<std::uint16_t>(std::string_view(name).substr(4));
}

/// Takes octets off the front; past the end it yields zeros and says so.
class Reader {
 public:
  Reader(std::span<const std::uint8_t> message, std::size_t at) : message_(message), at_(at) {}

  bool ok() const { return ok_; }
  std::size_t at() const { return at_; }
  std::uint32_t number(std::size_t octets) {
    std::uint32_t value = 0;
    for (const std::uint8_t octet : take(octets)) value = value << 8 | octet;
    return value;
  }
  std::span<const std::uint8_t> take(std::size_t octets) {
    if (!ok_ || octets > message_.size() - at_) {
      ok_ = false;
      return {};
    }
    at_ += octets;
    return message_.subspan(at_ - octets, octets);
  }
  /// A name as dig prints it, in lower case (RFC 1035 §4.1.4 and §5.1). Pointers lead backwards only, and
  /// there are at most kMostJumps of them.
  std::string name();
  /// Goes past a name without reading what a pointer in it leads to.
  void skip_name();

 private:
  void print_label(std::span<const std::uint8_t> label, std::string& out);

  std::span<const std::uint8_t> message_;
  std::size_t at_;
  bool ok_ = true;
};

void Reader::print_label(std::span<const std::uint8_t> label, std::string& out) {
  for (const std::uint8_t octet : label) {
    const char c = lower(static_cast<char>(octet));
    if (octet <= 0x20 || octet >= 0x7f) {
      out += fmt::format("\\{:03}", octet);
    } else {
      if (std::string_view("\".;\\()@$").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  out += '.';
}

std::string Reader::name() {
  std::string out;
  std::size_t length = 1;
  std::size_t behind = 0;  // where reading goes on, once a pointer was followed
  int jumps = 0;
  while (ok_) {
    const std::size_t start = at_;
    const std::size_t octet = number(1);
    if (octet == 0 || !ok_) break;
    if (octet >= 0xc0) {
      const std::size_t target = (octet & 0x3f) << 8 | number(1);
      if (jumps++ == 0) behind = at_;
      ok_ = ok_ && target < start && jumps <= kMostJumps;
      at_ = target;
      continue;
    }
    length += octet + 1;
    ok_ = octet <= kLongestLabel && length <= kLongestName;
    print_label(take(octet), out);
  }
  if (jumps > 0) at_ = behind;
  return out.empty() ? "." : out;
}

void Reader::skip_name() {
  while (ok_) {
    const std::size_t octet = number(1);
    if (octet >= 0xc0) {
      number(1);
      return;
    }
    if (octet == 0) return;
    ok_ = ok_ && octet <= kLongestLabel;
    take(octet);
  }
}

std::string hex_of(std::span<const std::uint8_t> data) {
  std::string out = fmt::format("\\# {}", data.size());
  if (!data.empty()) out += ' ';
  for (const std::uint8_t octet : data) out += fmt::format("{:02x}", octet);
  return out;
}

/// The data of one record, which is `length` octets from where the reader stands.
std::string print_rdata(Reader& reader, std::uint16_t type, std::size_t length) {
  const std::string_view layout = layout_of(type);
  if (layout.empty()) return hex_of(reader.take(length));
  const std::size_t end = reader.at() + length;
  std::string out;
  for (const char part : layout) {
    if (!out.empty()) out += ' ';
    if (part == 'a' || part == '6') {
      const auto octets = reader.take(part == 'a' ? 4 : 16);
      if (!reader.ok()) return {};
      out += part == 'a' ? Address::from_v4(octets.first<4>()).to_string()
                         : Address::from_v6(octets.first<16>()).to_string();
    } else if (part == 'n') {
      out += reader.name();
    } else if (part == 't') {
      while (reader.ok() && reader.at() < end) {
        for (const std::uint8_t octet : reader.take(reader.number(1))) out += static_cast<char>(octet);
      }
    } else {
      out += std::to_string(reader.number(static_cast<std::size_t>(part - '0')));
    }
  }
  if (reader.at() != end) reader.take(SIZE_MAX);  // the parts must fill the data: else it is malformed
  return out;
}

Result<std::string> normalize_unknown(const std::vector<std::string_view>& words) {
  const std::string form = "record data of this type is written as \"\\\\# 4 0a000001\" (RFC 3597)";
  if (words.size() < 2 || words[0] != "\\#") return fail(form);
  std::string digits;
  for (std::size_t i = 2; i < words.size(); ++i) digits += lower(words[i]);
  const auto length = parse_number<std::uint16_t>(words[1]);
  const bool all_digits = std::all_of(digits.begin(), digits.end(), [](char c) { return hex_digit(c) >= 0; });
  if (!length || !all_digits || digits.size() != std::size_t{*length} * 2) return fail(form);
  return fmt::format("\\# {}{}{}", *length, digits.empty() ? "" : " ", digits);
}

Result<std::string> normalize_part(char part, std::string_view word) {
  if (part == 'n') return lower(word) + (word.ends_with('.') ? "" : ".");
  if (part == '2' || part == '4') {
    const auto number = parse_number<std::uint32_t>(word);
    if (!number || (part == '2' && *number > 0xffff))
      return fail(fmt::format("\"{}\" is no number here", word));
    return std::to_string(*number);
  }
  const auto address = Address::parse(word);
  if (!address || address->is_v4() != (part == 'a')) {
    return fail(fmt::format("\"{}\" is no {} address", word, part == 'a' ? "IPv4" : "IPv6"));
  }
  return address->to_string();
}

}  // namespace

Result<DnsQuestion> parse_question(std::string_view text) {
  const auto words = words_of(text);
  if (words.empty() || words.size() > 2) return fail("expected a name and a type: \"www.example.com A\"");
  auto name = parse_name(words[0]);
  if (!name) return tl::unexpected(name.error());
  const auto type = words.size() == 2 ? parse_type(words[1]) : std::uint16_t{1};
  if (!type) return fail(fmt::format("\"{}\" is no record type; TYPE1 to TYPE65535 name any", words[1]));
  return DnsQuestion{std::move(*name), *type};
}

std::optional<std::uint8_t> parse_rcode(std::string_view name) {
  const auto found = std::find(kRcodes.begin(), kRcodes.end(), upper(name));
  if (found == kRcodes.end()) return std::nullopt;
  return static_cast<std::uint8_t>(found - kRcodes.begin());
}

std::string dns_rcode_name(std::uint8_t rcode) {
  return rcode < kRcodes.size() ? std::string(kRcodes[rcode]) : fmt::format("RCODE{}", rcode);
}

Result<std::string> normalize_rdata(std::uint16_t type, std::string_view text) {
  const std::string_view layout = layout_of(type);
  if (layout == "t") return std::string(text);
  const auto words = words_of(text);
  if (layout.empty()) return normalize_unknown(words);
  if (words.size() != layout.size()) {
    return fail(
        fmt::format("record data of this type has {} parts, here are {}", layout.size(), words.size()));
  }
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto part = normalize_part(layout[i], words[i]);
    if (!part) return part;
    if (i > 0) out += ' ';
    out += *part;
  }
  return out;
}

std::vector<std::uint8_t> compose_query(std::uint16_t id, const DnsQuestion& question, bool recursion) {
  const auto high = [](std::uint16_t n) { return static_cast<std::uint8_t>(n >> 8); };
  const auto low = [](std::uint16_t n) { return static_cast<std::uint8_t>(n & 0xff); };
  const std::uint8_t recursion_desired = recursion ? 1 : 0;
  std::vector<std::uint8_t> query{high(id), low(id), recursion_desired, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  for (const char octet : question.name) query.push_back(static_cast<std::uint8_t>(octet));
  for (const std::uint8_t octet : {high(question.type), low(question.type), std::uint8_t{0}, low(kClassIn)}) {
    query.push_back(octet);
  }
  return query;
}

bool answers_query(std::span<const std::uint8_t> message, std::uint16_t id, const DnsQuestion& question) {
  Reader reader(message, 0);
  const std::uint32_t number = reader.number(2);
  const std::uint32_t flags = reader.number(2);
  const std::uint32_t questions = reader.number(2);
  reader.take(6);
  const bool response_to_a_query = (flags & 0xf800) == 0x8000;
  if (!reader.ok() || number != id || !response_to_a_query || questions > 1) return false;
  if (questions == 0) return true;  // servers that cannot read a query may not repeat it
  const auto name = reader.take(question.name.size());
  const bool same_name =
      std::equal(name.begin(), name.end(), question.name.begin(), question.name.end(),
                 [](std::uint8_t a, char b) { return lower(static_cast<char>(a)) == lower(b); });
  return reader.number(2) == question.type && reader.number(2) == kClassIn && reader.ok() && same_name;
}

Result<DnsResponse> read_response(std::span<const std::uint8_t> message, const DnsQuestion& question,
                                  const std::function<void(std::string)>& on_record) {
  Reader reader(message, 2);
  const std::uint32_t flags = reader.number(2);
  const std::uint32_t questions = reader.number(2);
  const std::uint32_t answers = reader.number(2);
  const DnsResponse response{static_cast<std::uint8_t>(flags & 0x0f), (flags & 0x0200) != 0,
                             (flags & 0x0400) != 0};
  reader.take(kHeaderSize - reader.at());
  if (questions == 1) reader.take(question.name.size() + 4);
  // What is looked for stands among the first, or a hostile peer would make the reading long.
  constexpr std::uint32_t kMostRecords = 256;
  for (std::uint32_t i = 0; i < std::min(answers, kMostRecords) && reader.ok(); ++i) {
    reader.skip_name();
    const auto type = static_cast<std::uint16_t>(reader.number(2));
    const std::uint32_t rr_class = reader.number(2);
    reader.number(4);  // TTL
    const std::size_t length = reader.number(2);
    if (type != question.type || rr_class != kClassIn) {
      reader.take(length);
      continue;
    }
    std::string text = print_rdata(reader, type, length);
    if (reader.ok()) on_record(std::move(text));
  }
  // A truncated message may well end within a record (RFC 2181 §9).
  if (!reader.ok() && !response.truncated) return fail("a malformed record in the response");
  return response;
}

}  // namespace gslbd::health
