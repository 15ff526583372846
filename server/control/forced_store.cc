// SPDX-License-Identifier: Apache-2.0
#include "server/control/forced_store.h"

#include <algorithm>
#include <stdexcept>

#include "core/json.h"
#include "core/log.h"
#include "server/control/state_file.h"

namespace gslbd::server {
namespace {

constexpr int kVersion = 1;
constexpr const char* kName = "forced.json";

ForcedState read_state(const Json& value) {
  for (const ForcedState s : {ForcedState::up, ForcedState::down, ForcedState::drain}) {
    if (value.get_ref<const std::string&>() == forced_state_name(s)) return s;
  }
  throw std::runtime_error("a state that is neither up, down nor drain");
}

ForcedScope read_scope(const Json& entry) {
  const auto address = [&](const char* key) {
    const auto parsed = Address::parse(entry.at(key).get_ref<const std::string&>());
    if (!parsed) throw std::runtime_error(parsed.error().message);
    return *parsed;
  };
  if (entry.contains("site")) return ForcedScope::site(entry["site"].get<std::string>());
  if (entry.contains("check")) {
    return ForcedScope::target(entry["check"].get<std::string>(), address("target"));
  }
  const auto pool = entry.at("pool").get<std::string>();
  return entry.contains("member") ? ForcedScope::member(pool, address("member")) : ForcedScope::pool(pool);
}

// One entry, or an exception when it has not the form that serialize() gives it.
ForcedEntry read_entry(const Json& entry) {
  ForcedEntry out{read_scope(entry), read_state(entry.at("state"))};
  out.reason = entry.at("reason").get<std::string>();
  out.author = entry.at("author").get<std::string>();
  out.since = from_milliseconds(entry.at("since_ms"));
  if (!entry.at("until_ms").is_null()) out.until = from_milliseconds(entry.at("until_ms"));
  return out;
}

}  // namespace

Result<std::vector<ForcedEntry>> ForcedStore::parse(std::string_view text) try {
  const Json document = Json::parse(text);
  if (document.at("version") != kVersion) return fail("it has another version");
  std::vector<ForcedEntry> out;
  for (const Json& entry : document.at("forced")) out.push_back(read_entry(entry));
  if (out.size() > ForcedStates::kMost) return fail("too many entries");
  return out;
} catch (const std::exception& e) {
  return fail(e.what());
}

ForcedStore::Loaded ForcedStore::load(const std::string& state_dir) {
  const StateFile file(state_dir, kName);
  const auto text = file.read();
  if (!text) {
    // The next command writes the file anew: what it holds must not be lost with that.
    return {{}, file.set_aside(text.error().message)};
  }
  if (!*text) return {};
  auto entries = parse(**text);
  if (!entries) return {{}, file.set_aside(entries.error().message)};
  if (!entries->empty()) log::info("{}: {} forced states are taken up", file.path(), entries->size());
  return {std::move(*entries), {}};
}

std::string ForcedStore::serialize(std::span<const ForcedEntry> entries, WallTime now) {
  Json forced = Json::array();
  for (const ForcedEntry& e : entries) {
    Json entry = e.scope.to_json();
    entry.update({{"state", forced_state_name(e.state)},
                  {"reason", e.reason},
                  {"author", e.author},
                  {"since_ms", to_milliseconds(e.since)},
                  {"until_ms", nullptr}});
    if (e.until) entry["until_ms"] = to_milliseconds(*e.until);
    forced.push_back(std::move(entry));
  }
  const Json file = {{"version", kVersion}, {"written_ms", to_milliseconds(now)}, {"forced", forced}};
  return file.dump(1) + "\n";
}

Result<void> ForcedStore::save(const std::string& state_dir, std::uint64_t version,
                               const std::string& content) {
  const std::scoped_lock lock(mutex_);
  if (version <= saved_) return {};
  auto written = StateFile(state_dir, kName).write(content);
  if (written) saved_ = version;
  return written;
}

std::uint64_t ForcedStore::saved_version() const {
  const std::scoped_lock lock(mutex_);
  return saved_;
}

}  // namespace gslbd::server
