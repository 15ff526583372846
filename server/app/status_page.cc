// SPDX-License-Identifier: Apache-2.0
#include "server/app/status_page.h"

#include <fmt/format.h>

#include "server/app/status_notes.h"

namespace gslbd::server {
namespace {

constexpr const char* kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width"><title>gslbd</title><style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
.up { color: #1a7f37; } .down { color: #d1242f; font-weight: bold; } .unknown, .drained { color: #9a6700; }
code, pre { font-size: 90%; } pre { white-space: pre-wrap; } nav a { margin-right: 1rem; }
</style></head><body>
)";

// Names and details come from files and from the sites that are probed: nothing of them is markup.
std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string text_of(const Json& j, const char* key) {
  return escape(j.value(key, std::string()));
}

std::string verdict(const std::string& v) {
  return fmt::format("<td class=\"{0}\">{0}</td>", v);
}

std::string forced_text(const Json& forced) {
  return escape(forced_note(forced));
}

// The state that counts; where it is forced, by whom, and what the checks say.
std::string member_state(const Json& member) {
  const std::string state = member.value("drained", false) ? "drained" : text_of(member, "state");
  if (!member.contains("forced") || !member["forced"].is_object()) return verdict(state);
  return fmt::format("<td><span class=\"{0}\">{0}</span><br>{1}; checks say {2}</td>", state,
                     forced_text(member["forced"]), text_of(member, "checked"));
}

std::string row_of(const std::string& cells) {
  return "<tr>" + cells + "</tr>\n";
}
std::string cell(const std::string& escaped) {
  return "<td>" + escaped + "</td>";
}

std::string answer_text(const Json& answer) {
  std::string out;
  for (const Json& address : answer.at("addresses")) out += escape(address.get<std::string>()) + " ";
  const std::string why = text_of(answer, "why");
  return why == "no_members" ? "" : out + (why == "live" ? "" : "(" + why + ")");
}

std::string pools(const Json& status) {
  std::string out =
      "<h2>Pools</h2><table><tr><th>pool</th><th>member</th><th>state</th><th>site</th><th>answers</th></"
      "tr>\n";
  for (const Json& pool : status.at("pools")) {
    std::string answers = answer_text(pool.at("answers").at("A"));
    const std::string v6 = answer_text(pool.at("answers").at("AAAA"));
    if (!v6.empty()) answers += (answers.empty() ? "" : "<br>") + v6;
    bool first = true;
    for (const Json& m : pool.at("members")) {
      out += row_of(cell(first ? text_of(pool, "name") : "") + cell(text_of(m, "address")) + member_state(m) +
                    cell(text_of(m, "site")) + cell(first ? answers : ""));
      first = false;
    }
  }
  return out + "</table>\n";
}

std::string checks(const Json& status) {
  std::string out =
      "<h2>Checks</h2><table><tr><th>check</th><th>target</th><th>verdict</th><th>since</th><th>last "
      "outcome</th></tr>\n";
  for (const Json& c : status.at("checks")) {
    std::string last = "not probed yet";
    if (c.at("last").is_object()) {
      const std::string detail = text_of(c["last"], "detail");
      last = fmt::format("{}{}{} ({:.1f} ms)", text_of(c["last"], "outcome"), detail.empty() ? "" : ": ",
                         detail, c["last"].value("duration_seconds", 0.0) * 1e3);
    }
    if (c.contains("forced") && c["forced"].is_object()) last += "<br>" + forced_text(c["forced"]);
    for (const std::string& note : target_notes(c)) last += "<br>" + escape(note);
    const char* canary = c.value("canary", false) ? " (canary)" : "";
    out += row_of(cell(text_of(c, "check") + canary) + cell(text_of(c, "target")) +
                  verdict(text_of(c, "verdict")) + cell(text_of(c, "since")) + cell(last));
  }
  return out + "</table>\n";
}

std::string scope_of(const Json& entry) {
  for (const char* key : {"site", "pool", "check"}) {
    if (!entry.contains(key)) continue;
    std::string out = std::string(key) + " " + text_of(entry, key);
    for (const char* of : {"member", "target"}) {
      if (entry.contains(of)) out += " " + text_of(entry, of);
    }
    return out;
  }
  return {};
}

// Nothing when nothing is forced.
std::string forced(const Json& status) {
  const Json all = status.value("forced", Json::object()).value("forced", Json::array());
  if (all.empty()) return {};
  std::string out = "<h2>Forced</h2><table><tr><th>what</th><th>how</th><th></th></tr>\n";
  for (const Json& entry : all) {
    out += row_of(cell(scope_of(entry)) + cell(forced_text(entry)) + cell(text_of(entry, "note")));
  }
  return out + "</table>\n";
}

std::string zones(const Json& status) {
  std::string out = "<h2>Zones</h2><table><tr><th>zone</th><th>serial</th><th>names</th><th>file</th></tr>\n";
  for (const Json& z : status.at("zones")) {
    out += row_of(cell(text_of(z, "name")) + cell(std::to_string(z.value("serial", 0U))) +
                  cell(std::to_string(z.value("names", 0U))) + cell(text_of(z, "file")));
  }
  return out + "</table>\n";
}

std::string traffic(const Json& status) {
  const Json& t = status.at("traffic");
  const Json& limited = t.at("rate_limited");
  std::string out =
      fmt::format("<p>{} queries, {} TCP connections, {} datagrams lost; refused by access lists: {}",
                  t.value("queries", std::uint64_t{0}), t.value("tcp_connections", std::uint64_t{0}),
                  t.value("datagrams_lost", std::uint64_t{0}), t.value("access_refused", std::uint64_t{0}));
  const std::string limit = text_of(t, "rate_limit");
  if (limit != "off") {
    out += fmt::format("; over the rate limit{}: {} truncated, {} dropped",
                       limit == "log_only" ? " (log only)" : "", limited.value("truncated", std::uint64_t{0}),
                       limited.value("dropped", std::uint64_t{0}));
  }
  return out + "</p>\n";
}

// Nothing when there is no alarm.
std::string alarms(const Json& status) {
  std::string out;
  for (const std::string& note : alarm_notes(status)) {
    out += "<p class=\"down\" role=\"alert\">" + escape(note) + "</p>\n";
  }
  return out;
}

std::string last_reload(const Json& status) {
  const Json& reload = status.at("config").at("last_reload");
  std::string out;
  if (!reload.value("successful", false)) {
    out += "<p class=\"down\">The last reload failed; what was loaded before keeps serving.</p>\n";
  }
  std::string waiting;
  for (const Json& key : status.at("config").at("waiting_for_restart")) {
    waiting += (waiting.empty() ? "" : ", ") + escape(key.get<std::string>());
  }
  if (!waiting.empty()) out += "<p>Changed, and waiting for a restart: " + waiting + "</p>\n";
  std::string messages;
  for (const Json& message : reload.at("messages")) messages += escape(message.get<std::string>()) + "\n";
  if (!messages.empty()) out += "<pre>" + messages + "</pre>\n";
  return out;
}

}  // namespace

std::string status_page(const Json& status) {
  std::string out = kHead;
  out += fmt::format("<h1>{}</h1>\n<p>gslbd {}, since {}, configuration {} of <code>{}</code></p>\n",
                     text_of(status, "identity"), text_of(status, "version"), text_of(status, "started_at"),
                     status.at("config").value("generation", 0U), text_of(status.at("config"), "file"));
  out += alarms(status) + last_reload(status) + traffic(status) + forced(status) + pools(status) +
         checks(status) + zones(status);
  out +=
      "<nav><a href=\"/api/v1/status\">JSON</a><a href=\"/metrics\">metrics</a><a "
      "href=\"/ready\">ready</a><a href=\"/healthz\">healthz</a></nav>\n";
  return out + "</body></html>\n";
}

}  // namespace gslbd::server
