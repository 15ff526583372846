// SPDX-License-Identifier: Apache-2.0
#pragma once
// A tiny server on a loopback port that the kernel chooses: takes one connection at a time, reads a request
// up to its empty line, and does what the test says. And TLS: openssl's own test server with certificates
// made on the spot.
//
// Thread: made and stopped by the test; the reply function runs on the server's thread.

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/address.h"

namespace gslbd::test {

struct Reply {
  enum class Then { close, hold, reset };
  std::string bytes;
  Then then = Then::close;
};

/// "HTTP/1.1 <status>" with a body.
Reply http_reply(int status, const std::string& body = "ok\n");

class TestServer {
 public:
  using Respond = std::function<Reply(const std::string& request)>;

  /// Listens on `address` and a port of the kernel's choice, or on `port`.
  explicit TestServer(Respond respond, const Address& address = loopback(), std::uint16_t port = 0);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::vector<std::string> requests() const;
  static Address loopback() { return *Address::parse("127.0.0.1"); }

 private:
  void serve();
  void serve_one(int connection);

  Respond respond_;
  int listener_ = -1;
  int stop_pipe_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> held_;
  std::thread thread_;
};

/// Where nobody listens: a port that was free a moment ago.
std::uint16_t closed_port();

/// A directory that is removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// True when the command succeeded; its output goes nowhere.
bool run_quietly(const std::string& command);

/// `openssl s_server -www` with a certificate and key in PEM files.
class TlsServer {
 public:
  TlsServer(const std::string& certificate, const std::string& key);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  std::uint16_t port() const { return port_; }  ///< 0: it did not start

 private:
  pid_t child_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace gslbd::test
