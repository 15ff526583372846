// SPDX-License-Identifier: Apache-2.0
// The program that query_cost.py runs under callgrind.
//
//   query_cost             names the workloads, one a line
//   query_cost <workload>  answers all its queries twice, in full batches: once to be warm (the dynamic
//   linker
//                          resolves what is called), once to be counted. Prints their number.
//
// Without valgrind it just runs, and says nothing about cost. Exit status 1: an answer is not what it should
// be, so that nobody takes the cost of a refusal for the cost of an answer.

#include <valgrind/callgrind.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "server/answer/responder.h"
#include "tests/cost/over_udp.h"
#include "tests/cost/workload.h"

using namespace gslbd;

namespace {

/// Queries laid out as a socket's reader has them: each with its own room, readable beyond its end.
class Batches {
 public:
  Batches(const std::vector<cost::Octets>& packets, const server::Asker& asker)
      : responses_(server::kMaxBatch * kRoom) {
    std::size_t longest = 0;
    for (const auto& p : packets) longest = std::max(longest, p.size());
    const std::size_t lines = (longest + server::kReadAhead) / sizeof(Line) + 1;
    storage_.resize(packets.size() * lines);
    for (std::size_t i = 0; i < packets.size(); ++i) {
      std::uint8_t* const at = storage_[i * lines].octets.data();
      std::memcpy(at, packets[i].data(), packets[i].size());
      Line* const room = &responses_[i % server::kMaxBatch * kRoom];
      queries_.push_back({{at, packets[i].size()}, asker, {room->octets.data(), kRoom * sizeof(Line)}, 0});
    }
  }

  void run(server::QueryHandler& handler) noexcept {
    const std::span all(queries_);
    for (std::size_t at = 0; at < all.size(); at += server::kMaxBatch) {
      handler.handle_batch(all.subspan(at, std::min(server::kMaxBatch, all.size() - at)));
    }
  }

 private:
  struct alignas(64) Line {
    std::array<std::uint8_t, 64> octets;
  };
  static constexpr std::size_t kRoom = server::kMaxUdpResponseSize / sizeof(Line);

  std::vector<Line> storage_;
  std::vector<Line> responses_;
  std::vector<server::BatchQuery> queries_;
};

/// Lies at the start of a page, and so the stack below it does, however much environment lies above: how the
/// C library copies and compares depends on where things are.
struct alignas(4096) Subject {
  explicit Subject(cost::Workload& workload)
      : serving(std::move(workload.serving)), responder(serving, 0, 1, clock) {}

  ManualClock clock;
  Published<server::Serving> serving;
  server::Responder responder;
};

bool as_expected(const server::ResponseCounters& counters, const cost::Workload& workload, std::size_t runs) {
  const auto of = [&](server::Rcode rcode) {
    return counters.by_rcode[static_cast<std::size_t>(rcode)].value();
  };
  return of(server::Rcode::nxdomain) == runs * workload.nxdomain && counters.truncated.value() == 0 &&
         of(server::Rcode::noerror) == runs * (workload.queries.size() - workload.nxdomain);
}

// Once to be warm, once to be counted.
template <class Run>
void count(Run&& run) {
  run();
  CALLGRIND_START_INSTRUMENTATION;
  run();
  CALLGRIND_STOP_INSTRUMENTATION;
}

int measure(const cost::NamedWorkload& kind) {
  cost::Workload workload = kind.make();
  Subject subject(workload);
  if (kind.clients != 0) {
    cost::OverUdp sockets(workload.queries, subject.responder, kind.clients);
    count([&] { sockets.run(); });
  } else {
    Batches batches(workload.queries, cost::asker());
    count([&] { batches.run(subject.responder); });
  }
  if (!as_expected(subject.responder.counters(), workload, 2)) {
    std::fprintf(stderr, "%s: the answers are not what they should be\n", kind.name);
    return 1;
  }
  std::printf("%zu\n", workload.queries.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto& kind : cost::workloads()) {
    if (argc < 2) {
      std::puts(kind.name);
    } else if (std::strcmp(argv[1], kind.name) == 0) {
      return measure(kind);
    }
  }
  return argc < 2 ? 0 : 2;
}
