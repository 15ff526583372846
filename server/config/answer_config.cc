// SPDX-License-Identifier: Apache-2.0
#include "server/config/answer_config.h"

#include "core/hex.h"
#include "server/answer/policy.h"
#include "server/config/rate_limit_config.h"

namespace gslbd::server {
namespace {

constexpr std::size_t kMaxCharacterString = 255;  // RFC 1035 §3.3

// true: as it is; false: nothing; a text of 1 to `longest` octets.
void read_disclosure(const JsonView& v, std::size_t longest, Disclosure& out) {
  if (v.json().is_boolean()) {
    out.kind = v.json().get<bool>() ? Disclosure::Kind::own : Disclosure::Kind::nothing;
    return;
  }
  if (!v.json().is_string()) return v.expected("true, false or a text");
  const auto& text = v.json().get_ref<const std::string&>();
  if (text.empty() || text.size() > longest) {
    return v.expected("true, false or a text of 1 to " + std::to_string(longest) + " octets");
  }
  out = {Disclosure::Kind::text, text};
}

// "0x" and an even number of hexadecimal digits as octets.
std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0 || text.size() < 4) return std::nullopt;
  std::string out;
  for (std::size_t i = 2; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

template <Disclosure ChaosConfig::*member>
void read_chaos_name(const JsonView& v, ChaosConfig& c) {
  read_disclosure(v, kMaxCharacterString, c.*member);
}

const Field<ChaosConfig> kChaosFields[] = {
    {"version.bind", "true, false or text", "`false`",
     "the program and its version, or a text; which holes to try is nobody's business",
     read_chaos_name<&ChaosConfig::version_bind>},
    {"version.server", "true, false or text", "`false`", "the same by its newer name",
     read_chaos_name<&ChaosConfig::version_server>},
    {"hostname.bind", "true, false or text", "`true` if `identity` is set, else `false`",
     "the identity, or a text: which of several servers answers",
     read_chaos_name<&ChaosConfig::hostname_bind>},
    {"id.server", "true, false or text", "`true` if `identity` is set, else `false`",
     "the same by the name of RFC 4892", read_chaos_name<&ChaosConfig::id_server>},
};

const Field<CookieConfig> kCookieFields[] = {
    {"secret_file", "file name", "a random secret, kept until the program ends",
     "secrets that several servers share, one of 32 hexadecimal digits a line: the first makes cookies, all "
     "are accepted; read again at every reload",
     [](const JsonView& v, CookieConfig& c) {
       const auto name = read_string(v);
       if (name && name->empty()) return v.expected("a file name");
       c.secret_file = name.value_or("");
     }},
};

}  // namespace

void read_nsid(const JsonView& v, AnswerConfig& a) {
  if (!v.json().is_string() || !v.json().get_ref<const std::string&>().starts_with("0x")) {
    return read_disclosure(v, AnswerPolicy::kMaxNsid, a.nsid);
  }
  auto octets = from_hex(v.json().get_ref<const std::string&>());
  if (!octets || octets->size() > AnswerPolicy::kMaxNsid) {
    return v.expected("\"0x\" with two hexadecimal digits for each of 1 to " +
                      std::to_string(AnswerPolicy::kMaxNsid) + " octets");
  }
  a.nsid = {Disclosure::Kind::text, std::move(*octets)};
}

void read_chaos(const JsonView& v, AnswerConfig& a) {
  if (v.json() == false) {
    const Disclosure nothing{Disclosure::Kind::nothing, {}};
    a.chaos = {nothing, nothing, nothing, nothing};
  } else if (v.json().is_object()) {
    read_object<ChaosConfig>(v, kChaosFields, a.chaos);
  } else {
    v.expected("an object, or false");
  }
}

void read_cookies(const JsonView& v, AnswerConfig& a) {
  if (v.json().is_boolean()) {
    a.cookies.on = v.json().get<bool>();
  } else if (v.json().is_object()) {
    read_object<CookieConfig>(v, kCookieFields, a.cookies);
  } else {
    v.expected("true, false or an object with \"secret_file\"");
  }
}

void read_rate_limit_key(const JsonView& v, AnswerConfig& a) {
  if (v.json() == false) return;
  read_rate_limit(v, a.rate_limit.emplace());
}

void read_report_agent(const JsonView& v, AnswerConfig& a) {
  const auto text = read_string(v);
  if (!text) return;
  const auto name = zones::Name::parse(*text);
  if (!name) return v.error(name.error().message);
  if (name->is_root()) return v.expected("a domain name below the root, where reports can go");
  a.report_agent = name->lowercased();
}

std::span<const Field<ChaosConfig>> chaos_fields() {
  return kChaosFields;
}
std::span<const Field<CookieConfig>> cookie_fields() {
  return kCookieFields;
}

}  // namespace gslbd::server
