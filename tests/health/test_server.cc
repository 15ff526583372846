// SPDX-License-Identifier: Apache-2.0
#include "tests/health/test_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace gslbd::test {

namespace {

int listen_on(const Endpoint& endpoint) {
  sockaddr_storage storage{};
  const socklen_t length = endpoint.to_sockaddr(storage);
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) != 0 || listen(fd, 64) != 0) {
    throw std::runtime_error("cannot listen on " + endpoint.to_string());
  }
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr&>(storage)).port;
}

}  // namespace

Reply http_reply(int status, const std::string& body) {
  return {"HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\nConnection: close\r\n\r\n" + body,
          Reply::Then::close};
}

TestServer::TestServer(Respond respond, const Address& address, std::uint16_t port)
    : respond_(std::move(respond)), listener_(listen_on({address, port})), port_(port_of(listener_)) {
  if (pipe2(stop_pipe_, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  thread_ = std::thread([this] { serve(); });
}

TestServer::~TestServer() {
  close(stop_pipe_[1]);
  thread_.join();
  for (const int fd : held_) close(fd);
  close(listener_);
  close(stop_pipe_[0]);
}

std::vector<std::string> TestServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void TestServer::serve() {
  for (;;) {
    pollfd waited[2] = {{listener_, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
    if (poll(waited, 2, -1) < 0 || waited[1].revents != 0) return;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) serve_one(connection);
  }
}

void TestServer::serve_one(int connection) {
  std::string request;
  char buffer[4096];
  const auto complete = [&request] {  // a TLS greeting, which we do not understand, is answered at once
    return request.find("\r\n\r\n") != std::string::npos || (!request.empty() && request[0] == '\x16');
  };
  while (!complete()) {
    const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    request.append(buffer, static_cast<std::size_t>(got));
  }
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const Reply reply = request.empty() ? Reply{} : respond_(request);
  // A prober may close once it has seen enough: what cannot be sent does not matter.
  if (!reply.bytes.empty()) (void)send(connection, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
  if (reply.then == Reply::Then::hold) {
    held_.push_back(connection);
    return;
  }
  if (reply.then == Reply::Then::reset) {
    const linger reset{1, 0};
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  close(connection);
}

std::uint16_t closed_port() {
  const int fd = listen_on({TestServer::loopback(), 0});
  const std::uint16_t port = port_of(fd);
  close(fd);
  return port;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "gslbd-health-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool run_quietly(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

TlsServer::TlsServer(const std::string& certificate, const std::string& key) {
  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return;
  child_ = fork();
  if (child_ == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2);  // it tells of every client that hangs up
    execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", certificate.c_str(),
           "-key", key.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
  std::string said;
  char c = 0;
  while (read(output_, &c, 1) == 1) {  // "ACCEPT 127.0.0.1:45649"
    if (c != '\n') {
      said += c;
      continue;
    }
    const std::string prefix = "ACCEPT 127.0.0.1:";
    if (said.rfind(prefix, 0) == 0) {
      port_ = static_cast<std::uint16_t>(std::atoi(said.c_str() + prefix.size()));
      return;
    }
    said.clear();
  }
}

TlsServer::~TlsServer() {
  if (child_ > 0) {
    kill(child_, SIGTERM);
    waitpid(child_, nullptr, 0);
  }
  if (input_ >= 0) close(input_);
  if (output_ >= 0) close(output_);
}

}  // namespace gslbd::test
