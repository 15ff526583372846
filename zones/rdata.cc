// SPDX-License-Identifier: Apache-2.0
#include "zones/rdata.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/hex.h"
#include "zones/ldns_ptr.h"
#include "zones/rdata_scan.h"

namespace gslbd::zones {
namespace {

constexpr std::string_view kTypePrefix = "TYPE";  // RFC 3597 §5

std::string uppercased(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; });
  return out;
}

bool can_stand_in_zone(unsigned type) {
  return type != 0 && type != type::kOpt && !(type >= 128 && type <= 255) && type <= 65535;
}

// What a type's text looks like, for errors about the types that ldns reads.
std::string_view shape_of(RrType type) {
  switch (type) {
    case 13:
      return "\"cpu\" \"os\"";
    case 35:
      return "order preference \"flags\" \"service\" \"regexp\" replacement";
    case 43:
    case 59:
      return "key-tag algorithm digest-type digest";
    case 44:
      return "algorithm fingerprint-type fingerprint";
    case 48:
    case 60:
      return "flags protocol algorithm public-key";
    case 52:
    case 53:
      return "usage selector matching-type data";
    case type::kSvcb:
    case type::kHttps:
      return "priority target key=value..., such as 1 . alpn=h2 port=8443";
    case 256:
      return "priority weight \"target\"";
    default:
      return {};
  }
}

std::string lowercased_reason(ldns_status status) {
  std::string reason = ldns_get_errorstr_by_id(status);
  constexpr std::string_view kPrefix = "Syntax error, ";
  if (reason.starts_with(kPrefix)) reason.erase(0, kPrefix.size());
  if (!reason.empty()) reason[0] = static_cast<char>(to_lower(static_cast<std::uint8_t>(reason[0])));
  return reason;
}

Bytes octets_of(const ldns_rr* rr) {
  Bytes out;
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(rr, i);
    out.insert(out.end(), ldns_rdf_data(field), ldns_rdf_data(field) + ldns_rdf_size(field));
  }
  return out;
}

// The record "., TTL 0, IN, type, rdata" as ldns reads it from the wire; null when the RDATA does not fit the
// type.
LdnsRr rr_from_wire(RrType type, std::span<const std::uint8_t> rdata) {
  Bytes wire{0,
             static_cast<std::uint8_t>(type >> 8),
             static_cast<std::uint8_t>(type & 0xff),
             0,
             1,
             0,
             0,
             0,
             0,
             static_cast<std::uint8_t>(rdata.size() >> 8),
             static_cast<std::uint8_t>(rdata.size() & 0xff)};
  wire.insert(wire.end(), rdata.begin(), rdata.end());
  ldns_rr* rr = nullptr;
  std::size_t at = 0;
  if (ldns_wire2rr(&rr, wire.data(), wire.size(), &at, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK) return nullptr;
  LdnsRr owned(rr);
  // Unequal when a compression pointer was followed, or octets were left over.
  const Bytes back = octets_of(rr);
  return std::equal(back.begin(), back.end(), rdata.begin(), rdata.end()) ? std::move(owned) : nullptr;
}

// SvcParams: keys in strictly ascending order, each with its length; mandatory ones present (RFC 9460 §2.2,
// §8).
bool svc_params_ok(std::span<const std::uint8_t> rdata) {
  if (rdata.size() < 3) return false;
  const auto target = leading_name(rdata.subspan(2));
  if (!target) return false;
  std::vector<unsigned> keys;
  std::vector<unsigned> mandatory;
  for (auto rest = rdata.subspan(2 + target->length()); !rest.empty();) {
    if (rest.size() < 4) return false;
    const auto key = static_cast<unsigned>(rest[0] << 8 | rest[1]);
    const auto length = static_cast<std::size_t>(rest[2] << 8 | rest[3]);
    if (length + 4 > rest.size() || (!keys.empty() && key <= keys.back())) return false;
    keys.push_back(key);
    for (std::size_t i = 0; key == 0 && i + 1 < length; i += 2) {
      mandatory.push_back(static_cast<unsigned>(rest[4 + i] << 8 | rest[5 + i]));
    }
    rest = rest.subspan(4 + length);
  }
  return std::all_of(mandatory.begin(), mandatory.end(),
                     [&](unsigned key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); });
}

// "\# 4 0a00 0001" (RFC 3597 §5), the tokens behind "\#".
Result<Bytes> generic_from_tokens(RrType type, std::string_view text, std::span<const Token> tokens) {
  const auto bad = [&](std::string_view why) {
    return tl::unexpected<Error>(not_rdata(text, type_to_text(type), why));
  };
  unsigned length = 0;
  const std::string_view count = tokens.empty() ? std::string_view() : tokens[0].text;
  const auto [stop, failure] = std::from_chars(count.data(), count.data() + count.size(), length);
  if (count.empty() || failure != std::errc() || stop != count.data() + count.size() || length > 65535) {
    return bad("expected a number of octets from 0 to 65535 after \"\\#\"");
  }
  std::string digits;
  for (const Token& token : tokens.subspan(1)) digits += token.text;
  Bytes out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    const int high = hex_digit(digits[i]);
    const int low = hex_digit(digits[i + 1]);
    if (high < 0 || low < 0) return bad("expected hexadecimal digits after the number of octets");
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  if (digits.size() != 2UL * length) {
    return bad(
        fmt::format("{} octets need {} hexadecimal digits, found {}", length, 2UL * length, digits.size()));
  }
  if (!is_well_formed(type, out)) return bad("the octets are not well formed for this type");
  return out;
}

// ldns wraps numbers that do not fit ("65537" becomes 1), so they are looked at first.
bool numbers_fit(const ldns_rr_descriptor& known, std::span<const Token> tokens) {
  const std::size_t fields = std::min(tokens.size(), ldns_rr_descriptor_minimum(&known));
  for (std::size_t i = 0; i < fields; ++i) {
    std::uint64_t max = 0;
    switch (ldns_rr_descriptor_field_type(&known, i)) {
      case LDNS_RDF_TYPE_INT8:
      case LDNS_RDF_TYPE_ALG:
      case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
      case LDNS_RDF_TYPE_SELECTOR:
      case LDNS_RDF_TYPE_MATCHING_TYPE:
        max = 255;
        break;
      case LDNS_RDF_TYPE_INT16:
      case LDNS_RDF_TYPE_CERT_ALG:
        max = 65535;
        break;
      case LDNS_RDF_TYPE_INT32:
        max = UINT32_MAX;
        break;
      default:
        continue;
    }
    const std::string_view text = tokens[i].text;
    if (text.starts_with('-') || text.starts_with('+')) return false;
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
      continue;  // a mnemonic
    std::uint64_t value = 0;
    const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || value > max) return false;
    // Reserved (RFC 4398 §2.1), and ldns would leak the octets it refuses.
    if (ldns_rr_descriptor_field_type(&known, i) == LDNS_RDF_TYPE_CERT_ALG && value == 0) return false;
  }
  return true;
}

// ldns reads an odd digit out of hexadecimal text as nothing, and wraps the port of a service binding.
bool digits_fit(RrType type, const ldns_rr_descriptor& known, std::span<const Token> tokens) {
  const std::size_t last = ldns_rr_descriptor_minimum(&known);
  if (last > 0 && ldns_rr_descriptor_field_type(&known, last - 1) == LDNS_RDF_TYPE_HEX &&
      tokens.size() >= last) {
    std::size_t digits = 0;
    for (const Token& token : tokens.subspan(last - 1)) digits += token.text.size();
    if (digits % 2 != 0) return false;
  }
  constexpr std::string_view kPort = "port=";
  for (const Token& token : tokens) {
    if ((type != type::kSvcb && type != type::kHttps) || !token.text.starts_with(kPort)) continue;
    std::string_view value = token.text.substr(kPort.size());
    if (value.starts_with('"')) value.remove_prefix(1);
    std::uint16_t port = 0;
    if (std::from_chars(value.data(), value.data() + value.size(), port).ec != std::errc()) return false;
  }
  return true;
}

// Reads the names of a record again: ldns takes one that begins with the label "@", however escaped, for the
// origin.
Result<void> read_names(ldns_rr* rr, const ldns_rr_descriptor& known, std::span<const Token> tokens,
                        const Name& origin) {
  // So many fields are one word each; the words of those behind them are not told apart.
  const std::size_t fields =
      std::min({tokens.size(), ldns_rr_rd_count(rr), ldns_rr_descriptor_minimum(&known)});
  for (const Token& token : tokens.subspan(fields)) {
    const bool at = token.text == "\\@" || token.text == "\\064" || token.text.starts_with("\\@.") ||
                    token.text.starts_with("\\064.");
    if (at && !token.quoted) return fail("a name that begins with the label \"@\" cannot be read there");
  }
  for (std::size_t i = 0; i < fields; ++i) {
    if (ldns_rr_descriptor_field_type(&known, i) != LDNS_RDF_TYPE_DNAME) continue;
    const auto name = Name::parse(tokens[i].text, origin);
    if (!name) return tl::unexpected(name.error());
    const auto wire = name->wire();
    ldns_rdf* const field = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, wire.size(), wire.data());
    if (field == nullptr) return fail("out of memory");
    ldns_rdf_deep_free(ldns_rr_set_rdf(rr, field, i));
  }
  return {};
}

Result<Bytes> ldns_from_tokens(RrType type, std::string_view text, std::span<const Token> tokens,
                               const Name& origin) {
  const std::string mnemonic = type_to_text(type);
  const auto bad = [&](std::string why) {
    const std::string_view shape = shape_of(type);
    if (!shape.empty()) why += fmt::format("; expected {}", shape);
    return tl::unexpected<Error>(not_rdata(text, mnemonic, why));
  };
  const ldns_rr_descriptor* known = ldns_rr_descript(type);
  if (known == nullptr || known->_type != type) {
    return bad("this type is only read in the form \"\\# octets hexadecimal\" (RFC 3597)");
  }
  if (!numbers_fit(*known, tokens)) return bad("a number is out of range");
  if (!digits_fit(type, *known, tokens)) return bad("its digits do not make whole values");
  std::string line = ". 0 IN " + mnemonic;
  for (const Token& token : tokens) {
    line += token.quoted ? fmt::format(" \"{}\"", token.text) : fmt::format(" {}", token.text);
  }
  const auto at = origin.wire();
  const LdnsRdf ldns_origin(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, at.size(), at.data()));
  ldns_rr* rr = nullptr;
  const ldns_status status = ldns_rr_new_frm_str(&rr, line.c_str(), 0, ldns_origin.get(), nullptr);
  if (status != LDNS_STATUS_OK) return bad(lowercased_reason(status));
  const LdnsRr owned(rr);
  if (const auto names = read_names(rr, *known, tokens, origin); !names) return bad(names.error().message);
  Bytes out = octets_of(rr);
  if (ldns_rr_get_type(rr) != type || out.size() > 65535 || !is_well_formed(type, out)) {
    return bad("its values contradict each other");
  }
  return out;
}

std::string generic_text(std::span<const std::uint8_t> rdata) {
  std::string out = fmt::format("\\# {}", rdata.size());
  if (!rdata.empty()) out += ' ';
  for (const std::uint8_t octet : rdata) out += fmt::format("{:02x}", octet);
  return out;
}

std::optional<std::string> ldns_text(RrType type, std::span<const std::uint8_t> rdata) {
  const LdnsRr rr = rr_from_wire(type, rdata);
  if (!rr) return std::nullopt;
  const LdnsText line(ldns_rr2str_fmt(ldns_output_format_nocomments, rr.get()));
  if (!line) return std::nullopt;
  // ".\t0\tIN\tTYPE\tRDATA\n"
  std::string_view text = line.get();
  for (int tab = 0; tab < 4; ++tab) {
    const auto at = text.find('\t');
    if (at == std::string_view::npos) return std::nullopt;
    text.remove_prefix(at + 1);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text);
}

// "$" and "@" mean something to some readers of zone files even inside a name: escaped, they mean themselves
// to all (RFC 1035 §5.1).
std::string escape_specials(std::string_view text) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      out += c;
      out += text[++i];
    } else if (!quoted && (c == '$' || c == '@')) {
      out += c == '$' ? "\\036" : "\\064";
    } else {
      if (c == '"') quoted = !quoted;
      out += c;
    }
  }
  return out;
}

}  // namespace

std::optional<RrType> type_from_text(std::string_view text) {
  if (text == "A") return type::kA;
  if (text == "AAAA") return type::kAaaa;
  constexpr std::size_t kLongest = 16;
  if (text.empty() || text.size() > kLongest) return std::nullopt;
  const std::string upper = uppercased(text);
  unsigned number = 0;
  if (upper.starts_with(kTypePrefix)) {
    const char* end = upper.data() + upper.size();
    const auto [stop, failure] = std::from_chars(upper.data() + kTypePrefix.size(), end, number);
    if (failure != std::errc() || stop != end) return std::nullopt;
  } else {
    number = ldns_get_rr_type_by_name(upper.c_str());
  }
  return can_stand_in_zone(number) ? std::optional(static_cast<RrType>(number)) : std::nullopt;
}

std::string type_to_text(RrType type) {
  const ldns_rr_descriptor* known = ldns_rr_descript(type);
  if (known != nullptr && known->_type == type && known->_name != nullptr) return known->_name;
  return fmt::format("TYPE{}", type);
}

const std::vector<std::string_view>& common_types() {
  static const std::vector<std::string_view> kTypes = {
      "A",      "AAAA", "CAA", "CNAME", "DNAME", "DNSKEY",     "DS",  "HINFO",
      "HTTPS",  "LOC",  "MX",  "NS",    "NAPTR", "OPENPGPKEY", "PTR", "RP",
      "SMIMEA", "SOA",  "SRV", "SSHFP", "SVCB",  "TLSA",       "TXT", "URI"};
  return kTypes;
}

Result<std::vector<std::uint8_t>> rdata_from_text(RrType type, std::string_view text, const Name& origin) {
  const bool generic = text.find("\\#") != std::string_view::npos;  // perhaps: the tokens tell
  if (!generic) {
    if (auto scanned = scan_common(type, text, origin)) return std::move(*scanned);
  }
  const auto tokens = split_tokens(text);
  if (!tokens) return tl::unexpected(not_rdata(text, type_to_text(type), tokens.error().message));
  if (!tokens->empty() && !tokens->front().quoted && tokens->front().text == "\\#") {
    return generic_from_tokens(type, text, std::span(*tokens).subspan(1));
  }
  if (auto scanned = scan_common(type, text, origin)) return std::move(*scanned);
  return ldns_from_tokens(type, text, *tokens, origin);
}

bool is_well_formed(RrType type, std::span<const std::uint8_t> rdata) {
  if (is_common(type)) return print_common(type, rdata).has_value();
  const ldns_rr_descriptor* known = ldns_rr_descript(type);
  if (known == nullptr || known->_type != type) return true;  // opaque to us
  const LdnsRr rr = rr_from_wire(type, rdata);
  // ldns takes RDATA that ends between two fields for whole.
  if (!rr || ldns_rr_rd_count(rr.get()) < ldns_rr_descriptor_minimum(known)) return false;
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr.get()); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(rr.get(), i);
    if (ldns_rdf_get_type(field) == LDNS_RDF_TYPE_DNAME &&
        !Name::from_wire({ldns_rdf_data(field), ldns_rdf_size(field)})) {
      return false;
    }
  }
  return (type != type::kSvcb && type != type::kHttps) || svc_params_ok(rdata);
}

std::string rdata_to_text(RrType type, std::span<const std::uint8_t> rdata) {
  if (auto text = print_common(type, rdata)) return *text;
  if (auto text = ldns_text(type, rdata)) {
    *text = escape_specials(*text);
    // Not everything ldns prints does it read: only what comes back the same is used.
    const auto back = rdata_from_text(type, *text, Name());
    if (back && std::equal(back->begin(), back->end(), rdata.begin(), rdata.end())) return *text;
  }
  return generic_text(rdata);
}

}  // namespace gslbd::zones
