// SPDX-License-Identifier: Apache-2.0
// The sites of ./dev bench health: `gslbd_sites ADDRESS:PORT` answers every HTTP/1.1 request to that IPv4
// endpoint with 200 "ok", and keeps the connection unless it is asked not to. On 0.0.0.0 one process is every
// site under 127.0.0.0/8. It is far cheaper than a web server, so that what is measured is the prober.
//
// A death is real: SIGKILL closes the port, SIGSTOP lets the kernel accept what nobody answers. Commands on
// standard input, a line each, answered by a line on standard output: "drop" swallows every packet from now
// on, without root or a firewall, by a socket filter; "heal" ends that; "count" gives requests and
// connections so far. End of input ends the program, so that none outlives its bench.

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kLongestRequest = 8192;
constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";
constexpr std::string_view kLastAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "gslbd_sites: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

sockaddr_in endpoint_of(const std::string& text) {
  sockaddr_in endpoint{};
  endpoint.sin_family = AF_INET;
  const std::size_t colon = text.rfind(':');
  const int port = colon == std::string::npos ? 0 : std::atoi(text.c_str() + colon + 1);
  if (port < 1 || port > 65535 ||
      inet_pton(AF_INET, text.substr(0, colon).c_str(), &endpoint.sin_addr) != 1) {
    std::fprintf(stderr, "gslbd_sites: \"%s\" is no IPv4 address and port\n", text.c_str());
    std::exit(2);
  }
  endpoint.sin_port = htons(static_cast<std::uint16_t>(port));
  return endpoint;
}

int listen_on(const sockaddr_in& endpoint) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) fail("socket");
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (bind(listener, reinterpret_cast<const sockaddr*>(&endpoint), sizeof endpoint) != 0) fail("bind");
  if (listen(listener, 4096) != 0) fail("listen");
  return listener;
}

// What the client asked for: HTTP/1.0, or "Connection: close", which our own clients all write in these
// letters.
bool wants_close(std::string_view request) {
  const auto has = [request](std::string_view text) { return request.find(text) != request.npos; };
  return has("onnection: close") || has(" HTTP/1.0\r\n");
}

class Sites {
 public:
  explicit Sites(int listener) : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) fail("epoll_create1");
    watch(listener_);
    watch(STDIN_FILENO);
  }

  void serve() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      if (ready < 0 && errno != EINTR) fail("epoll_wait");
      for (int i = 0; i < ready; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          accept_all();
        } else if (fd != STDIN_FILENO) {
          read_requests(fd);
        } else if (!obey()) {
          return;
        }
      }
    }
  }

 private:
  struct Connection {
    bool open = false;
    std::string begun;  ///< a request whose end has not come yet
  };

  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl (standard input must be a pipe)");
  }

  Connection& connection(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (connections_.size() <= index) connections_.resize(index + 1);
    return connections_[index];
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      ++accepted_;
      connection(fd).open = true;
      watch(fd);
    }
  }

  void close_connection(int fd) {
    connection(fd) = {};
    close(fd);
  }

  void read_requests(int fd) {
    std::array<char, kLongestRequest> octets;
    const ssize_t length = read(fd, octets.data(), octets.size());
    if (length < 0 && errno == EAGAIN) return;
    std::string& begun = connection(fd).begun;
    if (length <= 0 || begun.size() > kLongestRequest) return close_connection(fd);
    std::string_view text(octets.data(), static_cast<std::size_t>(length));
    if (!begun.empty()) text = begun.append(text);  // a request seldom comes in two pieces
    for (std::size_t end; (end = text.find("\r\n\r\n")) != text.npos; text.remove_prefix(end + 4)) {
      ++requests_;
      const bool last = wants_close(text.substr(0, end + 2));
      const std::string_view answer = last ? kLastAnswer : kAnswer;
      const bool sent = send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) == ssize_t(answer.size());
      if (last || !sent) return close_connection(fd);
    }
    std::string rest(text);
    begun = std::move(rest);
  }

  /// False at the end of input.
  bool obey() {
    std::array<char, 256> octets;
    const ssize_t length = read(STDIN_FILENO, octets.data(), octets.size());
    if (length <= 0) return false;
    orders_.append(octets.data(), static_cast<std::size_t>(length));
    for (std::size_t end; (end = orders_.find('\n')) != orders_.npos; orders_.erase(0, end + 1)) {
      const std::string_view order = std::string_view(orders_).substr(0, end);
      if (order == "drop") {
        filter_all(true);
        std::puts("dropping");
      } else if (order == "heal") {
        filter_all(false);
        std::puts("healed");
      } else if (order == "count") {
        std::printf("%" PRIu64 " %" PRIu64 "\n", requests_, accepted_);
      } else {
        std::puts("unknown command");
      }
      std::fflush(stdout);
    }
    return true;
  }

  void filter_all(bool on) {
    set_filter(listener_, on);
    for (std::size_t fd = 0; fd < connections_.size(); ++fd) {
      if (connections_[fd].open) set_filter(static_cast<int>(fd), on);
    }
  }

  // A filter that lets no octet through drops a segment before TCP sees it, on a listener too: nothing is
  // answered, refused or acknowledged.
  static void set_filter(int fd, bool on) {
    sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const sock_fprog program{1, nothing};
    if (on && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) fail("filter");
    if (!on) setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &program, sizeof program);  // none there: no matter
  }

  const int listener_;
  const int epoll_;
  std::vector<Connection> connections_;  ///< by descriptor
  std::string orders_;
  std::uint64_t requests_ = 0;
  std::uint64_t accepted_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: gslbd_sites ADDRESS:PORT\n", stderr), 2;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  const int listener = listen_on(endpoint_of(argv[1]));
  std::printf("listening on %s\n", argv[1]);
  std::fflush(stdout);
  Sites(listener).serve();
}
