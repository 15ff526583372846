// SPDX-License-Identifier: Apache-2.0
#include "server/net/tcp_connection.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "server/net/tcp.h"

namespace gslbd::server {
namespace {

// The whole size of the query that `input` begins with, as far as that is known.
std::size_t frame_size(std::span<const std::uint8_t> input) {
  return input.size() < 2 ? 2 : 2 + static_cast<std::size_t>(input[0] << 8 | input[1]);
}

}  // namespace

void TcpConnection::open(uv_loop_t* loop, int fd, const Origin& origin) {
  asker_ = {Transport::tcp, origin.peer, origin.listener};
  place_ = origin.place;
  awaits_header_ = origin.proxied;
  pending_size_ = 0;
  closing_ = false;
  uv_tcp_init(loop, &handle_);
  handle_.data = this;
  write_.data = this;
  if (uv_tcp_open(&handle_, fd) != 0) {
    ::close(fd);
    return close(TcpClose::error);
  }
  uv_tcp_nodelay(&handle_, 1);  // a response is complete when written: nothing to wait for
  start_reading();
}

void TcpConnection::start_reading() {
  const auto offer = [](uv_handle_t* h, std::size_t, uv_buf_t* buffer) { of(h->data).offer_buffer(buffer); };
  const auto read = [](uv_stream_t* s, ssize_t length, const uv_buf_t*) { of(s->data).on_read(length); };
  if (uv_read_start(stream(), offer, read) != 0) close(TcpClose::error);
}

void TcpConnection::close(TcpClose reason) {
  if (closing_) return;
  closing_ = true;
  server_.closing(*this, reason);
  server_.limits().leave(place_);
  const auto closed = [](uv_handle_t* h) { of(h->data).on_closed(); };
  // A client that does not read would hold our responses in the kernel for minutes; one that is refused
  // should hear it as what it is. They are reset. Everyone else sees an orderly end.
  const bool reset = reason == TcpClose::slow_reader || reason == TcpClose::client_limit;
  if (reset && uv_tcp_close_reset(&handle_, closed) == 0) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), closed);
}

void TcpConnection::on_closed() {
  if (backlog_) server_.give_back(backlog_size_);
  backlog_.reset();
  drop_large_pending();
  server_.closed(*this);
}

// Into the server's scratch buffer, or behind what is there of an incomplete query.
void TcpConnection::offer_buffer(uv_buf_t* buffer) {
  const bool fresh = pending_size_ == 0;
  std::uint8_t* const base = fresh ? server_.query_scratch().data() : pending_.get() + pending_size_;
  const std::size_t room = fresh ? kReadSize : std::min(kReadSize, pending_capacity_ - pending_size_);
  *buffer = uv_buf_init(reinterpret_cast<char*>(base), static_cast<unsigned>(room));
}

void TcpConnection::on_read(ssize_t length) {
  if (length == 0) return;  // nothing there after all
  if (length < 0) {
    close(length == UV_EOF ? TcpClose::peer : TcpClose::error);
    return;
  }
  const std::uint8_t* const base = pending_size_ == 0 ? server_.query_scratch().data() : pending_.get();
  std::span<const std::uint8_t> input{base, pending_size_ + static_cast<std::size_t>(length)};
  if (awaits_header_ && !take_header(input)) return;
  answer(input);
  if (blocked() && !closing_) uv_read_stop(stream());
}

// True when the header is there and taken off `input`.
bool TcpConnection::take_header(std::span<const std::uint8_t>& input) {
  const ProxyHeader header = parse_proxy_header(input, Transport::tcp);
  if (header.state == ProxyHeader::State::malformed) {
    close(TcpClose::proxy_header);
    return false;
  }
  if (header.state == ProxyHeader::State::incomplete) {
    if (!keep(input)) close(TcpClose::memory);
    return false;
  }
  if (header.state == ProxyHeader::State::proxied) asker_.address = header.client.address;
  const auto entered = server_.limits().enter(asker_.address);
  if (!entered) {
    close(TcpClose::client_limit);
    return false;
  }
  place_ = *entered;
  awaits_header_ = false;
  input = input.subspan(header.size);
  return true;
}

void TcpConnection::on_written(int status) {
  if (closing_) return;
  server_.give_back(backlog_size_);
  backlog_.reset();
  if (status != 0) {
    close(TcpClose::error);
    return;
  }
  server_.touch(*this);
  answer({pending_.get(), pending_size_});  // what had been read but had to wait
  if (!closing_ && !blocked()) start_reading();
}

// Answers what can be answered and keeps the rest, which may already lie in pending_.
void TcpConnection::answer(std::span<const std::uint8_t> input) {
  server_.gate().enter();
  asker_.keepalive = server_.limits().keepalive();
  const Done done = answer_queries(input);
  server_.gate().quiescent();
  if (!closing_) {
    if (done.answers != 0) server_.touch(*this);
    if (!keep(input.subspan(done.octets))) close(TcpClose::memory);
  }
  server_.answered(done.queries);  // last: what others do in their turn may use the scratch buffers
}

// Stops early when the client does not take its responses.
TcpConnection::Done TcpConnection::answer_queries(std::span<const std::uint8_t> input) {
  const std::span<std::uint8_t> out = server_.response_scratch();
  Done done;
  std::size_t staged = 0;
  bool malformed = false;
  while (input.size() - done.octets >= 2) {
    const std::size_t length = frame_size(input.subspan(done.octets)) - 2;
    malformed = length == 0;
    if (malformed || input.size() - done.octets - 2 < length) break;
    if (out.size() - staged < kMaxFrameSize) {
      const bool taken = send(out.first(staged));
      staged = 0;
      if (!taken) break;
    }
    const std::size_t size = server_.handler().handle(input.subspan(done.octets + 2, length), asker_,
                                                      out.subspan(staged + 2, kMaxMessageSize));
    done.octets += 2 + length;
    ++done.queries;
    if (size == 0) continue;
    ++done.answers;
    out[staged] = static_cast<std::uint8_t>(size >> 8);
    out[staged + 1] = static_cast<std::uint8_t>(size);
    staged += 2 + size;
  }
  server_.counters().queries_of(Transport::tcp, asker_.address.family()).add(done.queries);
  if (staged != 0) send(out.first(staged));
  if (malformed) close(TcpClose::malformed);
  return done;
}

// True when all of it is with the kernel. Otherwise the connection is blocked or closing.
bool TcpConnection::send(std::span<const std::uint8_t> responses) {
  // libuv asks for a pointer to mutable octets but only reads them.
  auto* const data = reinterpret_cast<char*>(const_cast<std::uint8_t*>(responses.data()));
  const uv_buf_t buffer = uv_buf_init(data, static_cast<unsigned>(responses.size()));
  const int written = uv_try_write(stream(), &buffer, 1);
  if (written < 0 && written != UV_EAGAIN) {
    close(TcpClose::error);
    return false;
  }
  const auto rest = responses.subspan(written > 0 ? static_cast<std::size_t>(written) : 0);
  if (!rest.empty()) queue(rest);
  return rest.empty();
}

void TcpConnection::queue(std::span<const std::uint8_t> responses) {
  if (!server_.hold(responses.size())) return close(TcpClose::memory);
  backlog_size_ = responses.size();
  backlog_.reset(new (std::nothrow) std::uint8_t[responses.size()]);
  if (!backlog_) {
    server_.give_back(backlog_size_);
    return close(TcpClose::memory);
  }
  std::memcpy(backlog_.get(), responses.data(), responses.size());
  const uv_buf_t buffer =
      uv_buf_init(reinterpret_cast<char*>(backlog_.get()), static_cast<unsigned>(responses.size()));
  const auto written_all = [](uv_write_t* request, int status) { of(request->data).on_written(status); };
  if (uv_write(&write_, stream(), &buffer, 1, written_all) != 0) close(TcpClose::error);
}

// False when there is no memory for it.
bool TcpConnection::keep(std::span<const std::uint8_t> rest) {
  pending_size_ = rest.size();
  if (rest.empty()) {
    drop_large_pending();
    return true;
  }
  const std::size_t whole = awaits_header_ ? kMaxProxyHeaderSize : frame_size(rest);
  const std::size_t needed = std::max(whole, rest.size());
  if (needed <= pending_capacity_) {
    if (rest.data() != pending_.get()) std::memmove(pending_.get(), rest.data(), rest.size());
    return true;
  }
  const std::size_t capacity = needed <= kSmallBufferSize ? kSmallBufferSize : kMaxFrameSize;
  if (capacity == kMaxFrameSize && !server_.hold(capacity)) return false;
  std::unique_ptr<std::uint8_t[]> larger(new (std::nothrow) std::uint8_t[capacity]);
  if (!larger) {
    if (capacity == kMaxFrameSize) server_.give_back(capacity);
    return false;
  }
  std::memcpy(larger.get(), rest.data(), rest.size());
  pending_ = std::move(larger);  // what it replaces was small, or nothing
  pending_capacity_ = capacity;
  return true;
}

void TcpConnection::drop_large_pending() {
  if (pending_capacity_ != kMaxFrameSize) return;
  pending_.reset();
  pending_capacity_ = 0;
  server_.give_back(kMaxFrameSize);
}

}  // namespace gslbd::server
