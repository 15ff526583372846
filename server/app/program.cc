// SPDX-License-Identifier: Apache-2.0
#include "server/app/program.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <uv.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <stdexcept>

#include "core/log.h"
#include "server/admin/http_server.h"
#include "server/answer/responder.h"
#include "server/app/api.h"
#include "server/app/control_routes.h"
#include "server/app/derived_settings.h"
#include "server/app/discard.h"
#include "server/app/environment.h"
#include "server/app/file_watch.h"
#include "server/app/heartbeat_route.h"
#include "server/app/mailbox.h"
#include "server/app/main_loop.h"
#include "server/app/reloader.h"
#include "server/app/restart.h"
#include "server/app/state.h"
#include "server/app/state_lock.h"
#include "server/app/status.h"
#include "server/app/step_timer.h"
#include "server/app/verdict_keeper.h"
#include "server/app/watchdog.h"
#include "server/control/control.h"
#include "server/journal/journal_api.h"
#include "server/journal/recorder.h"
#include "server/net/worker.h"

namespace gslbd::server {
namespace {

// Main waits for the health thread for up to five seconds (Monitor::kPatience), twice in a bad reload: no
// shorter silence of its own proves anything.
constexpr std::chrono::seconds kMainStuckAfter{12};
// The health thread shows four times a second that it runs.
constexpr std::chrono::seconds kHealthIsWell{1};

class Program final : public StatusSource {
 public:
  Program(Findings findings, Loaded loaded, const Diagnostics& diagnostics, StateLock lock)
      : state_lock_(std::move(lock)),
        first_(make_edition(std::move(loaded), {})),
        started_with_(first_.edition.loaded->config),
        mailbox_(loop_),
        worker_count_(worker_count(started_with_)),
        recorder_(recorder_settings(started_with_), version()),
        control_(loop_, state_dir(started_with_), clock_, control_events()),
        monitor_(monitor_options(started_with_), health_events()),
        state_(monitor_, worker_count_, state_events()),
        reloader_(loop_, started_with_.file, reloader_events()),
        watch_(loop_, [this](const ChangedFiles& changed) { reloader_.request_if_changed(changed); }),
        keeper_(loop_, monitor_, [this] { return state_dir(state_.loaded().config); }),
        steps_(
            loop_, [this] { return state_.next_step(); }, [this] { state_.step(); }),
        watchdog_(clock_, [this] { ping(); }) {
    reloader_.loaded_at_start(std::move(findings), *first_.edition.loaded, diagnostics);
  }

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
    facts.control = &control_;
    if (workers_) facts.net = workers_->totals();
    for (const Responder* responder : responders_) facts.responses.add(responder->counters());
    return facts;
  }

 private:
  health::Monitor::Events health_events() {
    return {
        .on_change =
            [this](std::span<const health::VerdictChange> changes) {
              mailbox_.post([this, copy = std::vector(changes.begin(), changes.end())] {
                state_.apply(copy);
                const auto decided = [](const health::VerdictChange& c) { return c.from != c.to; };
                if (std::ranges::any_of(copy, decided)) keeper_.verdict_changed();
              });
            },
        .on_event = [this](const health::Event& e) { recorder_.note(e); },
        .on_first_round = [this] { mailbox_.post([this] { begin_answering("every check has a verdict"); }); },
    };
  }

  State::Events state_events() {
    return {
        [this](std::span<const health::Believed> believed) {
          recorder_.note_installed(state_.steering(), believed);
          steps_.look();
        },
        [this](std::span<const std::uint32_t> pools) {
          recorder_.note_pools(state_.steering(), pools);
          steps_.look();
        },
        [this](std::shared_ptr<const void> retired) { discard(loop_, std::move(retired)); },
    };
  }

  Reloader::Events reloader_events() {
    return {
        [this](NextEdition next) { install(std::move(next)); },
        [this] { load_ended(); },
        [this] { watch_files(); },
        [this] { return state_.edition(); },
    };
  }

  // The watchdog's thread. By mail, as verdicts come: a main thread that does not read it does not run.
  void ping() {
    if (pings_ != pings_read_.value()) return;  // the last one is still unread
    mailbox_.post([this] {
      pings_read_.add();
      if (state_.out_of_step() && monitor_.silence() < kHealthIsWell) recall_verdicts();
    });
    ++pings_;
  }

  std::function<Duration()> silence_of(const Counter& turns) {
    return [pulse = Pulse(turns, clock_)]() mutable { return pulse.silence(); };
  }

  void watch_threads() {
    watchdog_.watch({std::string(kMainThread), silence_of(pings_read_), kMainStuckAfter});
    watchdog_.watch({.name = std::string(kHealthThread),
                     .silence = [this] { return monitor_.silence(); },
                     .on_lost =
                         [this] {
                           mailbox_.post([this] {  // which may be read late
                             if (monitor_.silence() >= kHealthIsWell) forget_verdicts();
                           });
                         }});
    watchdog_.start();
  }

  void forget_verdicts() try {
    unwatched_ = true;
    recorder_.note({.at = clock_.wall_now(), .kind = "unwatched"});
    state_.forget_verdicts();
  } catch (const std::exception& e) {  // out of memory: what is served goes on
    log::error("{}", e.what());
  }

  void recall_verdicts() try {
    state_.recall_verdicts();
    if (std::exchange(unwatched_, false)) recorder_.note({.at = clock_.wall_now(), .kind = "watched"});
  } catch (const std::exception& e) {
    log::error("{}", e.what());  // with the next ping it is tried again
  }

  Control::Events control_events() {
    return {
        [this] { state_.set_forced(control_.lookup()); },
        [this](const ForcedEvent& e) { recorder_.note(e); },
        [this](const std::string& check, const Address& target) {
          const auto resumed = monitor_.resume(state_.steering().probed_as(check, target), target);
          keeper_.verdict_changed();
          return resumed;
        },
    };
  }

  Result<void> start() {
    auto listeners = open_listeners(listen_specs(started_with_), worker_count_);
    if (!listeners) return tl::unexpected(listeners.error());
    endpoints_ = listeners->endpoints;
    listeners_ = std::move(*listeners);
    for (const Endpoint& endpoint : endpoints_) log::info("listening on {} (udp, tcp)", endpoint.to_string());
    // Before anything is probed or kept: a second server, started by mistake, ends here.
    if (started_with_.admin.listen) {
      control_.hold_to(first_.edition.loaded->admin_token);
      auto admin = HttpServer::start(*started_with_.admin.listen, routes());
      if (!admin) return tl::unexpected(admin.error());
      admin_.emplace(std::move(*admin));
      log::info("admin on http://{}/", admin_->endpoint().to_string());
    }
    on_signal(hangup_, SIGHUP, [](Program& p) { p.reloader_.request("SIGHUP"); });
    on_signal(terminate_, SIGTERM, [](Program& p) { p.quit("SIGTERM"); });
    on_signal(interrupt_, SIGINT, [](Program& p) { p.quit("SIGINT"); });
    uv_timer_init(&loop_, &grace_);
    grace_.data = this;
    const auto grace =
        std::chrono::duration_cast<std::chrono::milliseconds>(started_with_.start_grace).count();
    uv_timer_start(
        &grace_,
        [](uv_timer_t* t) { static_cast<Program*>(t->data)->begin_answering("start_grace is over"); },
        static_cast<std::uint64_t>(grace), 0);
    install(std::move(first_));
    watch_files();
    keeper_.start();
    watch_threads();
    return {};
  }

  std::vector<Route> routes() {
    auto all = make_routes({*this, monitor_, recorder_, mailbox_, watchdog_});
    for (Route& route : control_routes(control_, mailbox_)) all.push_back(std::move(route));
    for (Route& route : recorder_routes(recorder_)) all.push_back(std::move(route));
    all.push_back(heartbeat_route(state_, monitor_, mailbox_, control_.guard()));
    return all;
  }

  template <class F>
  void on_signal(uv_signal_t& handle, int signal, F) {
    uv_signal_init(&loop_, &handle);
    handle.data = this;
    uv_signal_start(
        &handle, [](uv_signal_t* h, int) { F{}(*static_cast<Program*>(h->data)); }, signal);
    signals_.push_back(&handle);
  }

  void install(NextEdition next) {
    const std::shared_ptr<const Loaded> loaded = next.edition.loaded;
    warn_of_restart(loaded->config);
    log::set_level(loaded->config.log_level);
    auto lock = lock_of(loaded->config);
    state_.install(std::move(next), control_.lookup());
    if (lock) state_lock_ = std::move(*lock);
    control_.installed(control_setup(*loaded));
    recorder_.configure(recorder_settings(loaded->config));
    log::info("configuration {} serves: {} zones ({} read), {} pools, {} targets", state_.generation(),
              loaded->zones.size(), loaded->zones_read, state_.steering().pools().size(),
              state_.steering().targets().size());
  }

  // A state directory that is moved to must be free; nullopt: it stays where it is.
  std::optional<StateLock> lock_of(const Config& config) const {
    if (state_lock_.holds(state_dir(config))) return std::nullopt;
    auto lock = take_state_dir(config);
    if (!lock) throw std::runtime_error(lock.error().message);
    return std::move(*lock);
  }

  void load_ended() {
    recorder_.note_reload(reloader_.last().successful, state_.generation(), reloader_.last().messages);
  }

  // What changed in a directory before it was watched raised no event: then there is one more look.
  void watch_files() {
    const Config& config = state_.loaded().config;
    const bool is_new = watch_.watch(config.watch ? reloader_.directories() : std::set<std::string>(),
                                     config.reload_debounce);
    if (is_new) reloader_.request_if_changed({.anything = true, .files = {}});
  }

  // The configuration of the start stays the measure: what waits for a restart waits until there is one.
  void warn_of_restart(const Config& next) {
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
    std::size_t number = 0;
    for (const Counter* turns : workers_->turns()) {
      watchdog_.watch({.name = fmt::format("dns-{}", ++number), .silence = silence_of(*turns)});
    }
    answering_ = true;
    log::info("ready ({})", why);
    sd_notify(0, "READY=1");
  }

  void quit(const char* why) {
    if (quitting_) return;
    quitting_ = true;
    why_ = why;
    log::info("stopping: {}", why);
    sd_notify(0, "STOPPING=1");
    uv_stop(&loop_);
  }

  void stop() {
    watchdog_.close();  // threads that end have no pulse
    reloader_.stop();
    mailbox_.close();  // whoever waits for an answer of this loop is told that none will come
    admin_.reset();
    if (workers_) workers_->stop();
    watch_.close();
    keeper_.close();
    control_.close();
    steps_.close();
    for (uv_signal_t* signal : signals_) uv_close(reinterpret_cast<uv_handle_t*>(signal), nullptr);
    if (grace_.data != nullptr) uv_close(reinterpret_cast<uv_handle_t*>(&grace_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);  // close callbacks, and a load that is under way
    recorder_.stop(why_);
  }

  StateLock state_lock_;  ///< before all that reads or writes there
  NextEdition first_;
  const Config started_with_;
  const SystemClock clock_{};
  MainLoop loop_;
  Mailbox mailbox_;
  const std::size_t worker_count_;
  Recorder recorder_;  ///< before all that notes something
  Control control_;
  health::Monitor monitor_;
  State state_;
  Reloader reloader_;
  FileWatch watch_;
  VerdictKeeper keeper_;
  StepTimer steps_;
  std::vector<uv_signal_t*> signals_;
  uv_signal_t hangup_{}, terminate_{}, interrupt_{};
  uv_timer_t grace_{};
  Listeners listeners_;
  std::vector<Endpoint> endpoints_;
  std::vector<const Responder*> responders_;
  Counter pings_read_;       ///< this thread's
  std::uint64_t pings_ = 0;  ///< the watchdog's own
  std::optional<WorkerPool> workers_;
  Watchdog watchdog_;  ///< after all that it watches
  std::optional<HttpServer> admin_;
  const WallTime started_at_ = clock_.wall_now();
  bool answering_ = false;
  bool quitting_ = false;
  bool unwatched_ = false;  ///< the health thread's verdicts are forgotten
  const char* why_ = "it could not start";
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
  Findings findings = find(config_file);
  auto loaded = load(findings, nullptr, diagnostics);
  for (const auto& d : diagnostics.all()) {
    log::write(d.severity == Severity::error ? log::Level::error : log::Level::warning, d.to_string());
  }
  if (!loaded) {
    log::error("not started, errors in the configuration: {}", diagnostics.error_count());
    return 1;
  }
  auto lock = take_state_dir(loaded->config);
  if (!lock) {
    log::error("{}", lock.error().message);
    return 1;
  }
  return Program(std::move(findings), std::move(*loaded), diagnostics, std::move(*lock)).run();
}

}  // namespace gslbd::server
