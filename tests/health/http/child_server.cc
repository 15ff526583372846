// SPDX-License-Identifier: Apache-2.0
#include "tests/health/http/child_server.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace gslbd::test {

ChildServer::ChildServer(const std::vector<std::string>& command, const std::string& marker) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) return;
  child_ = fork();
  if (child_ == 0) {
    dup2(out[1], 1);
    dup2(out[1], 2);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(out[1]);
  output_ = out[0];
  std::string line;
  char c = 0;
  while (read(output_, &c, 1) == 1) {
    if (c != '\n') {
      line += c;
      continue;
    }
    if (const std::size_t at = line.find(marker); at != std::string::npos) {
      started_ = true;
      port_ = static_cast<std::uint16_t>(std::atoi(line.c_str() + at + marker.size()));
      return;
    }
    line.clear();
  }
}

ChildServer::~ChildServer() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  if (output_ >= 0) close(output_);
}

}  // namespace gslbd::test
