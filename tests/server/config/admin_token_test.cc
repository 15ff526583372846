// SPDX-License-Identifier: Apache-2.0
#include "server/config/admin_token.h"

#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

/// What is read from a file of this content, and what is said about it.
std::pair<std::string, std::string> load(const std::string& content, bool for_everybody = false) {
  Files files;
  files.write("token", content);
  const auto everybody = std::filesystem::perms::others_read;
  std::filesystem::permissions(
      files.path() / "token", everybody,
      for_everybody ? std::filesystem::perm_options::add : std::filesystem::perm_options::remove);
  Config config;
  config.file = files.config();
  config.admin.token_file = "token";
  Diagnostics diagnostics;
  std::string token = load_admin_token(config, diagnostics);
  return {std::move(token), diagnostics.all().empty() ? "" : diagnostics.all().front().message};
}

}  // namespace

TEST_CASE("the token is the first line, without the blanks behind it") {
  using Pair = std::pair<std::string, std::string>;
  CHECK(load("correct-horse-battery\nsecond line") == Pair("correct-horse-battery", ""));
  CHECK(load("correct-horse-battery \r\n") == Pair("correct-horse-battery", ""));
  CHECK(load("correct-horse-battery") == Pair("correct-horse-battery", ""));
}

TEST_CASE("what is no token is an error that does not quote it") {
  for (const std::string content :
       {"", "\ncorrect-horse-battery", "fifteen-letters", "correct horse battery staple",
        "correct-h\xc3\xb6rse-battery", "correct-horse\tbattery"}) {
    INFO(content);
    const auto [token, complaint] = load(content);
    CHECK(token.empty());
    CHECK(complaint.find("its first line must be a token: at least 16 printable ASCII characters") !=
          std::string::npos);
    CHECK((content.size() < 5 || complaint.find(content.substr(0, 9)) == std::string::npos));
  }
}

TEST_CASE("a token that every user of the host can read is warned of") {
  const auto [token, complaint] = load("correct-horse-battery", true);
  CHECK(token == "correct-horse-battery");
  CHECK(complaint.find("can be read by every user of this host") != std::string::npos);
}
