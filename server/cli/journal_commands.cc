// SPDX-License-Identifier: Apache-2.0
#include "server/cli/journal_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include "core/json.h"
#include "server/cli/http_client.h"

namespace gslbd::server {
namespace {

/// What the options of `gslbctl journal` say; empty: not given.
struct Query {
  std::string limit, check, target, site, kind, since;
  bool json = false;
};

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string percent_encoded(const std::string& value) {
  std::string out;
  for (const char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    out += std::isalnum(octet) != 0 || c == '-' || c == '.' || c == '_' ? std::string(1, c)
                                                                        : fmt::format("%{:02X}", octet);
  }
  return out;
}

std::string query_text(const Query& q) {
  std::string out;
  const std::pair<const char*, const std::string&> parameters[] = {{"limit", q.limit},   {"check", q.check},
                                                                   {"target", q.target}, {"site", q.site},
                                                                   {"kind", q.kind},     {"since", q.since}};
  for (const auto& [name, value] : parameters) {
    if (!value.empty()) out += (out.empty() ? "?" : "&") + std::string(name) + "=" + percent_encoded(value);
  }
  return out;
}

// What a probed site said may be in a text: nothing of it steers a terminal.
std::string printable(std::string line) {
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

// "web on 192.0.2.1 at fra", as much of it as there is.
std::string subject(const Json& e) {
  std::string out = text(e, "check");
  const auto add = [&out](const char* before, const std::string& what) {
    if (!what.empty()) out += (out.empty() ? "" : " ") + std::string(before) + what;
  };
  add("on ", text(e, "target"));
  add("pool ", text(e, "pool"));
  add("member ", text(e, "member"));
  add("at ", text(e, "site"));
  return out;
}

std::string details(const Json& e) {
  std::string out;
  if (const std::string to = text(e, "to"); !to.empty()) {
    const std::string from = text(e, "from");
    out = from.empty() ? to : from + " -> " + to;
  }
  for (const char* key : {"action", "state", "reason", "detail", "author", "by", "until", "alive", "members",
                          "count", "generation", "message_count", "version", "clean", "why"}) {
    if (const std::string value = text(e, key); !value.empty()) {
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", key, value);
    }
  }
  return out;
}

int failed(const std::string& message) {
  fmt::print(stderr, "gslbctl: {}\n", message);
  return 1;
}

int journal_command(const std::string& url, const Query& query) {
  const auto body = http_get(url + "/api/v1/journal" + query_text(query));
  if (!body) return failed(body.error().message);
  const Json page = Json::parse(*body);
  const Json& entries = page.at("entries");
  // The API gives the newest first; people read downward.
  for (auto e = entries.rbegin(); e != entries.rend(); ++e) {
    if (query.json) {
      fmt::print("{}\n", e->dump(-1, ' ', false, Json::error_handler_t::replace));
    } else {
      fmt::print("{} {:<13} {}\n", text(*e, "at"), text(*e, "kind"),
                 printable(fmt::format("{:<40} {}", subject(*e), details(*e))));
    }
  }
  if (!page.value("complete", true)) fmt::print(stderr, "gslbctl: not all of the journal was searched\n");
  return 0;
}

std::string percent(const Json& window) {
  const Json& ratio = window.at("ratio");
  if (ratio.is_null()) return "-";
  // 99.9996 % is not 100 %: rounded down, so that only what was never down is 100.
  const double thousandths = std::floor(ratio.get<double>() * 1e5);
  return fmt::format("{:.3f} %", thousandths / 1e3);
}

void print_row(const std::string& a, const std::string& b, const Json& windows) {
  fmt::print("{:<24} {:<40} {:>10} {:>10} {:>10}\n", a, b, percent(windows.at("1h")),
             percent(windows.at("24h")), percent(windows.at("30d")));
}

int uptime_command(const std::string& url) {
  const auto body = http_get(url + "/api/v1/uptime");
  if (!body) return failed(body.error().message);
  const Json uptime = Json::parse(*body);
  fmt::print("{:<24} {:<40} {:>10} {:>10} {:>10}\n", "SITE", "", "1h", "24h", "30d");
  for (const Json& s : uptime.at("sites")) print_row(text(s, "site"), "", s.at("windows"));
  fmt::print("\n{:<24} {:<40} {:>10} {:>10} {:>10}\n", "CHECK", "TARGET", "1h", "24h", "30d");
  for (const Json& t : uptime.at("targets")) print_row(text(t, "check"), text(t, "target"), t.at("windows"));
  return 0;
}

}  // namespace

void add_journal_commands(CLI::App& app, const std::string& url, int& status) {
  CLI::App* journal = app.add_subcommand("journal", "what happened, the newest last");
  const auto query = std::make_shared<Query>();
  journal->add_option("-n,--limit", query->limit, "how many entries, 1 to 1000 (default 100)");
  journal->add_option("--since", query->since, "a time such as 2026-01-31T12:00:00Z, or how long ago: 24h");
  journal->add_option("--kind", query->kind, "only this kind: verdict, site, forced, ...");
  journal->add_option("--check", query->check, "only this check");
  journal->add_option("--target", query->target, "only this address");
  journal->add_option("--site", query->site, "only this site");
  journal->add_flag("--json", query->json, "one JSON object a line");
  journal->callback([&url, &status, query] { status = journal_command(url, *query); });
  app.add_subcommand("uptime", "for how much of an hour, a day and 30 days sites and targets were up")
      ->callback([&url, &status] { status = uptime_command(url); });
}

}  // namespace gslbd::server
