// SPDX-License-Identifier: Apache-2.0
#include "server/net/tcp_connection.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "server/net/tcp.h"

namespace gslbd::server {

bool TcpConnection::open(uv_loop_t* loop, int fd, const Address& peer) {
  asker_.address = peer;
  pending_size_ = 0;
  closing_ = false;
  uv_tcp_init(loop, &handle_);
  handle_.data = this;
  write_.data = this;
  if (uv_tcp_open(&handle_, fd) != 0) {
    ::close(fd);
    close(TcpClose::error);
    return false;
  }
  uv_tcp_nodelay(&handle_, 1);  // a response is complete when written: nothing to wait for
  return start_reading();
}

bool TcpConnection::start_reading() {
  const auto offer = [](uv_handle_t* h, std::size_t, uv_buf_t* buffer) { of(h->data).offer_buffer(buffer); };
  const auto read = [](uv_stream_t* s, ssize_t length, const uv_buf_t*) { of(s->data).on_read(length); };
  if (uv_read_start(stream(), offer, read) == 0) return true;
  close(TcpClose::error);
  return false;
}

void TcpConnection::close(TcpClose reason) {
  if (closing_) return;
  closing_ = true;
  server_.closing(*this, reason);
  const auto closed = [](uv_handle_t* h) {
    TcpConnection& me = of(h->data);
    me.backlog_.reset();
    me.server_.closed(me);
  };
  // A client that does not read would hold our responses in the kernel for minutes: reset instead.
  if (reason == TcpClose::slow_reader && uv_tcp_close_reset(&handle_, closed) == 0) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), closed);
}

// Into the server's scratch buffer, or behind what is there of an incomplete query.
void TcpConnection::offer_buffer(uv_buf_t* buffer) {
  const bool fresh = pending_size_ == 0;
  std::uint8_t* const base = fresh ? server_.query_scratch().data() : pending_.get() + pending_size_;
  const std::size_t room = fresh ? kReadSize : std::min(kReadSize, kMaxFrameSize - pending_size_);
  *buffer = uv_buf_init(reinterpret_cast<char*>(base), static_cast<unsigned>(room));
}

void TcpConnection::on_read(ssize_t length) {
  if (length == 0) return;  // nothing there after all
  if (length < 0) {
    close(length == UV_EOF ? TcpClose::peer : TcpClose::error);
    return;
  }
  const std::uint8_t* const base = pending_size_ == 0 ? server_.query_scratch().data() : pending_.get();
  answer({base, pending_size_ + static_cast<std::size_t>(length)});
  if (blocked() && !closing_) uv_read_stop(stream());
}

void TcpConnection::on_written(int status) {
  if (closing_) return;
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
  const std::size_t used = answer_queries(input);
  server_.gate().quiescent();
  if (closing_) return;
  if (!keep(input.subspan(used))) {
    close(TcpClose::error);
  } else if (used != 0) {
    server_.touch(*this);
  }
}

// Returns how many octets of `input` are done with. Stops early when the client does not take its responses.
std::size_t TcpConnection::answer_queries(std::span<const std::uint8_t> input) {
  const std::span<std::uint8_t> out = server_.response_scratch();
  std::size_t at = 0;
  std::size_t staged = 0;
  std::uint64_t queries = 0;
  bool malformed = false;
  while (input.size() - at >= 2) {
    const std::size_t length = static_cast<std::size_t>(input[at] << 8 | input[at + 1]);
    malformed = length == 0;
    if (malformed || input.size() - at - 2 < length) break;
    if (out.size() - staged < kMaxFrameSize) {
      const bool taken = send(out.first(staged));
      staged = 0;
      if (!taken) break;
    }
    const std::size_t size = server_.handler().handle(input.subspan(at + 2, length), asker_,
                                                      out.subspan(staged + 2, kMaxMessageSize));
    at += 2 + length;
    ++queries;
    if (size == 0) continue;
    out[staged] = static_cast<std::uint8_t>(size >> 8);
    out[staged + 1] = static_cast<std::uint8_t>(size);
    staged += 2 + size;
  }
  server_.counters().queries_of(Transport::tcp, asker_.address.family()).add(queries);
  if (staged != 0) send(out.first(staged));
  if (malformed) close(TcpClose::malformed);
  return at;
}

// True when all of it is with the kernel. Otherwise the connection is blocked or closing.
bool TcpConnection::send(std::span<const std::uint8_t> responses) {
  // libuv asks for a pointer to mutable octets but only reads them.
  auto* const data = reinterpret_cast<char*>(const_cast<std::uint8_t*>(responses.data()));
  uv_buf_t buffer = uv_buf_init(data, static_cast<unsigned>(responses.size()));
  const int written = uv_try_write(stream(), &buffer, 1);
  if (written < 0 && written != UV_EAGAIN) {
    close(TcpClose::error);
    return false;
  }
  const auto rest = responses.subspan(written > 0 ? static_cast<std::size_t>(written) : 0);
  if (rest.empty()) return true;
  backlog_.reset(new (std::nothrow) std::uint8_t[rest.size()]);
  if (!backlog_) {
    close(TcpClose::error);
    return false;
  }
  std::memcpy(backlog_.get(), rest.data(), rest.size());
  buffer = uv_buf_init(reinterpret_cast<char*>(backlog_.get()), static_cast<unsigned>(rest.size()));
  const auto written_all = [](uv_write_t* request, int status) { of(request->data).on_written(status); };
  if (uv_write(&write_, stream(), &buffer, 1, written_all) != 0) close(TcpClose::error);
  return false;
}

bool TcpConnection::keep(std::span<const std::uint8_t> rest) {
  pending_size_ = rest.size();
  if (rest.empty()) return true;
  if (!pending_) pending_.reset(new (std::nothrow) std::uint8_t[kMaxFrameSize]);
  if (!pending_) return false;
  if (rest.data() != pending_.get()) std::memmove(pending_.get(), rest.data(), rest.size());
  return true;
}

}  // namespace gslbd::server
