// SPDX-License-Identifier: Apache-2.0
#include "health/types/tcp_transport.h"

#include <fmt/format.h>

#include <algorithm>

#include "health/check_type.h"
#include "health/overdue.h"
#include "health/stream/stream.h"
#include "health/types/octets.h"
#include "health/types/stream_transport.h"
#include "health/types/tcp_options.h"
#include "health/types/tcp_presets.h"

namespace gslbd::health {
namespace {

constexpr std::size_t kLongestQuotation = 80;

class TcpProbe;
using TcpTransport = StreamTransport<TcpProbe, TcpOptions>;

/// One conversation.
class TcpProbe final : private StreamListener {
 public:
  TcpProbe(TcpTransport& owner, ProbeId id, const TcpOptions& options, ProbeListener& listener);

  ProbeListener& listener() const { return listener_; }
  void start(const Address& address) {
    stream_.open({address, options_.port}, options_.use_tls ? &options_.tls : nullptr);
  }
  Outcome overdue(Duration timeout) const;

 private:
  void stream_opened() override { go_on(); }
  void stream_received(std::string_view data) override;
  void stream_ended() override;
  void stream_failed(Outcome outcome) override { end(std::move(outcome)); }
  void go_on();
  Outcome mismatch() const;
  void end(Outcome outcome);

  TcpTransport& owner_;
  ProbeId id_;
  const TcpOptions& options_;
  ProbeListener& listener_;
  std::size_t step_ = 0;
  std::string answer_;  // to the current step; at most kMostOfAnAnswer octets
  Stream stream_;
};

TcpProbe::TcpProbe(TcpTransport& owner, ProbeId id, const TcpOptions& options, ProbeListener& listener)
    : owner_(owner), id_(id), options_(options), listener_(listener), stream_(owner.sockets(), *this) {}

// Says what there is to say until an answer must be waited for. Past the last step it is a pass.
void TcpProbe::go_on() {
  answer_.clear();
  for (; step_ < options_.steps.size(); ++step_) {
    const TcpStep& step = options_.steps[step_];
    if (!step.send.empty()) stream_.write(step.send);
    if (step.expect != nullptr) return;
  }
  if (!options_.farewell.empty()) stream_.write(options_.farewell);
  const bool silent = options_.steps.empty() && !options_.use_tls;
  stream_.close(silent ? Stream::Farewell::reset : Stream::Farewell::polite);
  end({});
}

void TcpProbe::stream_received(std::string_view data) {
  if (step_ >= options_.steps.size()) return;
  answer_ += data.substr(0, kMostOfAnAnswer - answer_.size());
  if (options_.steps[step_].expect->matches(answer_)) {
    ++step_;
    return go_on();
  }
  const bool decided =
      answer_.size() == kMostOfAnAnswer || (options_.first_line && answer_.find('\n') != std::string::npos);
  if (decided) end(mismatch());
}

void TcpProbe::stream_ended() {
  if (!answer_.empty()) return end(mismatch());
  end({Reason::protocol, "closed by the peer before it said anything"});
}

// Once open, a probe waits for nothing but the answer to a step.
Outcome TcpProbe::overdue(Duration timeout) const {
  if (!stream_.is_open()) return health::overdue(stream_.so_far(), stream_.missing(), timeout);
  if (answer_.empty()) return health::overdue(stream_.so_far(), "answer", timeout);
  const std::string quoted =
      fmt::format("{}, answered \"{}\"", stream_.so_far(), printable(answer_, kLongestQuotation));
  return health::overdue(quoted, fmt::format("\"{}\"", options_.steps[step_].expect->text()), timeout);
}

Outcome TcpProbe::mismatch() const {
  const std::string said = printable(answer_, kLongestQuotation);
  if (options_.preset != nullptr) {
    return {Reason::protocol,
            fmt::format("this is no {} that takes clients: \"{}\"", options_.preset->what, said)};
  }
  return {Reason::body,
          fmt::format("no \"{}\" in the answer \"{}\"", options_.steps[step_].expect->text(), said)};
}

void TcpProbe::end(Outcome outcome) {
  owner_.probe_over(id_, std::move(outcome));  // which destroys this
}

}  // namespace

std::unique_ptr<Transport> make_tcp_transport(const ProbeContext& context) {
  return std::make_unique<TcpTransport>(context.loop);
}

}  // namespace gslbd::health
