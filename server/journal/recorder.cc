// SPDX-License-Identifier: Apache-2.0
#include "server/journal/recorder.h"

#include <algorithm>

#include "core/log.h"
#include "core/signals_blocked.h"
#include "server/control/control.h"
#include "server/journal/journal_file.h"
#include "server/steering/steering.h"

namespace gslbd::server {
namespace {

// A thousand sites of a hundred targets each may be lost at once, with two entries a target.
constexpr std::size_t kQueueLimit = 262'144;
// Of that, what "outcome" entries leave free.
constexpr std::size_t kReserve = kQueueLimit / 2;
constexpr std::chrono::seconds kTick{10};
constexpr std::size_t kMostMessages = 20;
constexpr std::size_t kLongestText = 1000;

void shorten(std::string& text) {
  if (text.size() > kLongestText) text = text.substr(0, kLongestText) + "...";
}

// Replaying is for the figures: most lines tell nothing of them and are not even parsed.
bool tells_of_uptime(std::string_view line) {
  return line.find("\"kind\":\"outcome\"") == std::string_view::npos &&
         line.find("\"kind\":\"pool\"") == std::string_view::npos;
}

}  // namespace

Recorder::Recorder(const RecorderSettings& settings, const std::string& version) : queue_(kQueueLimit) {
  configure(settings);
  Entry start{.at = clock_.wall_now(), .kind = "start"};
  start.more["version"] = version;
  note(std::move(start));
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

Recorder::~Recorder() {
  stop("destroyed");
}

void Recorder::configure(const RecorderSettings& settings) {
  hooks_.configure(settings.hooks, settings.server);
  queue_.put({{}, std::make_shared<const RecorderSettings>(settings)});
}

void Recorder::note(Entry entry) {
  hooks_.tell(entry);
  const std::size_t reserve = entry.kind == "outcome" ? kReserve : 0;
  queue_.put({std::move(entry), nullptr}, reserve);
}

void Recorder::note(const health::Event& event) {
  Entry entry = entry_of(event);
  // What a site says of itself has no bounds.
  if (const auto detail = entry.more.find("detail"); detail != entry.more.end()) {
    shorten(detail->get_ref<std::string&>());
  }
  note(std::move(entry));
}

void Recorder::note(const ForcedEvent& event) {
  Entry entry{.at = clock_.wall_now(), .kind = "forced"};
  entry.more = event.entry.scope.to_json();
  const auto lift = [&entry](const char* key) {
    const auto found = entry.more.find(key);
    std::string text = found != entry.more.end() && found->is_string() ? found->get<std::string>() : "";
    if (!text.empty()) entry.more.erase(found);
    return text;
  };
  entry.check = lift("check");
  entry.target = lift("target");
  entry.site = lift("site");
  entry.more["action"] = forced_event_name(event.what);
  entry.more["state"] = forced_state_name(event.entry.state);
  if (!event.entry.reason.empty()) entry.more["reason"] = event.entry.reason;
  if (!event.entry.author.empty()) entry.more["author"] = event.entry.author;
  if (!event.by.empty()) entry.more["by"] = event.by;
  if (event.entry.until) entry.more["until"] = format_wall_time(*event.entry.until);
  note(std::move(entry));
}

void Recorder::note_all(std::vector<Entry> entries) {
  for (Entry& entry : entries) note(std::move(entry));
}

void Recorder::note_reload(bool successful, std::uint64_t generation,
                           const std::vector<std::string>& messages) {
  Entry entry{.at = clock_.wall_now(), .kind = successful ? "reload" : "reload_failed"};
  entry.more["generation"] = generation;
  if (!messages.empty()) {
    Json told = Json::array();
    for (std::size_t i = 0; i < std::min(messages.size(), kMostMessages); ++i) {
      std::string message = messages[i];
      shorten(message);
      told.push_back(std::move(message));
    }
    entry.more["message_count"] = messages.size();
    entry.more["messages"] = std::move(told);
  }
  note(std::move(entry));
}

void Recorder::note_installed(const Steering& steering, std::span<const health::Believed> believed) {
  const WallTime now = clock_.wall_now();
  note_all(watch_.plan(steering.targets(), believed, now));
  watch_.begin();
  for (std::uint32_t p = 0; p < steering.pools().size(); ++p) {
    note_all(watch_.pool(steering.pools()[p], steering.state(p).members, now));
  }
  note_all(watch_.end(now));
}

void Recorder::note_pools(const Steering& steering, std::span<const std::uint32_t> pools) {
  const WallTime now = clock_.wall_now();
  for (const std::uint32_t p : pools) {
    note_all(watch_.pool(steering.pools()[p], steering.state(p).members, now));
  }
}

void Recorder::stop(const std::string& why) {
  if (stopped_) return;
  stopped_ = true;
  Entry entry{.at = clock_.wall_now(), .kind = "stop"};
  entry.more["why"] = why;
  note(std::move(entry));
  queue_.close();
  hooks_.stop();
  thread_.join();
}

JournalPage Recorder::journal(const JournalQuery& query) const {
  std::string directory;
  {
    const std::lock_guard lock(mutex_);
    directory = directory_;
  }
  return directory.empty() ? JournalPage{} : read_journal(directory, query);
}

std::vector<UptimeFigures> Recorder::uptime() const {
  const WallTime now = clock_.wall_now();
  const std::lock_guard lock(mutex_);
  auto out = uptime_.targets(now);
  auto sites = uptime_.sites(now);
  out.insert(out.end(), std::make_move_iterator(sites.begin()), std::make_move_iterator(sites.end()));
  return out;
}

RecorderCounters Recorder::counters() const {
  return {written_, queue_.refused(), write_failed_, hooks_.counters()};
}

// --- on the recorder's thread ---

void Recorder::run() {
  while (true) {
    const bool last = queue_.closed();
    MonotonicTime until = clock_.now() + kTick;
    if (file_) until = std::min(until, file_->sync_due().value_or(until));
    auto items = queue_.take(until);
    try {
      if (!items.empty()) work_off(std::move(items));
      if (file_) file_->touch();
    } catch (const std::exception& e) {  // out of memory, for one
      log::error("journal: {}", e.what());
    }
    if (file_) file_->sync_if_due(clock_.now());
    if (last) break;
  }
  file_.reset();
}

void Recorder::work_off(std::vector<Item> items) {
  std::string lines;
  std::uint64_t count = 0;
  for (Item& item : items) {
    if (item.settings) {
      write(std::exchange(lines, {}), std::exchange(count, 0));
      change(*item.settings);
      continue;
    }
    if (item.entry.kind == "start") begin(item.entry);
    {
      const std::lock_guard lock(mutex_);
      uptime_.note(item.entry);
    }
    if (!file_) continue;
    item.entry.sequence = ++sequence_;
    lines += to_line(item.entry);
    ++count;
  }
  note_losses(lines, count);
  write(lines, count);
  const MonotonicTime now = clock_.now();
  if (now - pruned_at_ < std::chrono::minutes(10)) return;
  pruned_at_ = now;
  const std::lock_guard lock(mutex_);
  uptime_.prune(clock_.wall_now());
}

void Recorder::change(const RecorderSettings& settings) {
  const std::string directory = settings.journal.on ? settings.state_dir : std::string();
  if (file_ && file_->directory() == directory) return file_->change(settings.journal);
  const bool at_start = !std::exchange(configured_, true);
  if (file_) {
    Entry stop{.sequence = ++sequence_, .at = clock_.wall_now(), .kind = "stop"};
    stop.more["why"] = "the journal was switched off or moved";
    write(to_line(stop), 1);
  }
  file_.reset();
  {
    const std::lock_guard lock(mutex_);
    directory_ = directory;
  }
  if (directory.empty()) return;
  if (const auto last = last_entry(directory)) sequence_ = std::max(sequence_, last->sequence);
  file_ = std::make_unique<JournalFile>(directory, settings.journal);
  const auto opened = file_->open();
  if (!opened) log::error("journal: {}; entries are lost until that ends", opened.error().message);
  failing_ = !opened;
  if (at_start) return replay();
  tell_known();
}

// A journal that is switched on later knows nothing of the targets, while the figures in memory know more
// than any file: it is told of them, and a later start can go on from there.
void Recorder::tell_known() {
  Entry start{.at = clock_.wall_now(), .kind = "start"};
  start.more["why"] = "the journal was switched on or moved";
  begin(start);
  std::vector<Entry> known{start};
  {
    const std::lock_guard lock(mutex_);
    for (Entry& entry : uptime_.known(start.at)) known.push_back(std::move(entry));
  }
  std::string lines;
  for (Entry& entry : known) {
    entry.sequence = ++sequence_;
    lines += to_line(entry);
  }
  write(lines, known.size());
}

void Recorder::replay() {
  const MonotonicTime begun = clock_.now();
  Uptime rebuilt;
  std::uint64_t entries = 0;
  replay_journal(file_->directory(), tells_of_uptime, [&](const Entry& entry) {
    rebuilt.note(entry);
    ++entries;
  });
  rebuilt.prune(clock_.wall_now());
  log::debug("journal: {} entries read in {:.3f} s", entries, to_seconds(clock_.now() - begun));
  const std::lock_guard lock(mutex_);
  uptime_ = std::move(rebuilt);
}

// A start without a stop before it was a crash: until then somebody watched, as far as the file can tell.
void Recorder::begin(Entry& start) {
  if (!file_) return;
  const auto last = last_entry(file_->directory());
  if (!last) return;
  const bool clean = last->kind == "stop";
  WallTime alive = last->at;
  if (!clean) alive = std::max(alive, file_->last_alive().value_or(alive));
  start.more["clean"] = clean;
  start.more["alive_until"] = format_wall_time(std::min(alive, start.at));
}

// The journal itself says what it lacks.
void Recorder::note_losses(std::string& lines, std::uint64_t& count) {
  const std::uint64_t lost = queue_.refused() + write_failed_;
  if (!file_ || failing_ || lost == losses_told_ || queue_.closed()) return;
  Entry entry{.sequence = ++sequence_, .at = clock_.wall_now(), .kind = "lost"};
  entry.more["count"] = lost - losses_told_;
  losses_told_ = lost;
  lines += to_line(entry);
  ++count;
}

void Recorder::write(const std::string& lines, std::uint64_t count) {
  if (!file_ || count == 0) return;
  const auto appended = file_->append(lines);
  if (appended) {
    written_ += count;
    if (failing_) log::info("journal: it can be written again");
  } else {
    write_failed_ += count;
    if (!failing_) log::error("journal: {}; entries are lost until that ends", appended.error().message);
  }
  failing_ = !appended;
}

}  // namespace gslbd::server
