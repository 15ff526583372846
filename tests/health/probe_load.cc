// SPDX-License-Identifier: Apache-2.0
// What probing costs: `probe_load [targets] [seconds] [options]` probes that many addresses under
// 127.1.0.0/16 once a second, first over fresh connections, then over reused ones, and prints the CPU that
// this whole process used and how late the probes began. A child process plays all the sites; its own cost is
// not counted. `options` is a JSON object that is laid over the check, {"type": "tcp"} for one. Not part of
// the test suite: the figures belong to the machine they were taken on.

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/log.h"
#include "health/check_type.h"
#include "health/dispatch_transport.h"
#include "health/engine.h"
#include "health/heartbeats.h"
#include "health/uv_loop.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace std::chrono_literals;

namespace {

// --- the sites ---

/// Answers what has come; false when the connection is closed.
bool answer(int connection) {
  static constexpr std::string_view kResponse = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
  char request[4096];
  const ssize_t got = recv(connection, request, sizeof request, 0);
  if (got < 0 && errno == EAGAIN) return true;
  const std::string_view text(request, got > 0 ? static_cast<std::size_t>(got) : 0);
  if (got > 0) (void)send(connection, kResponse.data(), kResponse.size(), MSG_NOSIGNAL);
  if (got > 0 && text.find("Connection: close") == std::string_view::npos) return true;
  close(connection);
  return false;
}

[[noreturn]] void play_the_sites(int listener) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int poll = epoll_create1(0);
  epoll_event event{EPOLLIN, {.fd = listener}};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  epoll_event ready[256];
  for (;;) {
    const int count = epoll_wait(poll, ready, 256, -1);
    for (int i = 0; i < count; ++i) {
      if (ready[i].data.fd != listener) {
        answer(ready[i].data.fd);
        continue;
      }
      for (int fd = 0; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
        event = {EPOLLIN, {.fd = fd}};
        if (answer(fd)) epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
      }
    }
  }
}

class Sites {
 public:
  Sites() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int patience_s =
        1;  // accepted once the request is there, as busy web servers do: the sites cost less
    setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &patience_s, sizeof patience_s);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    socklen_t length = sizeof any;
    if (bind(listener, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
        listen(listener, 4096) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&any), &length) != 0) {
      std::perror("cannot listen");
      std::exit(2);
    }
    port_ = ntohs(any.sin_port);
    child_ = fork();
    if (child_ == 0) play_the_sites(listener);
    close(listener);
  }
  ~Sites() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  Sites(const Sites&) = delete;
  Sites& operator=(const Sites&) = delete;
  int port() const { return port_; }

 private:
  pid_t child_ = -1;
  int port_ = 0;
};

// --- the measurement ---

/// Notes when each probe starts. Without jitter a probe is due one interval after its target's last start.
class NotingTransport final : public Transport {
 public:
  NotingTransport(Transport& inner, Duration interval) : inner_(inner), interval_(interval) {}

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override {
    const MonotonicTime now = std::chrono::steady_clock::now();
    auto& last = last_start_[address];
    if (measuring && last != MonotonicTime{}) lateness.push_back(now - last - interval_);
    last = now;
    inner_.start(id, check, address, listener);
  }
  void cancel(ProbeId id, const Check& check) override { inner_.cancel(id, check); }

  bool measuring = false;
  std::vector<Duration> lateness;

 private:
  Transport& inner_;
  const Duration interval_;
  std::unordered_map<Address, MonotonicTime, AddressHash> last_start_;
};

struct CpuTime {
  double user = 0;
  double system = 0;
};

CpuTime cpu_time() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return {seconds(u.ru_utime), seconds(u.ru_stime)};
}

double percentile_ms(const std::vector<Duration>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return to_seconds(sorted[index]) * 1e3;
}

std::vector<TargetSpec> plan_of(const Check& check, int targets) {
  const auto shared = std::make_shared<const Check>(check);
  std::vector<TargetSpec> plan;
  for (int i = 0; i < targets; ++i) {
    const std::uint8_t bytes[4] = {127, 1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
    TargetSpec spec;
    spec.check = shared;
    spec.address = Address::from_v4(bytes);
    plan.push_back(spec);
  }
  return plan;
}

void measure(const std::string& title, const Check& check, int targets, Duration time) {
  UvLoop loop;
  Heartbeats heartbeats;
  DispatchTransport transport({loop, heartbeats});
  NotingTransport noting(transport, check.interval);
  const SystemClock clock;
  Engine engine({}, clock, loop, noting, {});
  engine.apply(plan_of(check, targets));
  // Two rounds to warm up; then the measurement, on the loop's own time.
  CpuTime before;
  const MonotonicTime begin = clock.now() + 2 * check.interval;
  loop.run_at(begin, [&] {
    before = cpu_time();
    noting.measuring = true;
  });
  loop.run_at(begin + time, [&] { loop.stop(); });
  loop.run();
  const double elapsed = to_seconds(clock.now() - begin);
  const CpuTime after = cpu_time();
  const double user = after.user - before.user;
  const double cpu = user + after.system - before.system;
  auto& lateness = noting.lateness;
  std::sort(lateness.begin(), lateness.end());
  const auto probes = static_cast<double>(lateness.size());
  int up = 0;
  for (const auto& status : engine.status()) up += status.verdict == Verdict::up ? 1 : 0;
  fmt::print(
      "{}: {} targets, {:.0f} probes/s, {:.1f} % of a core ({:.1f} % user), {:.1f} us a probe, {} up; late "
      "by "
      "p50 {:.1f} ms, p99 {:.1f} ms, at most {:.1f} ms\n",
      title, targets, probes / elapsed, 100 * cpu / elapsed, 100 * user / elapsed, 1e6 * cpu / probes, up,
      percentile_ms(lateness, 0.5), percentile_ms(lateness, 0.99), percentile_ms(lateness, 1));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int targets = argc > 1 ? std::atoi(argv[1]) : 10'000;
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 10;
  log::set_level(log::Level::warning);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;  // a descriptor for each connection that is kept
  setrlimit(RLIMIT_NOFILE, &files);
  const Sites sites;
  Json json = {{"type", "http"}, {"port", sites.port()}, {"interval", "1s"}, {"jitter", 0}};
  Json more = Json::parse(argc > 3 ? argv[3] : "{}", nullptr, false);
  json.update(more.is_object() ? more : Json::object());
  const std::string file = "probe_load";
  Diagnostics diagnostics;
  for (const bool reuse : {false, true}) {
    if (json["type"] == "http") json["reuse"] = reuse;
    const auto check = read_check(JsonView(json, file, diagnostics), "load");
    for (const auto& d : diagnostics.all()) fmt::print(stderr, "{}\n", d.to_string());
    if (!check || targets < 1 || targets > 65535 || seconds < 1) return 2;
    measure(reuse ? "reused connections" : "new connections", *check, targets, std::chrono::seconds(seconds));
    if (json["type"] != "http") break;
  }
}
