// SPDX-License-Identifier: Apache-2.0
#include "server/app/status_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace gslbd::server {
namespace {

std::string text_of(const Json& of, const char* key) {
  const auto found = of.find(key);
  return found != of.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_true(const Json& of, const char* key) {
  const auto found = of.find(key);
  return found != of.end() && found->is_boolean() && found->get<bool>();
}

std::string since(const std::string& time) {
  return time.empty() ? "" : " since " + time;
}

std::string isolated_note(const Json& prober) {
  std::string families;
  for (const Json& family : prober.value("isolated_from", Json::array())) {
    families += (families.empty() ? " from " : " and ") + std::string(family == "ipv4" ? "IPv4" : "IPv6");
  }
  return fmt::format("isolated{}{}: this server is cut off, verdicts are frozen", families,
                     since(text_of(prober, "isolated_since")));
}

// Outcomes for these reasons tell nothing of the target (docs/reference/metrics.md).
bool is_no_evidence(const std::string& outcome) {
  static constexpr std::array<std::string_view, 4> kReasons{"resources", "not_permitted", "internal",
                                                            "unheard"};
  return std::ranges::find(kReasons, outcome) != kReasons.end();
}

std::string held_back_note(const Json& target) {
  const auto held = target.find("held_back");
  if (held == target.end() || !held->is_object()) return {};
  const std::string until = text_of(*held, "until");
  const std::string passes = "passes, but " + text_of(*held, "why");
  if (!until.empty()) return passes + " (until " + until + ")";
  return fmt::format("{}: gslbctl resume --check {} --target {}", passes, text_of(target, "check"),
                     text_of(target, "target"));
}

// What is unknown with no streak under way has been given up: a verdict too old to be believed.
bool is_stale(const Json& target) {
  return text_of(target, "verdict") == "unknown" && target.value("passes_in_a_row", 0) == 0 &&
         target.value("failures_in_a_row", 0) == 0;
}

// Half a death that is not yet forgotten; less than that tells nobody anything.
constexpr double kPenaltyWorthTelling = 0.5;

}  // namespace

std::vector<std::string> alarm_notes(const Json& status) {
  std::vector<std::string> notes;
  for (const Json& name : status.value("stuck_threads", Json::array())) {
    if (name != "health") notes.push_back("stuck: the thread " + name.get<std::string>() + " does not run");
  }
  const Json prober = status.value("prober", Json::object());
  if (is_true(prober, "stuck")) {
    notes.emplace_back("stuck: the health thread does not run, nothing is probed");
  }
  if (is_true(prober, "isolated")) notes.push_back(isolated_note(prober));
  if (is_true(prober, "starved")) {
    notes.emplace_back(
        "starved: probes fail for want of descriptors, ports or memory here, and say nothing of the sites");
  }
  // A damaged file was set aside: what operators had forced may be gone.
  if (auto warning = text_of(status.value("forced", Json::object()), "warning"); !warning.empty()) {
    notes.push_back(std::move(warning));
  }
  return notes;
}

std::vector<std::string> target_notes(const Json& target) {
  std::vector<std::string> notes;
  if (is_true(target, "doubted"))
    notes.emplace_back("doubted: it fell silent, but perhaps this server is cut off");
  if (auto held = held_back_note(target); !held.empty()) notes.push_back(std::move(held));
  const double penalty = target.value("flap_penalty", 0.0);
  if (penalty >= kPenaltyWorthTelling) notes.push_back(fmt::format("flap penalty {:.1f}", penalty));
  const std::string evidence_at = text_of(target, "evidence_at");
  const Json last = target.value("last", Json());
  const bool blind = last.is_object() && is_no_evidence(text_of(last, "outcome"));
  if (!evidence_at.empty() && (blind || is_stale(target)))
    notes.push_back("no evidence since " + evidence_at);
  return notes;
}

std::string forced_note(const Json& forced) {
  if (!forced.is_object()) return {};
  std::string out = "forced " + text_of(forced, "state");
  if (const std::string author = text_of(forced, "author"); !author.empty()) out += " by " + author;
  if (const std::string until = text_of(forced, "until"); !until.empty()) out += " until " + until;
  if (const std::string reason = text_of(forced, "reason"); !reason.empty()) out += ": " + reason;
  return out;
}

}  // namespace gslbd::server
