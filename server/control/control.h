// SPDX-License-Identifier: Apache-2.0
#pragma once
// Control: forced states and maintenance windows at work. It takes the commands, asks the clock when an entry
// or a window is over, tells the program what changed, and hands out what has to be written to the disk.
//
// Invariants: whoever asks forced() sees what was last told to on_change; a command is in the answers when it
// returns (on_change recompiles), and on the disk when keep() has returned.
//
// Thread: the loop's, except keep() and guard(), which are for any.

#include <uv.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "server/control/catalogue.h"
#include "server/control/forced_store.h"
#include "server/control/guard.h"
#include "server/control/maintenance.h"

namespace gslbd::server {

/// What happened to an entry, for the journal.
struct ForcedEvent {
  enum class What : std::uint8_t { forced, released, expired, window_opened, window_closed, resumed };
  What what = What::forced;
  ForcedEntry entry;
  std::string by{};  ///< who released or resumed; empty: nobody said
};
/// "forced", "window_opened": stable, for the journal.
std::string_view forced_event_name(ForcedEvent::What what);

class Control {
 public:
  struct Events {
    /// forced() has changed: the answers must follow before this returns.
    std::function<void()> on_change;
    std::function<void(const ForcedEvent&)> on_event;
    /// Ends a manual failback (Monitor::resume); false: none is waiting; nullopt: nobody knows.
    std::function<std::optional<bool>(const std::string& check, const Address& target)> resume;
  };

  /// What a configuration says about all this.
  struct Setup {
    std::string state_dir;  ///< empty: nothing is kept
    std::string token;      ///< empty: none
    std::vector<MaintenanceWindow> windows{};
    std::shared_ptr<const Catalogue> catalogue = std::make_shared<const Catalogue>();
  };

  /// Takes up what the state directory keeps; the events are not called for it. `clock` outlives this.
  Control(uv_loop_t& loop, const std::string& state_dir, const Clock& clock, Events events);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// A configuration serves now, the first or another.
  void installed(Setup setup);
  /// Writes what could not be written before. The loop must turn once more.
  void close();

  const ForcedStates& forced() const { return forced_; }
  ForcedLookup lookup() const { return forced_.lookup(); }
  /// What GET /api/v1/forced answers.
  Json json() const;
  /// An operator's or a window's entry as replies and status show it, and how many members or targets it
  /// reaches.
  Json entry_json(const ForcedEntry& entry) const;

  /// Content to be written by keep().
  struct Unsaved {
    std::string state_dir;
    std::uint64_t version = 0;
    std::string content;
  };
  struct Reply {
    int status = 200;
    Json body;
    std::optional<Unsaved> unsaved{};
  };
  // The commands, by their bodies.
  Reply force(const Json& body);
  Reply release(const Json& body);
  Reply resume(const Json& body);

  /// Writes what the command left to write, and the reply with how that went. Blocks for the disk.
  HttpResponse keep(Reply reply);
  /// Commands are held to this token from now on; installed() sets that of the configuration.
  void hold_to(const std::string& token) { guard_.set_token(token); }
  const Guard& guard() const { return guard_; }

 private:
  void refresh();
  void arm();
  Unsaved unsaved();
  std::optional<Reply> unknown(const ForcedScope& scope) const;
  void tell(const ForcedEvent& event) const;

  uv_loop_t& loop_;
  const Clock& clock_;
  Events events_;
  Guard guard_;
  Setup setup_;
  ForcedStates forced_;
  ForcedStore store_;
  std::uint64_t version_ = 0;  ///< counts changes that are worth keeping
  std::string complaint_;      ///< of the state directory's file at the start
  std::optional<WallTime> next_window_;
  uv_timer_t timer_{};
};

}  // namespace gslbd::server
