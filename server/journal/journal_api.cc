// SPDX-License-Identifier: Apache-2.0
#include "server/journal/journal_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/hex.h"
#include "server/control/replies.h"

namespace gslbd::server {
namespace {

// "%2F" and "+" as forms write them; a "%" without two digits stays what it is.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (escaped) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

Result<void> read_limit(const std::string& value, JournalQuery& query) {
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), query.limit);
  const bool whole = ec == std::errc{} && end == value.data() + value.size();
  if (whole && query.limit >= 1 && query.limit <= JournalQuery::kMost) return {};
  return fail(fmt::format("limit: expected 1 to {}", JournalQuery::kMost));
}

Result<void> read_since(const std::string& value, WallTime now, JournalQuery& query) {
  query.since = parse_wall_time(value);
  if (query.since) return {};
  const auto ago = parse_duration(value);
  if (!ago) return fail("since: expected a time such as 2026-01-31T12:00:00Z, or how long ago, such as 24h");
  query.since = now - *ago;
  return {};
}

Result<void> read_kind(const std::string& value, JournalQuery& query) {
  std::vector<std::string_view> names;
  for (const EntryKind& kind : entry_kinds()) names.push_back(kind.name);
  query.kind = value;
  if (std::ranges::find(names, value) != names.end()) return {};
  const std::string_view hint = nearest(value, names);
  return fail("kind: there is no such kind" +
              (hint.empty() ? "" : fmt::format("; did you mean \"{}\"?", hint)));
}

Result<void> read_parameter(const std::string& name, const std::string& value, WallTime now,
                            JournalQuery& query) {
  if (name == "limit") return read_limit(value, query);
  if (name == "since") return read_since(value, now, query);
  if (name == "kind") return read_kind(value, query);
  if (name == "check" || name == "target" || name == "site") {
    (name == "check" ? query.check : name == "target" ? query.target : query.site) = value;
    return {};
  }
  const std::string_view hint = nearest(name, {"limit", "since", "kind", "check", "target", "site"});
  return fail(fmt::format("there is no parameter \"{}\"{}", name,
                          hint.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", hint)));
}

Json windows_json(const UptimeFigures& figures) {
  Json out = Json::object();
  for (std::size_t w = 0; w < figures.windows.size(); ++w) {
    const Share& share = figures.windows[w];
    const auto ratio = share.ratio();
    out[std::string(kUptimeWindows[w].name)] = {{"up_seconds", to_seconds(share.up)},
                                                {"down_seconds", to_seconds(share.down)},
                                                {"unknown_seconds", to_seconds(share.unknown)},
                                                {"ratio", ratio ? Json(*ratio) : Json(nullptr)}};
  }
  return out;
}

HttpResponse answer_journal(const Recorder& recorder, const HttpRequest& request) {
  const auto query = parse_journal_query(request.query, SystemClock().wall_now());
  if (!query) return json_error(422, query.error().message);
  const JournalPage page = recorder.journal(*query);
  Json entries = Json::array();
  for (const Entry& entry : page.entries) entries.push_back(to_json(entry));
  return json_reply(
      200, {{"entries", std::move(entries)}, {"damaged_lines", page.damaged}, {"complete", page.complete}});
}

}  // namespace

Result<JournalQuery> parse_journal_query(std::string_view query, WallTime now) {
  JournalQuery out;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string value =
        equals == std::string_view::npos ? std::string() : percent_decoded(pair.substr(equals + 1));
    if (auto read = read_parameter(percent_decoded(pair.substr(0, equals)), value, now, out); !read) {
      return tl::unexpected(read.error());
    }
  }
  return out;
}

Json uptime_json(std::span<const UptimeFigures> figures) {
  Json targets = Json::array();
  Json sites = Json::array();
  for (const UptimeFigures& f : figures) {
    if (f.check.empty()) {
      sites.push_back({{"site", f.site}, {"windows", windows_json(f)}});
    } else {
      targets.push_back(
          {{"check", f.check}, {"target", f.target}, {"site", f.site}, {"windows", windows_json(f)}});
    }
  }
  return {{"targets", std::move(targets)}, {"sites", std::move(sites)}};
}

std::vector<Route> recorder_routes(const Recorder& recorder) {
  return {
      {"GET", "/api/v1/journal",
       [&recorder](const HttpRequest& request) { return answer_journal(recorder, request); }},
      {"GET", "/api/v1/uptime",
       [&recorder](const HttpRequest&) { return json_reply(200, uptime_json(recorder.uptime())); }},
  };
}

}  // namespace gslbd::server
