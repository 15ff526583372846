// SPDX-License-Identifier: Apache-2.0
#include "server/control/control.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/log.h"
#include "server/control/replies.h"
#include "server/control/requests.h"

namespace gslbd::server {
namespace {

using namespace std::chrono_literals;

std::string described(const ForcedEntry& entry) {
  std::string out = fmt::format("{}: {}", entry.scope.to_string(), forced_state_name(entry.state));
  if (entry.until) out += " until " + format_wall_time(*entry.until);
  if (!entry.reason.empty()) out += ", " + entry.reason;
  if (!entry.author.empty()) out += " (" + entry.author + ")";
  return out;
}

Control::Reply mistaken(const Diagnostics& diagnostics) {
  return {422, errors_json(diagnostics)};
}

}  // namespace

std::string_view forced_event_name(ForcedEvent::What what) {
  constexpr std::string_view kNames[] = {"forced",        "released",      "expired",
                                         "window_opened", "window_closed", "resumed"};
  return kNames[static_cast<std::size_t>(what)];
}

Control::Control(uv_loop_t& loop, const std::string& state_dir, const Clock& clock, Events events)
    : loop_(loop), clock_(clock), events_(std::move(events)) {
  uv_timer_init(&loop_, &timer_);
  timer_.data = this;
  setup_.state_dir = state_dir;
  if (state_dir.empty()) return;
  ForcedStore::Loaded kept = ForcedStore::load(state_dir);
  complaint_ = std::move(kept.complaint);
  for (ForcedEntry& entry : kept.entries) (void)forced_.set(std::move(entry));
  for (const ForcedEntry& entry : forced_.expire(clock_.wall_now())) log::info("over: {}", described(entry));
  for (const ForcedEntry& entry : forced_.all()) log::info("still forced: {}", described(entry));
}

void Control::installed(Setup setup) {
  const bool moved = setup.state_dir != setup_.state_dir;
  setup_ = std::move(setup);
  guard_.set_token(setup_.token);
  for (const ForcedEntry& entry : forced_.by_operators()) {
    if (setup_.catalogue->missing(entry.scope)) log::warning("matches nothing: {}", described(entry));
  }
  refresh();
  if (!moved || setup_.state_dir.empty()) return;
  ++version_;  // what the old directory knows, the new one must learn
  const Unsaved now = unsaved();
  if (const auto saved = store_.save(now.state_dir, now.version, now.content); !saved) {
    log::warning("{}", saved.error().message);
  }
}

// Whatever time has brought since the last look.
void Control::refresh() {
  const WallTime now = clock_.wall_now();
  const auto over = forced_.expire(now);
  if (!over.empty()) ++version_;
  OpenWindows open = open_windows(setup_.windows, now);
  next_window_ = open.next_change;
  const auto windows = forced_.set_windows(std::move(open.entries));
  if (!over.empty() || windows.changed) events_.on_change();
  for (const ForcedEntry& entry : over) tell({ForcedEvent::What::expired, entry});
  for (const ForcedEntry& entry : windows.began) tell({ForcedEvent::What::window_opened, entry});
  for (const ForcedEntry& entry : windows.ended) tell({ForcedEvent::What::window_closed, entry});
  arm();
}

// The wall clock may be set: however far the next change is, the clock is looked at now and then.
void Control::arm() {
  auto next = forced_.next_expiry();
  if (next_window_ && (!next || *next_window_ < *next)) next = next_window_;
  if (!next) {
    uv_timer_stop(&timer_);
    return;
  }
  const Duration left = std::clamp<Duration>(*next - clock_.wall_now(), 0s, 30s);
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  uv_update_time(&loop_);
  uv_timer_start(
      &timer_, [](uv_timer_t* t) { static_cast<Control*>(t->data)->refresh(); },
      static_cast<std::uint64_t>(wait), 0);
}

void Control::close() {
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  if (setup_.state_dir.empty() || store_.saved_version() >= version_) return;
  const Unsaved now = unsaved();
  if (const auto saved = store_.save(now.state_dir, now.version, now.content); !saved) {
    log::warning("{}", saved.error().message);
  }
}

Control::Unsaved Control::unsaved() {
  return {setup_.state_dir, version_, ForcedStore::serialize(forced_.by_operators(), clock_.wall_now())};
}

void Control::tell(const ForcedEvent& event) const {
  log::info("{}: {}{}", forced_event_name(event.what), described(event.entry),
            event.by.empty() ? "" : ", by " + event.by);
  if (events_.on_event) events_.on_event(event);
}

// The reply when the scope names what is not there.
std::optional<Control::Reply> Control::unknown(const ForcedScope& scope) const {
  const auto missing = setup_.catalogue->missing(scope);
  if (!missing) return std::nullopt;
  const Json where = {{"pointer", "/" + missing->key}, {"message", missing->message}};
  return Reply{404, {{"error", missing->message}, {"errors", Json::array({where})}}};
}

Control::Reply Control::force(const Json& body) {
  Diagnostics diagnostics;
  auto request = read_force(body, diagnostics);
  if (!request) return mistaken(diagnostics);
  if (auto refused = unknown(request->scope)) return std::move(*refused);
  const WallTime now = clock_.wall_now();
  ForcedEntry entry{request->scope, request->state, std::move(request->reason), std::move(request->author),
                    now};
  if (request->lasting) entry.until = now + *request->lasting;
  const auto replaced = forced_.set(entry);
  if (!replaced) return {409, {{"error", replaced.error().message}}};
  ++version_;
  events_.on_change();
  tell({ForcedEvent::What::forced, entry});
  arm();
  Json reply = entry_json(entry);
  if (*replaced) reply["replaced"] = entry_json(**replaced);
  return {200, std::move(reply), unsaved()};
}

Control::Reply Control::release(const Json& body) {
  Diagnostics diagnostics;
  const auto request = read_release(body, diagnostics);
  if (!request) return mistaken(diagnostics);
  const auto released = forced_.release(request->scope);
  const ForcedEntry* window = forced_.find(request->scope, true);
  if (!released) {
    if (window != nullptr) {
      return {409, {{"error", "this is a maintenance window of the configuration: end it there"}}};
    }
    if (auto refused = unknown(request->scope)) return std::move(*refused);
    return {404, {{"error", "nothing is forced on " + request->scope.to_string()}}};
  }
  ++version_;
  events_.on_change();
  tell({ForcedEvent::What::released, *released, request->author});
  arm();
  Json reply = request->scope.to_json();
  reply["released"] = entry_json(*released);
  if (window != nullptr) reply["now"] = entry_json(*window);
  return {200, std::move(reply), unsaved()};
}

Control::Reply Control::resume(const Json& body) {
  Diagnostics diagnostics;
  const auto request = read_resume(body, diagnostics);
  if (!request) return mistaken(diagnostics);
  if (auto refused = unknown(request->scope)) return std::move(*refused);
  const auto resumed =
      events_.resume ? events_.resume(request->scope.name, request->scope.address) : std::optional(false);
  if (!resumed) return {503, {{"error", "the health thread does not answer; it may still be resumed"}}};
  if (!*resumed) {
    return {409, {{"error", request->scope.to_string() + " does not wait for anybody to resume it"}}};
  }
  tell({ForcedEvent::What::resumed, {request->scope, ForcedState::up}, request->author});
  Json reply = request->scope.to_json();
  reply["resumed"] = true;
  return {200, std::move(reply)};
}

HttpResponse Control::keep(Reply reply) {
  if (reply.status != 200 || !reply.unsaved) return json_reply(reply.status, reply.body);
  const Unsaved& unsaved = *reply.unsaved;
  std::string warning;
  if (unsaved.state_dir.empty()) {
    warning = "no state_dir is configured: a restart forgets this";
  } else if (const auto saved = store_.save(unsaved.state_dir, unsaved.version, unsaved.content); !saved) {
    warning = saved.error().message + ": a restart forgets this";
    log::warning("{}", warning);
  }
  reply.body["kept"] = warning.empty();
  if (!warning.empty()) reply.body["warning"] = warning;
  return json_reply(200, reply.body);
}

Json Control::entry_json(const ForcedEntry& entry) const {
  Json out = entry.scope.to_json();
  const std::size_t reach = setup_.catalogue->reach(entry.scope);
  out.update({{"state", forced_state_name(entry.state)},
              {"reason", entry.reason},
              {"author", entry.author},
              {"since", format_wall_time(entry.since)},
              {"until", nullptr},
              {"maintenance", entry.maintenance},
              {"matches", reach}});
  if (entry.until) out["until"] = format_wall_time(*entry.until);
  if (reach == 0) out["note"] = "matches nothing";
  return out;
}

Json Control::json() const {
  Json forced = Json::array();
  for (const ForcedEntry& entry : forced_.all()) forced.push_back(entry_json(entry));
  std::vector<Json> coming;
  const WallTime now = clock_.wall_now();
  for (const MaintenanceWindow& window : setup_.windows) {
    const auto next = window.next_after(now);
    if (!next) continue;
    Json entry = window.scope.to_json();
    entry.update({{"state", forced_state_name(window.state)},
                  {"reason", window.reason},
                  {"from", format_wall_time(next->from)},
                  {"to", format_wall_time(next->to)},
                  {"time_zone", window.zone.name()}});
    coming.push_back(std::move(entry));
  }
  std::ranges::sort(coming, {}, [](const Json& each) { return each.at("from").get<std::string>(); });
  Json out = {{"forced", forced}, {"maintenance", coming}};
  if (!complaint_.empty()) out["warning"] = complaint_;
  return out;
}

}  // namespace gslbd::server
