// SPDX-License-Identifier: Apache-2.0
#include "zones/name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace gslbd::zones {
namespace {

constexpr std::size_t kQuotedText = 300;  // longer texts are cut in messages

tl::unexpected<Error> bad(std::string_view text, std::string_view why) {
  const bool cut = text.size() > kQuotedText;
  return fail(
      fmt::format("\"{}{}\" is not a domain name: {}", text.substr(0, kQuotedText), cut ? "..." : "", why));
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What a character of a name's text means; everything else is one octet of a label.
enum class Kind : std::uint8_t { kOctet, kDot, kBackslash, kNeedsEscape };

constexpr auto kKinds = [] {
  std::array<Kind, 256> kinds{};
  for (std::size_t c = 0; c <= 0x20; ++c) kinds[c] = Kind::kNeedsEscape;
  for (const char c : {'"', ';', '(', ')'}) kinds[static_cast<std::uint8_t>(c)] = Kind::kNeedsEscape;
  kinds[0x7f] = Kind::kNeedsEscape;
  kinds['.'] = Kind::kDot;
  kinds['\\'] = Kind::kBackslash;
  return kinds;
}();

// Reads the escape after a backslash at text[at - 1]: "\DDD" or "\X" (RFC 1035 §5.1). Moves `at` behind it.
bool read_escape(std::string_view text, std::size_t& at, std::uint8_t& octet) {
  if (at >= text.size()) return false;
  if (!is_digit(text[at])) {
    octet = static_cast<std::uint8_t>(text[at++]);
    return true;
  }
  if (at + 3 > text.size() || !is_digit(text[at + 1]) || !is_digit(text[at + 2])) return false;
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  if (value > 255) return false;
  octet = static_cast<std::uint8_t>(value);
  at += 3;
  return true;
}

// Where each label starts, the root's left out.
struct Labels {
  explicit Labels(std::span<const std::uint8_t> wire) {
    for (std::size_t at = 0; wire[at] != 0; at += 1U + wire[at])
      start[count++] = static_cast<std::uint8_t>(at);
  }
  std::array<std::uint8_t, kMaxLabels> start;
  std::size_t count = 0;
};

// Octet by octet is right for the length octets as well: 0 to 63 are no letters.
bool equal_ignoring_case(const std::uint8_t* a, const std::uint8_t* b, std::size_t n) {
  return std::equal(a, a + n, b, [](std::uint8_t x, std::uint8_t y) { return to_lower(x) == to_lower(y); });
}

std::strong_ordering compare_labels(const std::uint8_t* a, const std::uint8_t* b) {
  const std::size_t common = std::min(a[0], b[0]);
  for (std::size_t i = 1; i <= common; ++i) {
    if (const auto order = to_lower(a[i]) <=> to_lower(b[i]); order != 0) return order;
  }
  return a[0] <=> b[0];
}

// Escapes what parse() would read otherwise, and what a zone file's other readers would.
void append_label(std::string& out, std::span<const std::uint8_t> label) {
  for (const std::uint8_t c : label) {
    if (c <= 0x20 || c >= 0x7f) {
      out += fmt::format("\\{:03}", c);
    } else {
      if (std::strchr(".\\\"();@$", c) != nullptr) out += '\\';
      out += static_cast<char>(c);
    }
  }
}

void append_labels(std::string& out, std::span<const std::uint8_t> wire) {
  for (std::size_t at = 0; at < wire.size() && wire[at] != 0; at += 1U + wire[at]) {
    if (at != 0) out += '.';
    append_label(out, wire.subspan(at + 1, wire[at]));
  }
}

}  // namespace

Result<Name> Name::parse(std::string_view text, const Name& origin) {
  if (text.empty()) return bad(text, "it is empty");
  if (text == "@") return origin;
  if (text == ".") return Name();
  Name name;
  std::size_t label_at = 0;  // of the length octet of the label that is being read
  std::size_t to = 1;
  bool absolute = false;
  for (std::size_t at = 0; at < text.size();) {
    auto octet = static_cast<std::uint8_t>(text[at++]);
    const Kind kind = kKinds[octet];
    if (kind == Kind::kDot) {
      const std::size_t length = to - label_at - 1;
      if (length == 0) return bad(text, "it has an empty label");
      name.wire_[label_at] = static_cast<std::uint8_t>(length);
      if (at == text.size()) {
        absolute = true;
        break;
      }
      label_at = to++;
      if (to >= kMaxNameLength) return bad(text, "it is longer than 255 octets");
      continue;
    }
    if (kind == Kind::kNeedsEscape)
      return bad(text, fmt::format("write \\{:03} for the octet {}", octet, octet));
    if (kind == Kind::kBackslash && !read_escape(text, at, octet)) {
      return bad(text, "a backslash needs a character or \\000 to \\255");
    }
    if (to - label_at > kMaxLabelLength) return bad(text, "a label is longer than 63 octets");
    // The last octet is the root's.
    if (to >= kMaxNameLength - 1) return bad(text, "it is longer than 255 octets");
    name.wire_[to++] = octet;
  }
  if (absolute) {
    name.wire_[to++] = 0;
    name.length_ = static_cast<std::uint8_t>(to);
    return name;
  }
  name.wire_[label_at] = static_cast<std::uint8_t>(to - label_at - 1);
  if (to + origin.length_ > kMaxNameLength) {
    return bad(text, fmt::format("with \"{}\" behind it, it is longer than 255 octets", origin.to_string()));
  }
  std::memcpy(&name.wire_[to], origin.wire_.data(), origin.length_);
  name.length_ = static_cast<std::uint8_t>(to + origin.length_);
  return name;
}

Result<Name> Name::from_wire(std::span<const std::uint8_t> wire) {
  std::size_t at = 0;
  while (at < wire.size() && at < kMaxNameLength) {
    if (wire[at] > kMaxLabelLength)
      return fail("not an uncompressed domain name: a label is longer than 63 octets");
    if (wire[at] == 0) {
      if (at + 1 != wire.size()) return fail("not a domain name: octets follow its end");
      Name name;
      std::memcpy(name.wire_.data(), wire.data(), wire.size());
      name.length_ = static_cast<std::uint8_t>(wire.size());
      return name;
    }
    at += 1U + wire[at];
  }
  return fail("not a domain name: it has no end within 255 octets");
}

std::size_t Name::label_count() const {
  return Labels(wire()).count;
}

Name Name::without_labels(std::size_t n) const {
  std::size_t at = 0;
  for (; n > 0 && wire_[at] != 0; --n) at += 1U + wire_[at];
  Name name;
  name.length_ = static_cast<std::uint8_t>(length_ - at);
  std::memcpy(name.wire_.data(), wire_.data() + at, name.length_);
  return name;
}

Name Name::lowercased() const {
  Name name;
  name.length_ = length_;
  std::transform(wire_.begin(), wire_.begin() + length_, name.wire_.begin(), to_lower);
  return name;
}

bool Name::is_within(const Name& ancestor) const {
  if (ancestor.length_ > length_) return false;
  const std::size_t from = static_cast<std::size_t>(length_ - ancestor.length_);
  std::size_t at = 0;
  while (at < from) at += 1U + wire_[at];
  return at == from && equal_ignoring_case(&wire_[at], ancestor.wire_.data(), ancestor.length_);
}

std::string Name::to_string() const {
  std::string out;
  out.reserve(length_);
  append_labels(out, wire());
  return out + ".";
}

std::string Name::relative_to(const Name& origin) const {
  if (*this == origin) return "@";
  if (!is_within(origin)) return to_string();
  std::string out;
  append_labels(out, wire().first(static_cast<std::size_t>(length_ - origin.length_)));
  return out;
}

bool Name::operator==(const Name& other) const {
  return length_ == other.length_ && equal_ignoring_case(wire_.data(), other.wire_.data(), length_);
}

std::strong_ordering Name::operator<=>(const Name& other) const {
  const Labels mine(wire());
  const Labels its(other.wire());
  for (std::size_t i = 1; i <= std::min(mine.count, its.count); ++i) {
    const auto order =
        compare_labels(&wire_[mine.start[mine.count - i]], &other.wire_[its.start[its.count - i]]);
    if (order != 0) return order;
  }
  return mine.count <=> its.count;
}

}  // namespace gslbd::zones
