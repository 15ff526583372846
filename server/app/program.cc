// SPDX-License-Identifier: Apache-2.0
#include "server/app/program.h"

#include <systemd/sd-daemon.h>
#include <uv.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>

#include "core/log.h"
#include "server/admin/http_server.h"
#include "server/answer/responder.h"
#include "server/app/api.h"
#include "server/app/environment.h"
#include "server/app/file_watch.h"
#include "server/app/mailbox.h"
#include "server/app/reloader.h"
#include "server/app/restart.h"
#include "server/app/state.h"
#include "server/app/status.h"
#include "server/app/verdict_keeper.h"
#include "server/app/verdict_store.h"
#include "server/net/worker.h"

namespace gslbd::server {
namespace {

std::uint64_t fresh_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

std::vector<health::RememberedVerdict> remembered(const Config& config) {
  if (config.state_dir.empty()) return {};
  return VerdictStore(state_dir(config)).load(SystemClock().wall_now());
}

std::vector<ListenSpec> listen_specs(const Config& config) {
  std::vector<ListenSpec> specs;
  for (const ListenConfig& l : config.listen) specs.push_back({l.endpoint, PrefixSet(l.proxy_from)});
  return specs;
}

class Program final : public StatusSource {
 public:
  explicit Program(Loaded loaded, const Diagnostics& diagnostics)
      : first_(std::move(loaded)),
        mailbox_(loop_),
        worker_count_(first_.config.workers != 0 ? first_.config.workers
                                                 : std::max(1U, std::thread::hardware_concurrency())),
        monitor_({.seed = fresh_seed(), .remembered = remembered(first_.config)}, health_events()),
        state_(monitor_, worker_count_),
        reloader_(loop_, first_.config.file,
                  {[this](Loaded next) { install(std::move(next)); }, [this] { watch_files(); }}),
        watch_(loop_, [this] { reloader_.request_if_changed(); }),
        keeper_(loop_, monitor_, [this] { return state_dir(state_.loaded().config); }) {
    reloader_.loaded_at_start(first_, diagnostics);
  }
  ~Program() override { uv_loop_close(&loop_); }

  int run() {
    const auto started = start();
    if (!started) log::error("{}", started.error().message);
    if (started) uv_run(&loop_, UV_RUN_DEFAULT);
    stop();
    return started && !failed_ ? 0 : 1;
  }

  // StatusSource, on the main loop.
  StatusFacts facts() const override {
    StatusFacts facts{state_, reloader_.last(), {}, {}, started_at_, answering_};
    facts.reloads_succeeded = reloader_.succeeded();
    facts.reloads_failed = reloader_.failed();
    facts.listen = endpoints_;
    facts.waiting_for_restart = waiting_for_restart(started_with_, state_.loaded().config);
    if (workers_) facts.net = workers_->totals();
    for (const Responder* responder : responders_) facts.responses.add(responder->counters());
    return facts;
  }

 private:
  // Member of the base initialisation: the loop must be there before anything that lives on it.
  struct Loop : uv_loop_t {
    Loop() : uv_loop_t{} {
      if (const int status = uv_loop_init(this); status != 0) {
        throw std::runtime_error(std::string("cannot make an event loop: ") + uv_strerror(status));
      }
    }
  };

  health::Monitor::Events health_events() {
    return {
        [this](std::span<const health::VerdictChange> changes) {
          mailbox_.post([this, copy = std::vector(changes.begin(), changes.end())] {
            state_.apply(copy);
            keeper_.verdict_changed();
          });
        },
        [this] { mailbox_.post([this] { begin_answering("every check has a verdict"); }); },
    };
  }

  Result<void> start() {
    raise_descriptor_limit();
    if (auto usable = check_state_dir(first_.config); !usable) return usable;
    auto listeners = open_listeners(listen_specs(first_.config), worker_count_);
    if (!listeners) return tl::unexpected(listeners.error());
    endpoints_ = listeners->endpoints;
    listeners_ = std::move(*listeners);
    for (const Endpoint& endpoint : endpoints_) log::info("listening on {} (udp, tcp)", endpoint.to_string());
    const Config config = first_.config;
    if (config.admin.listen) {
      auto admin = HttpServer::start(*config.admin.listen, make_routes(*this, monitor_, mailbox_));
      if (!admin) return tl::unexpected(admin.error());
      admin_.emplace(std::move(*admin));
      log::info("admin on http://{}/", admin_->endpoint().to_string());
    }
    on_signal(hangup_, SIGHUP, [](Program& p) { p.reloader_.request("SIGHUP"); });
    on_signal(terminate_, SIGTERM, [](Program& p) { p.quit("SIGTERM"); });
    on_signal(interrupt_, SIGINT, [](Program& p) { p.quit("SIGINT"); });
    uv_timer_init(&loop_, &grace_);
    grace_.data = this;
    const auto grace = std::chrono::duration_cast<std::chrono::milliseconds>(config.start_grace).count();
    uv_timer_start(
        &grace_,
        [](uv_timer_t* t) { static_cast<Program*>(t->data)->begin_answering("start_grace is over"); },
        static_cast<std::uint64_t>(grace), 0);
    install(std::move(first_));
    watch_files();
    keeper_.start();
    return {};
  }

  template <class F>
  void on_signal(uv_signal_t& handle, int signal, F) {
    uv_signal_init(&loop_, &handle);
    handle.data = this;
    uv_signal_start(
        &handle, [](uv_signal_t* h, int) { F{}(*static_cast<Program*>(h->data)); }, signal);
    signals_.push_back(&handle);
  }

  void install(Loaded loaded) {
    warn_of_restart(loaded.config);
    const Config config = loaded.config;
    log::set_level(config.log_level);
    const std::size_t zones = loaded.zones.size();
    state_.install(std::move(loaded));
    log::info("configuration {} serves: {} zones, {} pools, {} targets", state_.generation(), zones,
              state_.steering().pools().size(), state_.steering().targets().size());
  }

  void watch_files() {
    const Config& config = state_.loaded().config;
    watch_.watch(config.watch ? reloader_.directories() : std::set<std::string>(), config.reload_debounce);
  }

  // The configuration of the start stays the measure: what waits for a restart waits until there is one.
  void warn_of_restart(const Config& next) {
    if (state_.generation() == 0) started_with_ = next;
    for (const std::string_view key : waiting_for_restart(started_with_, next)) {
      log::warning("\"{}\" has changed: that takes effect with a restart", key);
    }
  }

  // Until now queries have waited in the sockets' buffers.
  void begin_answering(const char* why) {
    if (workers_ || quitting_) return;
    uv_timer_stop(&grace_);
    std::size_t index = 0;
    const auto make_responder = [&] {
      auto responder = std::make_unique<Responder>(state_.published(), index++, fresh_seed(), clock_);
      responders_.push_back(responder.get());
      return responder;
    };
    auto workers = WorkerPool::start(std::move(listeners_), make_responder, {.tcp = started_with_.tcp});
    if (!workers) {
      log::error("{}", workers.error().message);
      responders_.clear();  // they went with the pool
      failed_ = true;
      return quit("the workers cannot start");
    }
    workers_.emplace(std::move(*workers));
    answering_ = true;
    log::info("ready ({})", why);
    sd_notify(0, "READY=1");
  }

  void quit(const char* why) {
    if (quitting_) return;
    quitting_ = true;
    log::info("stopping: {}", why);
    sd_notify(0, "STOPPING=1");
    uv_stop(&loop_);
  }

  void stop() {
    reloader_.stop();
    mailbox_.close();  // whoever waits for an answer of this loop is told that none will come
    admin_.reset();
    if (workers_) workers_->stop();
    watch_.close();
    keeper_.close();
    for (uv_signal_t* signal : signals_) uv_close(reinterpret_cast<uv_handle_t*>(signal), nullptr);
    if (grace_.data != nullptr) uv_close(reinterpret_cast<uv_handle_t*>(&grace_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);  // close callbacks, and a load that is under way
  }

  Loaded first_;
  const SystemClock clock_{};
  Loop loop_;
  Mailbox mailbox_;
  const std::size_t worker_count_;
  health::Monitor monitor_;
  State state_;
  Reloader reloader_;
  FileWatch watch_;
  VerdictKeeper keeper_;
  std::vector<uv_signal_t*> signals_;
  uv_signal_t hangup_{}, terminate_{}, interrupt_{};
  uv_timer_t grace_{};
  Config started_with_;
  Listeners listeners_;
  std::vector<Endpoint> endpoints_;
  std::vector<const Responder*> responders_;
  std::optional<WorkerPool> workers_;
  std::optional<HttpServer> admin_;
  const WallTime started_at_ = clock_.wall_now();
  bool answering_ = false;
  bool quitting_ = false;
  bool failed_ = false;  ///< it ends because it could not go on
};

}  // namespace

const char* version() {
  return GSLBD_VERSION;
}

int run_program(const std::string& config_file) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP,
              SIG_IGN);  // until the loop takes it: a reload asked for while loading is no reason to die
  Diagnostics diagnostics;
  auto loaded = load(config_file, {}, diagnostics);
  for (const auto& d : diagnostics.all()) {
    log::write(d.severity == Severity::error ? log::Level::error : log::Level::warning, d.to_string());
  }
  if (!loaded) {
    log::error("not started, errors in the configuration: {}", diagnostics.error_count());
    return 1;
  }
  return Program(std::move(*loaded), diagnostics).run();
}

}  // namespace gslbd::server
