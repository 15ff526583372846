// SPDX-License-Identifier: Apache-2.0
#include "server/config/config.h"

#include <unistd.h>

#include <filesystem>

#include "server/config/hooks_config.h"
#include "server/config/journal_config.h"
#include "server/config/tcp_config.h"

namespace gslbd::server {
namespace {

using namespace std::chrono_literals;

void read_zones(const JsonView& v, Config& c) {
  if (v.json().is_array() && v.json().empty()) return v.expected("at least one file name or pattern");
  c.zones = read_strings(v);
}

void read_admin_listen(const JsonView& v, AdminConfig& a) {
  if (v.json().is_boolean() && !v.json().get<bool>()) {
    a.listen.reset();
    return;
  }
  const auto text = read_string(v);
  if (!text) return;
  const auto endpoint = Endpoint::parse(*text);
  if (!endpoint) return v.error(endpoint.error().message);
  // Debian 12 builds the HTTP library without IPv6: better said by `gslbd check` than at the start.
  if (!endpoint->address.is_v4())
    return v.error("the admin address must be IPv4, such as \"127.0.0.1:9153\"");
  a.listen = *endpoint;
}

void read_location(const JsonView& v, Site& s) {
  if (!v.json().is_array() || v.json().size() != 2) return v.expected("[latitude, longitude] in degrees");
  const auto latitude = read_number(v.element(0), -90, 90);
  const auto longitude = read_number(v.element(1), -180, 180);
  if (latitude && longitude) s.location = {*latitude, *longitude};
}

void read_fault_domains(const JsonView& v, Site& s) {
  if (!v.json().is_object()) return v.expected("an object of names, such as {\"carrier\": \"he\"}");
  for (const auto& [key, unused] : v.json().items()) {
    if (auto name = read_string(v.member(key))) s.fault_domains[key] = std::move(*name);
  }
}

const Field<AdminConfig> kAdminFields[] = {
    {"listen", "IPv4 address with port, or false", "`\"127.0.0.1:9153\"`",
     "where HTTP is served: metrics, status, the API; `false` switches it off", read_admin_listen},
    {"token_file", "file name", "none",
     "a file whose first line is the token that commands need; without it they are taken from this host "
     "alone",
     [](const JsonView& v, AdminConfig& a) { a.token_file = read_string(v).value_or(""); }},
};

const Field<Site> kSiteFields[] = {
    {"location", "[latitude, longitude]", "none",
     "degrees, north and east positive; for steering by distance, which this version has not", read_location},
    {"fault_domains", "object of strings", "none",
     "what the site shares with others: carrier, grid, provider", read_fault_domains},
};

const Field<Config> kConfigFields[] = {
    {"listen", "list of addresses with ports, or of objects", "required",
     "where DNS is answered, over UDP and TCP; port 0: a free one, see conventions",
     [](const JsonView& v, Config& c) { read_listen(v, c.listen); }},
    {"zones", "file name, or list of them", "required",
     "zone files; `*` and `?` match as in a shell; relative to this file", read_zones},
    {"workers", "1 to 256", "one a processor", "threads that answer",
     [](const JsonView& v, Config& c) {
       c.workers = static_cast<std::uint32_t>(read_integer(v, 1, 256).value_or(c.workers));
     }},
    {"admin", "object", "see below", "the HTTP address for people and Prometheus",
     [](const JsonView& v, Config& c) { read_object<AdminConfig>(v, kAdminFields, c.admin); }},
    {"state_dir", "directory", "none",
     "where forced states, and verdicts while they are fresh, are kept over a restart; must be writable",
     [](const JsonView& v, Config& c) { c.state_dir = read_string(v).value_or(""); }},
    {"journal", "object, or false", "see below", "what is kept in `state_dir` of what happened",
     [](const JsonView& v, Config& c) { read_journal_settings(v, c.journal); }},
    {"hooks", "list of hooks", "`[]`", "whom to tell what happened",
     [](const JsonView& v, Config& c) { read_hooks(v, c.hooks); }},
    {"identity", "string", "the host name",
     "the name of this server in its status, and to those who ask for it by NSID or id.server",
     [](const JsonView& v, Config& c) { c.identity = read_string(v).value_or(""); }},
    {"tcp", "object", "see below", "limits on TCP connections",
     [](const JsonView& v, Config& c) { read_tcp(v, c.tcp); }},
    {"udp_payload", "512 to 4096", "`1232`",
     "the longest response over UDP in octets, and what we advertise; a client may allow less, never more",
     [](const JsonView& v, Config& c) {
       c.answers.udp_payload =
           static_cast<std::uint16_t>(read_integer(v, 512, 4096).value_or(c.answers.udp_payload));
     }},
    {"additional", "true or false", "`true`",
     "add addresses of ours for the hosts in NS, MX, SRV, SVCB and HTTPS records; glue is always added",
     [](const JsonView& v, Config& c) {
       c.answers.additional = read_bool(v).value_or(c.answers.additional);
     }},
    {"nsid", "true, false, text or `\"0x\"` and digits", "`true` if `identity` is set, else `false`",
     "what a query with the NSID option is told (RFC 5001): the identity, nothing, a text, or octets in "
     "hexadecimal; at most 128 octets",
     [](const JsonView& v, Config& c) { read_nsid(v, c.answers); }},
    {"chaos", "object, or false", "see below", "the names of class CHAOS; `false` switches all of them off",
     [](const JsonView& v, Config& c) { read_chaos(v, c.answers); }},
    {"cookies", "true, false or object", "`true`",
     "DNS cookies (RFC 7873); several servers behind one name or address share a `secret_file`",
     [](const JsonView& v, Config& c) { read_cookies(v, c.answers); }},
    {"rate_limit", "object, or false", "`false`",
     "limits on what is sent over UDP to clients without a cookie",
     [](const JsonView& v, Config& c) { read_rate_limit_key(v, c.answers); }},
    {"report_agent", "name", "none", "the domain to which resolvers may report what fails (RFC 9567)",
     [](const JsonView& v, Config& c) { read_report_agent(v, c.answers); }},
    {"sites", "object of sites", "`{}`", "the datacentres, by name",
     [](const JsonView& v, Config& c) { c.sites = v.json(); }},
    {"checks", "object of checks", "`{}`", "how to find out who is alive, by name",
     [](const JsonView& v, Config& c) { c.checks = v.json(); }},
    {"pools", "object of pools", "`{}`", "sets of addresses to steer among, by name",
     [](const JsonView& v, Config& c) { c.pools = v.json(); }},
    {"isolation", "object, or false", "see below",
     "whether this server doubts itself when unrelated sites fall silent together",
     [](const JsonView& v, Config& c) { read_isolation(v, c.isolation); }},
    {"maintenance", "list of windows", "`[]`",
     "when a site, a pool, a member or a target is taken out of the answers by itself",
     [](const JsonView& v, Config& c) { read_maintenance(v, c.maintenance); }},
    {"start_grace", "duration, 0s to 1m", "`\"5s\"`",
     "how long the start waits for every target to have a verdict; then unknown counts as up",
     [](const JsonView& v, Config& c) {
       c.start_grace = read_duration(v, 0s, 1min).value_or(c.start_grace);
     }},
    {"watch", "true or false", "`true`", "reload by itself when this file or a zone file changes",
     [](const JsonView& v, Config& c) { c.watch = read_bool(v).value_or(c.watch); }},
    {"reload_debounce", "duration, 10ms to 1m", "`\"200ms\"`",
     "how long files must have been quiet before a watched change is loaded",
     [](const JsonView& v, Config& c) {
       c.reload_debounce = read_duration(v, 10ms, 1min).value_or(c.reload_debounce);
     }},
    {"log_level", "debug, info, warning, error or off", "`\"info\"`",
     "the least important lines that are logged",
     [](const JsonView& v, Config& c) {
       const std::vector<std::string_view> levels{"debug", "info", "warning", "error", "off"};
       if (const auto i = read_choice(v, levels)) c.log_level = levels[*i];
     }},
};

}  // namespace

std::span<const Field<Config>> config_fields() {
  return kConfigFields;
}
std::span<const Field<AdminConfig>> admin_fields() {
  return kAdminFields;
}
std::span<const Field<Site>> site_fields() {
  return kSiteFields;
}

std::string Config::resolve(const std::string& path) const {
  return (std::filesystem::path(file).parent_path() / path).string();
}

std::string Config::name() const {
  if (!identity.empty()) return identity;
  char host[256] = {};
  return gethostname(host, sizeof host - 1) == 0 ? host : "";
}

std::vector<std::string> Config::other_files() const {
  std::vector<std::string> files;
  const CookieConfig& cookies = answers.cookies;
  if (cookies.on && !cookies.secret_file.empty()) files.push_back(resolve(cookies.secret_file));
  if (!admin.token_file.empty()) files.push_back(resolve(admin.token_file));
  return files;
}

std::optional<Config> read_config(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  const auto document = parse_json(text, file, diagnostics);
  if (!document) return std::nullopt;
  Config config;
  config.file = file;
  const JsonView root(*document, file, diagnostics);
  read_object<Config>(root, kConfigFields, config);
  return document->is_object() ? std::optional(std::move(config)) : std::nullopt;
}

}  // namespace gslbd::server
