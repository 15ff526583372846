// SPDX-License-Identifier: Apache-2.0
#include "server/control/control.h"

#include "core/log.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<const Catalogue> catalogue() {
  std::vector<Pool> pools(1);
  pools[0].name = "www";
  for (const auto& [address, site] : {std::pair{"192.0.2.1", "fra"}, {"198.51.100.1", "nyc"}}) {
    Member m;
    m.address = *Address::parse(address);
    m.site = site;
    pools[0].members.push_back(m);
  }
  auto check = std::make_shared<health::Check>();
  check->name = "web";
  pools[0].checks = {check};
  return std::make_shared<const Catalogue>(pools, std::vector<std::string>());
}

/// A Control on a clock that stands still, with what it told.
class World {
 public:
  explicit World(std::string state_dir = {}) : state_dir_(std::move(state_dir)) {
    log::set_level(log::Level::off);
    uv_loop_init(&loop_);
    control_.emplace(loop_, state_dir_, clock,
                     Control::Events{[this] { ++changes; },
                                     [this](const ForcedEvent& e) {
                                       told.push_back(std::string(forced_event_name(e.what)) + " " +
                                                      e.entry.scope.to_string());
                                     },
                                     [this](const std::string& check, const Address& target) {
                                       told.push_back("resume " + check + " " + target.to_string());
                                       return someone_waits;
                                     }});
    look();
  }
  ~World() {
    control_->close();
    uv_run(&loop_, UV_RUN_DEFAULT);
    control_.reset();
    uv_loop_close(&loop_);
    log::set_level(log::Level::info);
  }

  Control& control() { return *control_; }
  /// As after a reload: everything is looked at anew.
  void look(std::vector<MaintenanceWindow> windows = {}) {
    control_->installed({state_dir_, "", std::move(windows), catalogue()});
  }
  Json force(const std::string& body) { return reply(control_->force(Json::parse(body))); }
  Json release(const std::string& body) { return reply(control_->release(Json::parse(body))); }
  std::optional<ForcedState> of_fra() {
    return control_->lookup().member("www", *Address::parse("192.0.2.1"), "fra");
  }

  ManualClock clock;
  int changes = 0;
  std::vector<std::string> told;
  int status = 0;
  std::optional<bool> someone_waits = false;  ///< nullopt: the health thread does not answer

 private:
  Json reply(Control::Reply done) {
    const HttpResponse response = control_->keep(std::move(done));
    status = response.status;
    return Json::parse(response.body);
  }

  std::string state_dir_;
  uv_loop_t loop_{};
  std::optional<Control> control_;
};

}  // namespace

TEST_CASE("a force is told to the program before it is answered") {
  World w;
  const Json reply = w.force(R"({"site": "fra", "state": "drain", "reason": "switch", "author": "anna"})");
  CHECK(w.status == 200);
  CHECK(w.changes == 1);
  CHECK(w.of_fra() == ForcedState::drain);
  CHECK(w.told == std::vector<std::string>{"forced site fra"});
  CHECK(reply == Json{{"site", "fra"},
                      {"state", "drain"},
                      {"reason", "switch"},
                      {"author", "anna"},
                      {"since", "2026-01-01T00:00:00.000Z"},
                      {"until", nullptr},
                      {"maintenance", false},
                      {"matches", 1},
                      {"kept", false},
                      {"warning", "no state_dir is configured: a restart forgets this"}});
}

TEST_CASE("a second force on a scope tells what it replaces; a release what it ends") {
  World w;
  w.force(R"({"site": "fra", "state": "drain"})");
  CHECK(w.force(R"({"site": "fra", "state": "up"})").at("replaced").at("state") == "drain");
  CHECK(w.release(R"({"site": "fra"})").at("released").at("state") == "up");
  CHECK(w.of_fra() == std::nullopt);
  CHECK(w.changes == 3);
  CHECK(w.release(R"({"site": "fra"})").at("error") == "nothing is forced on site fra");
  CHECK(w.status == 404);
}

TEST_CASE("names that do not exist are not found, with a hint; mistakes are unprocessable") {
  World w;
  const std::string message = "there is no site \"far\"; did you mean \"fra\"?";
  const Json where = {{"pointer", "/site"}, {"message", message}};
  CHECK(w.force(R"({"site": "far", "state": "drain"})") ==
        Json{{"error", message}, {"errors", Json::array({where})}});
  CHECK(w.status == 404);
  CHECK(w.release(R"({"pool": "ww"})").at("error") == "there is no pool \"ww\"; did you mean \"www\"?");
  CHECK(w.status == 404);
  CHECK(w.force(R"({"site": "fra"})").at("error") == "the key \"state\" is missing (up, down or drain)");
  CHECK(w.status == 422);
  CHECK(w.changes == 0);
}

TEST_CASE("what is forced for a time ends then, also when the wall clock jumps") {
  World w;
  w.force(R"({"site": "fra", "state": "drain", "for": "2h"})");
  w.clock.advance(2h - 1ms);
  w.look();
  CHECK(w.of_fra() == ForcedState::drain);
  w.clock.advance(1ms);
  w.look();
  CHECK(w.of_fra() == std::nullopt);
  CHECK(w.told.back() == "expired site fra");
  CHECK(w.changes == 2);
}

TEST_CASE("forced states outlive the program, their time goes on") {
  const Files dir;
  {
    World w(dir.path().string());
    CHECK(w.force(R"({"site": "fra", "state": "drain", "reason": "switch", "for": "2h"})").at("kept") ==
          true);
    CHECK(w.force(R"({"site": "nyc", "state": "down", "for": "1h"})").at("kept") == true);
    CHECK(w.force(R"({"pool": "www", "state": "up"})").at("kept") == true);
    CHECK(w.release(R"({"pool": "www"})").at("kept") == true);
  }
  World again(dir.path().string());
  CHECK(again.of_fra() == ForcedState::drain);
  CHECK(again.changes == 0);
  CHECK(again.control().json().at("forced").size() == 2);
  again.clock.advance(1h);
  again.look();
  const Json forced = again.control().json().at("forced");
  REQUIRE(forced.size() == 1);
  CHECK(forced.at(0).at("reason") == "switch");
  CHECK(forced.at(0).at("until") == "2026-01-01T02:00:00.000Z");
}

TEST_CASE("an entry whose name a reload took away is kept and shown as matching nothing") {
  World w;
  w.force(R"({"site": "fra", "state": "drain"})");
  w.control().installed({"", ""});
  const Json forced = w.control().json().at("forced");
  REQUIRE(forced.size() == 1);
  CHECK(forced.at(0).at("matches") == 0);
  CHECK(forced.at(0).at("note") == "matches nothing");
  CHECK(w.release(R"({"site": "fra"})").contains("released"));
}

TEST_CASE("a state directory that another configuration names learns what is forced") {
  const Files old_dir;
  const Files new_dir;
  World w(old_dir.path().string());
  w.force(R"({"site": "fra", "state": "drain"})");
  w.control().installed({new_dir.path().string(), "", {}, catalogue()});
  CHECK(ForcedStore::load(new_dir.path().string()).entries.size() == 1);
}

TEST_CASE("a file that cannot be used is reported where forced states are shown") {
  Files dir;
  dir.write("forced.json", "{");
  World w(dir.path().string());
  CHECK(w.control().json().at("warning").get<std::string>().find("it is set aside as") != std::string::npos);
}

TEST_CASE("what cannot be written is in force all the same, and the reply says that it may be lost") {
  World w("/nonexistent");
  const Json reply = w.force(R"({"site": "fra", "state": "drain"})");
  CHECK(w.status == 200);
  CHECK(w.of_fra() == ForcedState::drain);
  CHECK(reply.at("kept") == false);
  CHECK(reply.at("warning") ==
        "cannot write /nonexistent/forced.json.new: No such file or directory: a restart forgets this");
}

TEST_CASE("maintenance windows open and close by themselves, and yield to operators") {
  World w;
  MaintenanceWindow window;
  window.scope = ForcedScope::site("fra");
  window.reason = "backups";
  window.weekly = {*parse_weekly("daily 02:00-04:00")};
  w.look({window});
  CHECK(w.of_fra() == std::nullopt);
  const Json coming = {{"site", "fra"},
                       {"state", "drain"},
                       {"reason", "backups"},
                       {"from", "2026-01-01T02:00:00.000Z"},
                       {"to", "2026-01-01T04:00:00.000Z"},
                       {"time_zone", "UTC"}};
  CHECK(w.control().json().at("maintenance") == Json::array({coming}));
  w.clock.advance(2h);
  w.look({window});
  CHECK(w.of_fra() == ForcedState::drain);
  CHECK(w.control().json().at("forced").at(0).at("author") == "maintenance");
  CHECK(w.release(R"({"site": "fra"})").at("error") ==
        "this is a maintenance window of the configuration: end it there");
  CHECK(w.status == 409);
  w.force(R"({"site": "fra", "state": "up"})");
  CHECK(w.of_fra() == ForcedState::up);
  CHECK(w.release(R"({"site": "fra"})").at("now").at("state") == "drain");
  w.clock.advance(2h);
  w.look({window});
  CHECK(w.of_fra() == std::nullopt);
  CHECK(w.told == std::vector<std::string>{"window_opened site fra", "forced site fra", "released site fra",
                                           "window_closed site fra"});
}

TEST_CASE("a resume ends a wait, where somebody waits") {
  World w;
  const Json body = {{"check", "web"}, {"target", "192.0.2.1"}, {"author", "anna"}};
  CHECK(w.control().resume(body).status == 409);
  w.someone_waits = std::nullopt;
  CHECK(w.control().resume(body).status == 503);
  w.someone_waits = true;
  const auto reply = w.control().resume(body);
  CHECK(reply.status == 200);
  CHECK(reply.body == Json{{"check", "web"}, {"target", "192.0.2.1"}, {"resumed", true}});
  CHECK(w.told.back() == "resumed check web on 192.0.2.1");
  CHECK(w.control().resume({{"check", "web"}, {"target", "192.0.2.9"}}).status == 404);
  CHECK(w.control().resume({{"site", "fra"}}).status == 422);
}
