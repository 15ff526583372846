// SPDX-License-Identifier: Apache-2.0
#include "server/app/reloader.h"

#include <filesystem>

#include "core/log.h"
#include "server/app/file_watch.h"

namespace gslbd::server {

struct Reloader::Job {
  uv_work_t work{};
  Reloader* owner = nullptr;
  std::string file;
  Serials serials;
  Diagnostics diagnostics;
  std::optional<Loaded> loaded;
  MonotonicTime started = SystemClock().now();
};

Reloader::Reloader(uv_loop_t& loop, std::string file, std::function<void(Loaded)> on_loaded)
    : loop_(loop), file_(std::move(file)), on_loaded_(std::move(on_loaded)) {}

Reloader::~Reloader() = default;

void Reloader::loaded_at_start(const Loaded& loaded, const Diagnostics& diagnostics) {
  config_ = loaded.config;
  serials_ = loaded.serials;
  signature_ = files_signature(files());
  last_ = {true, SystemClock().wall_now(), {}};
  for (const auto& d : diagnostics.all()) last_.messages.push_back(d.to_string());
}

void Reloader::request(const std::string& reason) {
  if (stopping_) return;
  if (busy()) {
    again_ = true;
  } else {
    start(reason);
  }
}

void Reloader::request_if_changed() {
  if (files_signature(files()) != signature_) request("a file changed");
}

std::vector<std::string> Reloader::files() const {
  Diagnostics ignored;  // loading reports what is wrong
  auto out = find_zone_files(config_, ignored);
  out.push_back(file_);
  return out;
}

std::set<std::string> Reloader::directories() const {
  std::set<std::string> out;
  const auto add = [&](const std::string& file) {
    const auto directory = std::filesystem::path(file).parent_path().string();
    out.insert(directory.empty() ? "." : directory);
  };
  for (const std::string& file : files()) add(file);
  // Where a new file would appear, also when none is there now.
  for (const std::string& pattern : config_.zones) {
    const std::string path = config_.resolve(pattern);
    if (std::filesystem::is_directory(std::filesystem::path(path).parent_path())) add(path);
  }
  return out;
}

void Reloader::start(const std::string& reason) {
  log::info("reloading {}: {}", file_, reason);
  signature_ = files_signature(files());
  job_ = std::make_unique<Job>();
  job_->work.data = job_.get();
  job_->owner = this;
  job_->file = file_;
  job_->serials = serials_;
  uv_queue_work(
      &loop_, &job_->work,
      [](uv_work_t* w) {
        auto* job = static_cast<Job*>(w->data);
        try {
          job->loaded = load(job->file, job->serials, job->diagnostics);
        } catch (const std::exception& e) {  // out of memory, for one: what serves now goes on
          job->loaded.reset();
          job->diagnostics.error(job->file, "", std::string("cannot be loaded: ") + e.what());
        }
      },
      [](uv_work_t* w, int) {
        auto* job = static_cast<Job*>(w->data);
        job->owner->finish(*job);
      });
}

void Reloader::finish(Job& job) {
  const std::unique_ptr<Job> ended = std::move(job_);
  last_ = {job.loaded.has_value(), SystemClock().wall_now(), {}};
  for (const auto& d : job.diagnostics.all()) {
    last_.messages.push_back(d.to_string());
    log::write(d.severity == Severity::error ? log::Level::error : log::Level::warning,
               last_.messages.back());
  }
  if (stopping_) return;
  if (job.loaded) {
    ++succeeded_;
    config_ = job.loaded->config;
    serials_ = job.loaded->serials;
    on_loaded_(std::move(*job.loaded));
  } else {
    ++failed_;
    log::error("reload failed with {} errors: the configuration loaded before keeps serving",
               job.diagnostics.error_count());
  }
  if (again_) {
    again_ = false;
    start("requested during the last reload");
  }
}

}  // namespace gslbd::server
