// SPDX-License-Identifier: Apache-2.0
// The check type tcp: its options. The probing is in tcp_transport.cc.

#include <fmt/format.h>

#include "health/check_type.h"
#include "health/types/hold_field.h"
#include "health/types/octets.h"
#include "health/types/tcp_options.h"
#include "health/types/tcp_presets.h"
#include "health/types/tcp_transport.h"
#include "health/types/tls_fields.h"

namespace gslbd::health {
namespace {

constexpr std::size_t kMostToSend = 4096;

TcpOptions& tcp(Check& c) {
  return c.as<TcpOptions>();
}

/// The one step that `send` and `expect` are about.
TcpStep& own_step(Check& c) {
  if (tcp(c).steps.empty()) tcp(c).steps.emplace_back();
  return tcp(c).steps.front();
}

void read_preset(const JsonView& v, Check& c) {
  std::vector<std::string_view> names;
  for (const TcpPreset& preset : tcp_presets()) names.push_back(preset.name);
  if (const auto index = read_choice(v, names)) tcp(c).preset = &tcp_presets()[*index];
}

void read_send(const JsonView& v, Check& c) {
  const auto text = read_string(v);
  if (!text) return;
  auto octets = parse_octets(*text);
  if (!octets) return v.error(octets.error().message);
  if (octets->empty() || octets->size() > kMostToSend) {
    return v.error(fmt::format("{} octets are outside 1 to {}", octets->size(), kMostToSend));
  }
  own_step(c).send = std::move(*octets);
}

void read_expect(const JsonView& v, Check& c) {
  const auto pattern = read_string(v);
  if (!pattern) return;
  auto compiled = BodyPattern::compile(*pattern, BodyPattern::Over::octets);
  if (!compiled) return v.error(compiled.error().message);
  own_step(c).expect = std::move(*compiled);
}

// Runs after all options were read: what the preset says, where the check does not say otherwise.
void apply_preset(TcpOptions& o) {
  const TcpPreset& preset = *o.preset;
  if (o.port == 0) o.port = o.use_tls ? preset.tls_port : preset.port;
  for (const TcpPresetStep& step : preset.steps) {
    if (step.expect.empty()) continue;
    auto pattern = BodyPattern::compile(std::string(step.expect), BodyPattern::Over::octets);
    o.steps.push_back({std::string(step.send), pattern ? *pattern : nullptr});
  }
  o.farewell = preset.farewell;
  o.first_line = preset.first_line;
}

void verify_tcp(const JsonView& v, const Check& c) {
  auto& o = static_cast<TcpOptions&>(*c.options);  // still being read
  const auto given = [&v](const char* key) { return v.json().contains(key); };
  if (!o.use_tls) {
    for (const char* key : {"host", "tls_verify", "ca_file"}) {
      if (given(key)) v.member(key).error(fmt::format("\"{}\" says nothing without \"tls\": true", key));
    }
  }
  if (o.preset == nullptr) {
    if (!given("port") && !given("preset")) v.error("the key \"port\" is missing (1 to 65535)");
    return;
  }
  for (const char* key : {"send", "expect"}) {
    if (given(key))
      v.member(key).error(fmt::format("the preset \"{}\" already says what to {}", o.preset->name, key));
  }
  if (o.use_tls && o.preset->tls_port == 0) {
    v.member("tls").error(
        fmt::format("{} begins without TLS; the preset cannot go on with it", o.preset->name));
  }
  if (!given("send") && !given("expect")) apply_preset(o);
}

void describe(const Check& c, std::string& out) {
  const auto& o = c.as<TcpOptions>();
  out += fmt::format(" port={}", o.port);
  if (o.preset != nullptr) out += fmt::format(" preset={}", o.preset->name);
  if (o.use_tls) out += " tls" + describe_tls(o.tls);
  for (const TcpStep& step : o.steps) {
    out += fmt::format(" send={}:{}", step.send.size(), step.send);
    if (step.expect != nullptr)
      out += fmt::format(" expect={}:{}", step.expect->text().size(), step.expect->text());
  }
}

const Field<Check> kFields[] = {
    {"port", "1 to 65535", "the preset's; without one required", "the TCP port",
     [](const JsonView& v, Check& c) {
       if (const auto port = read_integer(v, 1, 65535)) tcp(c).port = static_cast<std::uint16_t>(*port);
     }},
    {"preset", "smtp, imap, pop3, ftp, redis, mysql or postgresql", "none",
     "a ready-made conversation that only a working server of that kind can have", read_preset},
    {"send", "text, or \"0x\" and digits", "nothing",
     "1 to 4096 octets that are sent once connected, before anything is expected", read_send},
    {"expect", "regular expression (RE2)", "nothing",
     "searched in the first 4 KiB that the server says, octet by octet: `\\x00` is an octet of zeros",
     read_expect},
    {"tls", "true or false", "false", "whether the connection begins with a TLS handshake",
     [](const JsonView& v, Check& c) { tcp(c).use_tls = read_bool(v).value_or(tcp(c).use_tls); }},
    {"host", "host name", "the address", "with `tls`: the name in handshake and certificate",
     [](const JsonView& v, Check& c) { read_tls_host(v, tcp(c).tls); }},
    {"tls_verify", "true or false", "true", "with `tls`: whether the certificate must be valid for the name",
     [](const JsonView& v, Check& c) { tcp(c).tls.verify = read_bool(v).value_or(tcp(c).tls.verify); }},
    {"ca_file", "file name", "the system's authorities", "with `tls`: PEM file with the authorities to trust",
     [](const JsonView& v, Check& c) { read_tls_ca_file(v, tcp(c).tls); }},
    kHoldField,
};

}  // namespace

constinit const CheckType kTcpCheck{
    .name = "tcp",
    .help = "connects to a port; optionally shakes hands (TLS), sends something and looks at the answer",
    .defaults = default_options<TcpOptions>,
    .fields = kFields,
    .verify = verify_tcp,
    .describe = describe,
    .make_transport = make_tcp_transport,
    .hold_port = [](const Check& c) -> std::optional<std::uint16_t> { return c.as<TcpOptions>().port; },
};

}  // namespace gslbd::health
