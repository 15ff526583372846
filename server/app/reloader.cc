// SPDX-License-Identifier: Apache-2.0
#include "server/app/reloader.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "core/log.h"
#include "server/app/discard.h"

namespace gslbd::server {

// One look, and the load that it may lead to. While it is under way the owner's report does not change.
struct Reloader::Job {
  uv_work_t work{};
  Reloader* owner = nullptr;
  Wish wish = Wish::load;
  std::string reason;
  Edition before;                        // what is served, and what nobody has changed is taken over from
  std::shared_ptr<const Findings> seen;  // what the last load began with
  Changes since;                         // and what may have changed since
  const MonotonicTime started = SystemClock().now();
  // The results:
  std::shared_ptr<const Findings> findings;
  WatchedPaths watched;
  bool unchanged = false;
  Diagnostics diagnostics;
  std::vector<std::string> messages;
  std::size_t zones_read = 0;
  std::optional<NextEdition> next;

  void run();
  void load();
  void log_messages();
};

namespace {

// Zone files whose stamps do not tell whether they have changed since they were read.
bool hides_a_change(const ZoneFiles& seen, const Loaded& loaded) {
  PathWalk before(seen.paths, loaded.files.paths);
  for (std::size_t i = 0; i < seen.found.size(); ++i) {
    if (seen.found[i].settled) continue;
    const auto was = before.find(i);
    // What is not served as it was seen could not be loaded: what it held then is not known.
    if (!was || loaded.files.found[*was].stamp != seen.found[i].stamp) return true;
    const auto text = read_file((*seen.paths)[i]);
    if (!text || text_hash(*text) != loaded.zones[*was].source->text_hash) return true;
  }
  return false;
}

}  // namespace

void Reloader::Job::run() {
  try {
    findings = std::make_shared<const Findings>(find(owner->file_, seen.get(), since));
    watched = WatchedPaths(*findings);
    unchanged = wish == Wish::look && seen && findings->same_as(*seen) && before.loaded != nullptr &&
                !hides_a_change(seen->zone_files, *before.loaded);
    if (!unchanged) load();
  } catch (const std::exception& e) {  // out of memory, for one: what serves now goes on
    next.reset();
    findings.reset();  // it has not looked: the next look does not take this one's for what is known
    diagnostics.error(owner->file_, "", std::string("cannot be loaded: ") + e.what());
  }
  if (!unchanged) log_messages();
}

void Reloader::Job::load() {
  log::info("reloading {}: {}", owner->file_, reason);
  auto loaded = server::load(*findings, before.loaded.get(), diagnostics);
  if (!loaded) return;
  zones_read = loaded->zones_read;
  next = make_edition(std::move(*loaded), before);
}

// A warning that the last report has too is not news; the report keeps it.
void Reloader::Job::log_messages() {
  const std::unordered_set<std::string_view> known(owner->last_.messages.begin(),
                                                   owner->last_.messages.end());
  for (const Diagnostic& d : diagnostics.all()) {
    messages.push_back(d.to_string());
    if (d.severity == Severity::error) {
      log::error("{}", messages.back());
    } else if (!known.contains(messages.back())) {
      log::warning("{}", messages.back());
    }
  }
}

Reloader::Reloader(uv_loop_t& loop, std::string file, Events events)
    : loop_(loop), file_(std::move(file)), events_(std::move(events)) {}

Reloader::~Reloader() = default;

void Reloader::loaded_at_start(Findings findings, const Loaded& loaded, const Diagnostics& diagnostics) {
  findings_ = std::make_shared<const Findings>(std::move(findings));
  watched_ = WatchedPaths(*findings_);
  last_ = {true, SystemClock().wall_now(), {}, loaded.zones_read};
  for (const auto& d : diagnostics.all()) last_.messages.push_back(d.to_string());
}

void Reloader::request(const std::string& reason) {
  changes_.anything = true;
  start(Wish::load, reason);
}

void Reloader::request_if_changed(const ChangedFiles& happened) {
  watched_.add(happened, changes_);
  start(Wish::look, "a file changed");
}

void Reloader::start(Wish wish, const std::string& reason) {
  if (stopping_) return;
  if (busy()) {
    next_ = std::max(next_, wish);
    return;
  }
  job_ = std::make_shared<Job>();
  job_->work.data = job_.get();
  job_->owner = this;
  job_->wish = wish;
  job_->reason = reason;
  job_->before = events_.current();
  job_->seen = findings_;
  job_->since = std::exchange(changes_, {.anything = false, .paths = {}});
  uv_queue_work(
      &loop_, &job_->work, [](uv_work_t* w) { static_cast<Job*>(w->data)->run(); },
      [](uv_work_t* w, int) {
        auto* job = static_cast<Job*>(w->data);
        job->owner->finish(*job);
      });
}

void Reloader::finish(Job& job) {
  std::shared_ptr<Job> ended = std::move(job_);
  if (stopping_) return;
  if (job.findings) {
    findings_ = job.findings;
    watched_ = std::move(job.watched);
  } else {
    changes_.anything = true;  // it has not looked
  }
  if (!job.unchanged) note(job);
  events_.on_seen();
  discard(loop_, std::move(ended));
  const Wish next = std::exchange(next_, Wish::none);
  if (next != Wish::none) start(next, "requested during the last reload");
}

void Reloader::note(Job& job) {
  last_ = {job.next.has_value(), {}, std::move(job.messages), job.zones_read};
  if (job.next && take_over(job)) {
    ++succeeded_;
  } else {
    if (job.next) findings_ = job.seen;  // nothing is wrong with the files: the next look tries them again
    ++failed_;
    last_.successful = false;
    log::error("reload failed, errors: {}; the configuration loaded before keeps serving",
               job.diagnostics.error_count());
  }
  last_.at = SystemClock().wall_now();
  last_.took = SystemClock().now() - job.started;
  events_.on_end();
}

// False: it could not be installed.
bool Reloader::take_over(Job& job) {
  try {
    events_.on_loaded(std::move(*job.next));
    return true;
  } catch (const std::exception& e) {  // out of memory, or a health thread that does not answer
    last_.messages.push_back(std::string("cannot be installed: ") + e.what());
    log::error("{}", last_.messages.back());
    return false;
  }
}

}  // namespace gslbd::server
