// SPDX-License-Identifier: Apache-2.0
#include "health/stream/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "health/overdue.h"

namespace gslbd::health {
namespace {

constexpr int kReadsPerTurn = 4;  // of one stream, so that a flood from one peer delays nobody
// Answers to key updates and the like that wait because the peer does not read them.
constexpr std::size_t kMostUnsentAnswers = std::size_t{256} * 1024;

MonotonicTime now() {
  return std::chrono::steady_clock::now();
}

int pending_error(int socket) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

/// Sends until there is no more or the kernel takes no more; 0, or an errno value.
int send_what_fits(int socket, std::string_view& data) {
  while (!data.empty()) {
    const ssize_t sent = send(socket, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      data.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      return 0;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

/// Calls the listener; false when the stream was closed or destroyed meanwhile.
template <class Call>
bool still_there_after(bool* gone, const Call& call) {
  call();
  return !*gone;
}

}  // namespace

void Stream::open(const Endpoint& peer, const TlsSettings* tls, std::string_view first_words) {
  if (tls != nullptr) {
    auto session = TlsSession::make(*tls, peer.address, sockets_.loop().side_work());
    if (!session) return fail({Reason::internal, session.error().message});
    tls_ = std::move(*session);
  }
  sockaddr_storage storage{};
  const socklen_t length = peer.to_sockaddr(storage);
  socket_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return fail(outcome_of_errno(errno));
  state_ = State::connecting;
  opened_at_ = now();
  connected_after_ = secured_after_ = Duration{0};
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&storage), length) != 0 && errno != EINPROGRESS) {
    return fail(outcome_of_errno(errno));  // known at once: no route, no permission, no port left
  }
  if (tls != nullptr) {  // the last flight of a handshake and the first request are two small writes
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  const bool all_said = say_at_once(first_words);
  // Registered only now: a socket that does not even connect yet counts as hung up.
  token_ = sockets_.add(socket_, *this, !all_said);
  if (token_ == 0) fail({Reason::resources, "the event loop cannot watch another socket"});
}

// A peer on this machine has accepted by now: then there is nothing to wait for but its answer. True when the
// kernel took everything.
bool Stream::say_at_once(std::string_view first_words) {
  if (first_words.empty()) return false;
  if (tls_ == nullptr) write_error_ = send_what_fits(socket_, first_words);
  unsent_ = first_words;
  return write_error_ == 0 && unsent_.empty();
}

void Stream::close(Farewell farewell) {
  if (gone_ != nullptr) *gone_ = true;
  gone_ = nullptr;
  if (token_ != 0) sockets_.remove(token_);
  token_ = 0;
  if (socket_ >= 0) {
    if (farewell == Farewell::polite && state_ == State::open && tls_ != nullptr) {
      tls_->say_goodbye();
      std::string_view last_words = tls_->output();
      (void)send_what_fits(socket_, last_words);
    }
    if (farewell == Farewell::reset && state_ != State::connecting) {
      const linger reset_on_close{1, 0};
      setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
    }
    ::close(socket_);
  }
  socket_ = -1;
  state_ = State::closed;
  input_over_ = false;
  write_error_ = 0;
  tls_.reset();
  unsent_.clear();
}

void Stream::fail(Outcome outcome) {
  StreamListener& listener = listener_;
  close();
  listener.stream_failed(std::move(outcome));
}

std::string Stream::so_far() const {
  if (state_ == State::closed || state_ == State::connecting) return {};
  std::string text = "connected " + after(connected_after_);
  if (secured_after_ > Duration{0}) text += ", TLS handshake " + after(secured_after_);
  return text;
}

std::string_view Stream::missing() const {
  if (state_ == State::open) return {};
  return state_ == State::handshaking ? "end of the TLS handshake" : "connection";
}

void Stream::write(std::string_view data) {
  if (state_ != State::open || write_error_ != 0) return;
  if (tls_ != nullptr) {
    if (!tls_->write(data)) write_error_ = EPIPE;
    return flush();
  }
  if (!unsent_.empty()) {
    unsent_ += data;
    return;
  }
  write_error_ = send_what_fits(socket_, data);
  unsent_ = data;
  if (write_error_ != 0 || !data.empty()) sockets_.rearm(socket_, token_);
}

void Stream::flush() {
  std::string& waiting = tls_ != nullptr ? tls_->output() : unsent_;
  std::string_view rest = waiting;
  if (write_error_ == 0) write_error_ = send_what_fits(socket_, rest);
  if (write_error_ != 0) {
    waiting.clear();
    sockets_.rearm(socket_, token_);
  } else {
    waiting.erase(0, waiting.size() - rest.size());
  }
}

void Stream::socket_ready(std::uint32_t events) {
  bool gone = false;
  gone_ = &gone;
  if (state_ == State::connecting) {
    connected(events);
    if (gone) return;
  }
  if (state_ != State::connecting) {
    if ((events & EPOLLOUT) != 0 && write_error_ == 0) flush();
    const bool hung_up = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (!input_over_ && (hung_up || (events & EPOLLIN) != 0)) read_some(hung_up);
    if (gone) return;
    if (write_error_ == 0 && input_over_ && (events & EPOLLERR) != 0) write_error_ = pending_error(socket_);
    if (write_error_ != 0) return fail(outcome_of_errno(write_error_));
  }
  gone_ = nullptr;
}

void Stream::connected(std::uint32_t events) {
  if (write_error_ != 0) return fail(outcome_of_errno(write_error_));
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    if (const int error = pending_error(socket_); error != 0) return fail(outcome_of_errno(error));
  }
  connected_after_ = now() - opened_at_;
  if (tls_ != nullptr) {
    state_ = State::handshaking;
    step_handshake();
  } else {
    state_ = State::open;
    listener_.stream_opened();
  }
}

// A short read has emptied the socket, unless the end of the stream stands behind it.
void Stream::read_some(bool until_end) {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const std::span<char> buffer = sockets_.input_buffer();
    const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      Outcome outcome = outcome_of_errno(errno);
      if (state_ == State::handshaking) outcome.detail += " during the TLS handshake";
      return fail(std::move(outcome));
    }
    if (got == 0) return end_of_input();
    const std::string_view data(buffer.data(), static_cast<std::size_t>(got));
    if (!(tls_ != nullptr ? take_encrypted(data) : take_plain(data))) return;
    if (data.size() < buffer.size() && !until_end) return;
  }
  sockets_.rearm(socket_, token_);
}

bool Stream::take_plain(std::string_view data) {
  return still_there_after(gone_, [&] { listener_.stream_received(data); });
}

/// False when reading must stop.
bool Stream::take_encrypted(std::string_view data) {
  tls_->receive(data);
  if (state_ == State::handshaking && !step_handshake()) return false;
  if (state_ == State::handshaking) return true;
  for (;;) {
    const std::span<char> plain = sockets_.plain_buffer();
    std::size_t got = 0;
    switch (tls_->read(plain, got)) {
      case TlsSession::Step::done:
        if (!take_plain({plain.data(), got})) return false;
        break;
      case TlsSession::Step::failed:
        fail(tls_->failure());
        return false;
      case TlsSession::Step::more:
        flush();
        if (tls_->output().size() > kMostUnsentAnswers) {
          fail({Reason::protocol, "the peer does not read the answers that it asks for"});
          return false;
        }
        if (!tls_->peer_has_closed()) return true;
        end_of_input();
        return false;
    }
  }
}

bool Stream::step_handshake() {
  switch (tls_->handshake()) {
    case TlsSession::Step::more:
      flush();
      return true;
    case TlsSession::Step::failed:
      flush();  // the alert that tells the peer why
      fail(tls_->failure());
      return false;
    case TlsSession::Step::done:
      break;
  }
  state_ = State::open;
  secured_after_ = now() - opened_at_;
  if (!unsent_.empty()) tls_->write(std::exchange(unsent_, {}));
  if (!still_there_after(gone_, [&] { listener_.stream_opened(); })) return false;
  flush();  // in one packet with what the listener has written meanwhile
  return true;
}

void Stream::end_of_input() {
  input_over_ = true;
  if (state_ == State::handshaking) return fail({Reason::tls, "the peer closed during the TLS handshake"});
  if (write_error_ != 0) return fail(outcome_of_errno(write_error_));
  listener_.stream_ended();
}

}  // namespace gslbd::health
