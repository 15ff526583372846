// SPDX-License-Identifier: Apache-2.0
#include "server/app/reloader.h"

#include <filesystem>
#include <new>

#include "core/log.h"
#include "server/app/file_watch.h"

namespace gslbd::server {

struct Reloader::Job {
  uv_work_t work{};
  Reloader* owner = nullptr;
  std::string file;
  Serials serials;
  Config config;
  std::string signature;
  Diagnostics diagnostics;
  std::optional<Loaded> loaded;
  MonotonicTime started = SystemClock().now();
};

namespace {

// Every file that matters to a configuration, itself included.
std::vector<std::string> files_of(const Config& config, const std::string& file) {
  Diagnostics ignored;  // loading reports what is wrong
  auto out = find_zone_files(config, ignored);
  out.push_back(file);
  for (std::string& other : config.other_files()) out.push_back(std::move(other));
  return out;
}

// The configuration alone, whatever is wrong with it; nullopt when it cannot be read at all.
std::optional<Config> peek(const std::string& file) {
  Diagnostics ignored;
  const auto text = read_file(file);
  return text ? read_config(*text, file, ignored) : std::nullopt;
}

}  // namespace

Reloader::Reloader(uv_loop_t& loop, std::string file, Events events)
    : loop_(loop), file_(std::move(file)), events_(std::move(events)) {}

Reloader::~Reloader() = default;

void Reloader::loaded_at_start(const Loaded& loaded, const Diagnostics& diagnostics) {
  config_ = loaded.config;
  serials_ = loaded.serials;
  signature_ = files_signature(files_of(config_, file_));
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
  if (files_signature(files_of(config_, file_)) != signature_) request("a file changed");
}

std::set<std::string> Reloader::directories() const {
  std::set<std::string> out;
  // The directory above too: there it shows when this one is swapped, removed or made again.
  const auto add = [&](const std::string& file) {
    const auto directory = std::filesystem::absolute(file).parent_path();
    out.insert(directory.string());
    out.insert(directory.parent_path().string());
  };
  for (const std::string& file : files_of(config_, file_)) add(file);
  // Where a new file would appear, also when none is there now.
  for (const std::string& pattern : config_.zones) add(config_.resolve(pattern));
  std::erase_if(out, [](const std::string& directory) {
    std::error_code ignored;
    return !std::filesystem::is_directory(directory, ignored);
  });
  return out;
}

void Reloader::start(const std::string& reason) {
  log::info("reloading {}: {}", file_, reason);
  job_ = std::make_unique<Job>();
  job_->work.data = job_.get();
  job_->owner = this;
  job_->file = file_;
  job_->serials = serials_;
  job_->config = config_;
  uv_queue_work(
      &loop_, &job_->work,
      [](uv_work_t* w) {
        auto* job = static_cast<Job*>(w->data);
        try {
          if (auto now = peek(job->file)) job->config = std::move(*now);
          job->signature = files_signature(files_of(job->config, job->file));
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

// False: it could not be installed.
bool Reloader::take_over(Loaded& loaded) {
  const Serials serials = loaded.serials;
  try {
    events_.on_loaded(std::move(loaded));
  } catch (const std::exception& e) {  // out of memory, or a health thread that does not answer
    last_.messages.push_back(std::string("cannot be installed: ") + e.what());
    log::error("{}", last_.messages.back());
    return false;
  }
  serials_ = serials;
  return true;
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
  config_ = std::move(job.config);
  signature_ = std::move(job.signature);
  if (job.loaded && take_over(*job.loaded)) {
    ++succeeded_;
  } else {
    ++failed_;
    last_.successful = false;
    log::error("reload failed, errors: {}; the configuration loaded before keeps serving",
               job.diagnostics.error_count());
  }
  events_.on_end();
  if (again_) {
    again_ = false;
    start("requested during the last reload");
  }
}

}  // namespace gslbd::server
