// SPDX-License-Identifier: Apache-2.0
#include "server/app/control_routes.h"

#include "server/app/environment.h"
#include "server/control/replies.h"

namespace gslbd::server {
namespace {

constexpr std::chrono::milliseconds kPatience{5000};

using Command = Control::Reply (Control::*)(const Json& body);

HttpResponse run(Control& control, Mailbox& main, Command command, const HttpRequest& request) {
  if (auto refused = control.guard().refuse(request)) return std::move(*refused);
  HttpResponse refusal;
  auto body = json_body(request, refusal);
  if (!body) return refusal;
  auto reply =
      main.ask([&control, command, body = std::move(*body)] { return (control.*command)(body); }, kPatience);
  if (!reply) return json_error(503, "the server is stopping or busy; the command may still be carried out");
  return control.keep(std::move(*reply));
}

Route command_route(const char* path, Control& control, Mailbox& main, Command command) {
  return {"POST", path, [&control, &main, command](const HttpRequest& request) {
            return run(control, main, command, request);
          }};
}

}  // namespace

Control::Setup control_setup(const Loaded& loaded) {
  Control::Setup setup{state_dir(loaded.config), loaded.admin_token};
  for (const MaintenanceConfig& m : loaded.config.maintenance) setup.windows.push_back(m.window);
  setup.catalogue = loaded.catalogue;
  return setup;
}

std::vector<Route> control_routes(Control& control, Mailbox& main) {
  return {
      {"GET", "/api/v1/forced",
       [&control, &main](const HttpRequest&) {
         const auto json = main.ask([&control] { return control.json(); }, kPatience);
         return json ? json_reply(200, *json) : json_error(503, "the server is stopping or busy");
       }},
      command_route("/api/v1/force", control, main, &Control::force),
      command_route("/api/v1/release", control, main, &Control::release),
      command_route("/api/v1/resume", control, main, &Control::resume),
  };
}

}  // namespace gslbd::server
