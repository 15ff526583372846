// SPDX-License-Identifier: Apache-2.0
// gslbd_load: asks a DNS server as fast as one core can, or at a fixed rate, and writes what came of it as
// JSON. `gslbd_load --help` tells the options; bench/README.md how the benches use it. It binds itself to no
// core: taskset does.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bench/load/queries.h"
#include "bench/load/tcp_connection.h"
#include "bench/load/tcp_load.h"
#include "bench/load/udp_channel.h"
#include "bench/load/udp_load.h"

namespace gslbd::bench {
namespace {

constexpr const char* kHelp = R"(usage: gslbd_load (--udp | --tcp) ADDRESS:PORT --queries FILE [option...]

  --queries FILE      messages, each after two octets of length; sent in this order, over and over
  --seconds S         for so long (2)
  --count N           at most so many queries
  --timeout S         after which a query is lost (1)
UDP
  --sockets N         connected sockets (8)
  --window N          queries on the way on each of them (24; with --rate 1024)
  --burst N           free places that a socket waits for before it sends again (12)
  --bursts            send each burst as one datagram that the kernel takes apart (UDP_SEGMENT)
  --rate R            open loop: R queries a second, latency from when each was due
TCP
  --connections N     connections that ask (50)
  --outstanding N     queries on the way on each of them (1)
  --per-connection K  answers after which a connection is closed and replaced (0: never)
  --idle N            connections held beside (0); once they are open, "ready" is said, and a line on standard
                      input (or its end) awaited
)";

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(stderr, "gslbd_load: %s\n", why.c_str());
  std::exit(2);
}

struct Options {
  bool tcp = false;
  std::optional<Endpoint> target;
  std::string queries;
  Extent extent;
  Time timeout = kSecond;
  UdpOptions over_udp;
  TcpOptions over_tcp;
  std::optional<unsigned> window;
};

double number(std::string_view name, std::string_view text, double lowest, double highest) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error != std::errc{} || end != text.end() || !(value >= lowest && value <= highest)) {
    std::array<char, 128> range{};
    std::snprintf(range.data(), range.size(), "is outside %g to %g", lowest, highest);
    refuse(std::string(name) + ": \"" + std::string(text) + "\" " + range.data());
  }
  return value;
}

// One line an option: how its value is read.
class Reader {
 public:
  explicit Reader(Options& options) : options_(options) {
    Options& o = options_;
    target("--udp", false);
    target("--tcp", true);
    with_value_["--queries"] = [&o](std::string_view text) { o.queries = text; };
    seconds("--seconds", o.extent.duration);
    seconds("--timeout", o.timeout);
    count("--count", o.extent.count, 1, 1e15);
    count("--sockets", o.over_udp.sockets, 1, 1024);
    count("--burst", o.over_udp.burst, 1, UdpOptions::kMaxBurst);
    count("--connections", o.over_tcp.connections, 1, 60000);
    count("--outstanding", o.over_tcp.outstanding, 1, TcpConnection::kMaxOutstanding);
    count("--per-connection", o.over_tcp.per_connection, 0, 1e9);
    count("--idle", o.over_tcp.idle, 0, 60000);
    with_value_["--window"] = [&o](std::string_view text) {
      o.window = static_cast<unsigned>(number("--window", text, 1, UdpChannel::kMaxWindow));
    };
    with_value_["--rate"] = [&o](std::string_view text) { o.over_udp.rate = number("--rate", text, 1, 1e7); };
  }

  void read(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string name = argv[i];
      if (name == "--help") std::exit(std::fputs(kHelp, stdout) < 0);
      if (name == "--bursts") {
        options_.over_udp.bursts = true;
        continue;
      }
      const auto option = with_value_.find(name);
      if (option == with_value_.end()) refuse("no option " + name + "; see --help");
      if (++i == argc) refuse(name + " wants a value");
      option->second(argv[i]);
    }
  }

 private:
  void target(const std::string& name, bool tcp) {
    with_value_[name] = [this, name, tcp](std::string_view text) {
      const auto endpoint = Endpoint::parse(text);
      if (!endpoint) refuse(name + ": " + endpoint.error().message);
      options_.target = *endpoint;
      options_.tcp = tcp;
    };
  }

  void seconds(const std::string& name, Time& to) {
    with_value_[name] = [name, &to](std::string_view text) {
      to = static_cast<Time>(number(name, text, 0.001, 86400) * static_cast<double>(kSecond));
    };
  }

  template <class T>
  void count(const std::string& name, T& to, double lowest, double highest) {
    with_value_[name] = [name, lowest, highest, &to](std::string_view text) {
      to = static_cast<T>(number(name, text, lowest, highest));
    };
  }

  Options& options_;
  std::map<std::string, std::function<void(std::string_view)>, std::less<>> with_value_;
};

Tally run(Options& options, Queries& queries) {
  if (options.tcp) {
    options.over_tcp.target = *options.target;
    options.over_tcp.extent = options.extent;
    options.over_tcp.timeout = options.timeout;
    return run_tcp(options.over_tcp, queries);
  }
  UdpOptions& udp = options.over_udp;
  udp.target = *options.target;
  udp.extent = options.extent;
  udp.timeout = options.timeout;
  udp.window = options.window.value_or(udp.rate > 0 ? 1024 : udp.window);
  udp.burst = std::min(udp.burst, udp.window);
  return run_udp(udp, queries);
}

}  // namespace
}  // namespace gslbd::bench

int main(int argc, char** argv) {
  using namespace gslbd::bench;
  Options options;
  Reader(options).read(argc, argv);
  if (!options.target || options.queries.empty())
    refuse("--udp or --tcp and --queries are needed; see --help");
  auto queries = Queries::read(options.queries);
  if (!queries) refuse(queries.error().message);
  std::puts(run(options, *queries).json().c_str());
}
