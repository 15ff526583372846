// SPDX-License-Identifier: Apache-2.0
// The check type dns: its options. The probing is in dns_transport.cc.

#include <fmt/format.h>

#include "health/check_type.h"
#include "health/types/dns_transport.h"

namespace gslbd::health {
namespace {

DnsOptions& dns(Check& c) {
  return c.as<DnsOptions>();
}

void read_question(const JsonView& v, Check& c) {
  const auto text = read_string(v);
  if (!text) return;
  auto question = parse_question(*text);
  if (!question) return v.error(question.error().message);
  dns(c).question_text = *text;
  dns(c).question = std::move(*question);
}

void read_rcode(const JsonView& v, Check& c) {
  std::vector<std::uint8_t> rcodes;
  for (const std::string& name : read_strings(v)) {
    const auto rcode = parse_rcode(name);
    if (!rcode)
      return v.error(fmt::format("\"{}\" is no response code: NOERROR, NXDOMAIN, REFUSED, ...", name));
    rcodes.push_back(*rcode);
  }
  if (rcodes.empty()) return v.expected("a response code or a list of them");
  dns(c).rcodes = std::move(rcodes);
}

// Their form depends on the type asked for, which may be read later: verify_dns() looks at them.
void read_answer(const JsonView& v, Check& c) {
  const auto texts = read_strings(v);
  if (texts.empty()) return v.expected("record data or a list of it");
  for (const std::string& text : texts) {
    if (text == "*") {
      dns(c).any_answer = true;
    } else {
      dns(c).answers.push_back(text);
    }
  }
}

const Field<Check> kExpectFields[] = {
    {"rcode", "response code or a list of them", "\"NOERROR\"", "the response codes that pass", read_rcode},
    {"answer", "record data or a list of it", "any answer, or none",
     "one of these must be a record of the answer, as dig prints it; `\"*\"` is any record of the type asked "
     "for",
     read_answer},
    {"authoritative", "true or false", "false", "whether the answer must be authoritative (AA)",
     [](const JsonView& v, Check& c) { dns(c).authoritative = read_bool(v).value_or(false); }},
};

const Field<Check> kFields[] = {
    {"question", "name and type", "required", "what is asked: `\"www.example.com AAAA\"`; without a type A",
     read_question},
    {"port", "1 to 65535", "53", "the port",
     [](const JsonView& v, Check& c) {
       if (const auto port = read_integer(v, 1, 65535)) dns(c).port = static_cast<std::uint16_t>(*port);
     }},
    {"tcp", "true or false", "false", "whether to ask over TCP instead of UDP",
     [](const JsonView& v, Check& c) { dns(c).tcp = read_bool(v).value_or(false); }},
    {"recursion", "true or false", "true", "whether the query asks for recursion (RD)",
     [](const JsonView& v, Check& c) { dns(c).recursion = read_bool(v).value_or(true); }},
    {"expect", "object", "{}", "what must come back",
     [](const JsonView& v, Check& c) { read_object<Check>(v, kExpectFields, c); }},
};

// Reads the answers once more, now that the question is known: the options are still ours alone.
void verify_dns(const JsonView& v, const Check& c) {
  auto& options = static_cast<DnsOptions&>(*c.options);
  if (options.question.name.empty()) return;  // whose mistake has been told
  for (std::string& answer : options.answers) {
    auto normal = normalize_rdata(options.question.type, answer);
    if (!normal) {
      v.member("expect").member("answer").error(normal.error().message);
    } else {
      answer = std::move(*normal);
    }
  }
}

void describe_dns(const Check& c, std::string& out) {
  const auto& o = c.as<DnsOptions>();
  out += fmt::format(" port={} question={}:{} tcp={} rd={} aa={} any={}", o.port, o.question_text.size(),
                     o.question_text, o.tcp, o.recursion, o.authoritative, o.any_answer);
  for (const std::uint8_t rcode : o.rcodes) out += fmt::format(" rcode={}", rcode);
  for (const std::string& answer : o.answers) out += fmt::format(" answer={}:{}", answer.size(), answer);
}

}  // namespace

constinit const CheckType kDnsCheck{
    .name = "dns",
    .help = "asks a DNS server a question",
    .defaults = default_options<DnsOptions>,
    .fields = kFields,
    .expect_fields = kExpectFields,
    .verify = verify_dns,
    .describe = describe_dns,
    .make_transport = [](const ProbeContext& context) { return make_dns_transport(context.loop); },
};

}  // namespace gslbd::health
