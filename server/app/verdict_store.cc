// SPDX-License-Identifier: Apache-2.0
#include "server/app/verdict_store.h"

#include <cmath>
#include <stdexcept>

#include "core/json.h"
#include "core/log.h"

namespace gslbd::server {
namespace {

constexpr int kVersion = 2;

// One entry, or an exception when it has not the form that serialize() gives it. Of version 1 it has no more
// than the verdict.
health::RememberedVerdict read_entry(const Json& entry, WallTime written) {
  const auto address = Address::parse(entry.at("target").get_ref<const std::string&>());
  if (!address) throw std::runtime_error(address.error().message);
  const auto& verdict = entry.at("verdict").get_ref<const std::string&>();
  if (verdict != "up" && verdict != "down") throw std::runtime_error("a verdict that is neither up nor down");
  health::RememberedVerdict out{entry.at("check").get<std::string>(), *address,
                                verdict == "up" ? health::Verdict::up : health::Verdict::down,
                                from_milliseconds(entry.at("since_ms"))};
  out.as_of = written;
  out.flap_penalty = entry.value("flap_penalty", 0.0);
  if (!std::isfinite(out.flap_penalty) || out.flap_penalty < 0) throw std::runtime_error("a penalty below 0");
  if (entry.contains("held_until_ms")) out.held_until = from_milliseconds(entry["held_until_ms"]);
  out.awaits_resume = entry.value("awaits_resume", false);
  return out;
}

}  // namespace

VerdictStore::VerdictStore(const std::string& state_dir) : file_(state_dir, "verdicts.json") {}

Result<VerdictStore::Content> VerdictStore::parse(std::string_view text) try {
  const Json file = Json::parse(text);
  const Json& version = file.at("version");
  if (version != 1 && version != kVersion) return fail("it has another version");
  Content out{from_milliseconds(file.at("written_ms")), {}};
  for (const Json& entry : file.at("verdicts")) out.verdicts.push_back(read_entry(entry, out.written));
  return out;
} catch (const std::exception& e) {
  return fail(e.what());
}

std::vector<health::RememberedVerdict> VerdictStore::load(WallTime now) const {
  const auto text = file_.read();
  if (!text) log::error("{}", text.error().message);
  if (!text || !*text) return {};
  auto content = parse(**text);
  if (!content) {
    (void)file_.set_aside(content.error().message);
    return {};
  }
  auto& [written, out] = *content;
  // A file from the future tells that a clock was wrong: nobody knows how old it is.
  if (now - written > kFreshFor || written - now > kFreshFor) {
    std::erase_if(out, [](const auto& each) { return !each.awaits_resume; });
    log::info("{}: written at {}: too long ago to be believed, but for {} that wait to be resumed", path(),
              format_wall_time(written), out.size());
  } else {
    log::info("{}: {} verdicts of {} are taken up", path(), out.size(), format_wall_time(written));
  }
  return std::move(out);
}

std::string VerdictStore::serialize(std::span<const health::TargetStatus> targets, WallTime now) {
  Json verdicts = Json::array();
  for (const auto& t : targets) {
    // A canary may have the check and the address of a target that is steered by.
    if (t.canary || t.verdict == health::Verdict::unknown) continue;
    Json entry = {{"check", t.check},
                  {"target", t.address.to_string()},
                  {"verdict", health::verdict_name(t.verdict)},
                  {"since_ms", to_milliseconds(t.since)}};
    if (t.flap_penalty > 0) entry["flap_penalty"] = t.flap_penalty;
    if (t.held_until != WallTime{}) entry["held_until_ms"] = to_milliseconds(t.held_until);
    if (t.awaits_resume) entry["awaits_resume"] = true;
    verdicts.push_back(std::move(entry));
  }
  const Json file = {{"version", kVersion}, {"written_ms", to_milliseconds(now)}, {"verdicts", verdicts}};
  return file.dump(1) + "\n";
}

}  // namespace gslbd::server
