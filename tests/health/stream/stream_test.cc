// SPDX-License-Identifier: Apache-2.0
// The stream by itself: order of what its user hears, and what users may do meanwhile.

#include "health/stream/stream.h"

#include <memory>
#include <vector>

#include "tests/health/probing.h"
#include "tests/health/stream/peer.h"
#include "tests/health/test_server.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;

namespace {

Endpoint at(std::uint16_t port) {
  return {*Address::parse("127.0.0.1"), port};
}

/// Notes what it hears and does what the test says.
struct Notes final : StreamListener {
  explicit Notes(SocketSet& sockets) : stream(std::make_unique<Stream>(sockets, *this)) {}

  void stream_opened() override {
    said += "opened;";
    if (on_opened) on_opened();
  }
  void stream_received(std::string_view data) override {
    received += data.size();
    if (keep) text += data;
    if (on_received) on_received();
  }
  void stream_ended() override {
    said += "ended;";
    if (on_ended) on_ended();
  }
  void stream_failed(Outcome outcome) override {
    said += "failed: " + outcome.detail + ";";
    if (on_failed) on_failed();
  }

  std::unique_ptr<Stream> stream;
  std::string said;
  std::string text;
  std::size_t received = 0;
  bool keep = true;
  std::function<void()> on_opened, on_received, on_ended, on_failed;
};

/// Runs the loop, but not for ever when a test is wrong.
void run(UvLoop& loop) {
  const TimerId guard = loop.run_at(std::chrono::steady_clock::now() + std::chrono::seconds(20), [&loop] {
    CHECK(false);
    loop.stop();
  });
  loop.run();
  loop.cancel(guard);
}

void echo(const PeerConnection& c) {
  for (std::string line = c.hear("\n"); line.ends_with('\n'); line = c.hear("\n")) {
    if (!c.say(line)) return;
  }
}

}  // namespace

TEST_CASE("a stream opens, carries and ends") {
  const Peer peer([](const PeerConnection& c) { c.say(c.hear("\n")); });
  UvLoop loop;
  SocketSet sockets(loop);
  Notes notes(sockets);
  notes.on_opened = [&] { notes.stream->write("one\n"); };
  notes.on_ended = [&] { loop.stop(); };
  notes.stream->open(at(peer.port()));
  CHECK(notes.said.empty());
  run(loop);
  CHECK(notes.said == "opened;ended;");
  CHECK(notes.text == "one\n");
}

TEST_CASE("the first words may be given before the connection stands") {
  const Peer peer([](const PeerConnection& c) { c.say(c.hear("\n")); });
  UvLoop loop;
  SocketSet sockets(loop);
  Notes notes(sockets);
  notes.on_ended = [&] { loop.stop(); };
  notes.stream->open(at(peer.port()), nullptr, "early\n");
  run(loop);
  CHECK(notes.said == "opened;ended;");
  CHECK(notes.text == "early\n");
}

TEST_CASE("the first words to a closed port do not hide why it failed") {
  UvLoop loop;
  SocketSet sockets(loop);
  Notes notes(sockets);
  notes.on_failed = [&] { loop.stop(); };
  notes.stream->open(at(closed_port()), nullptr, "early\n");
  if (notes.said.empty()) run(loop);
  CHECK(notes.said == "failed: connection refused;");
}

TEST_CASE("more than a socket takes at once is sent as the peer reads") {
  const std::string much(8 << 20, 'x');
  std::size_t heard = 0;
  const Peer peer([&](const PeerConnection& c) {
    heard = c.hear_octets(much.size()).size();
    c.say("thanks");
  });
  UvLoop loop;
  SocketSet sockets(loop);
  Notes notes(sockets);
  notes.on_opened = [&] { notes.stream->write(much); };
  notes.on_ended = [&] { loop.stop(); };
  notes.stream->open(at(peer.port()));
  run(loop);
  CHECK(notes.text == "thanks");
  CHECK(heard == much.size());
}

TEST_CASE("a stream may be closed, destroyed or opened anew from inside any call") {
  const Peer peer([](const PeerConnection& c) {
    c.say("x");
    c.hear("\n");
  });
  UvLoop loop;
  SocketSet sockets(loop);
  Notes notes(sockets);
  SECTION("destroyed when opened") {
    notes.on_opened = [&] { notes.stream.reset(), loop.stop(); };
    notes.stream->open(at(peer.port()));
    run(loop);
    CHECK(notes.said == "opened;");
  }
  SECTION("destroyed when received") {
    notes.on_received = [&] { notes.stream.reset(), loop.stop(); };
    notes.stream->open(at(peer.port()));
    run(loop);
    CHECK(notes.text == "x");
  }
  SECTION("opened anew when received") {
    notes.on_received = [&] {
      if (notes.text.size() == 3) return loop.stop();
      notes.stream->close();
      notes.stream->open(at(peer.port()));
    };
    notes.stream->open(at(peer.port()));
    run(loop);
    CHECK(notes.said == "opened;opened;opened;");
  }
  SECTION("destroyed when failed") {
    notes.on_failed = [&] { notes.stream.reset(), loop.stop(); };
    notes.stream->open(at(closed_port()));
    if (notes.stream != nullptr) run(loop);
    CHECK(notes.said == "failed: connection refused;");
  }
  CHECK(sockets.size() <= 1);
}

TEST_CASE("a reset while idle is told") {
  const Peer peer([](const PeerConnection& c) {
    c.hear("\n");
    c.reset();
  });
  UvLoop loop;
  SocketSet sockets(loop);
  Notes notes(sockets);
  notes.on_opened = [&] { notes.stream->write("go\n"); };
  notes.on_failed = [&] { loop.stop(); };
  notes.stream->open(at(peer.port()));
  run(loop);
  CHECK(notes.said == "opened;failed: connection reset by the peer;");
  CHECK(notes.stream->is_closed());
}

TEST_CASE("a flood on one stream delays no other") {
  const Peer flood([](const PeerConnection& c) {
    const std::string block(65536, 'a');
    while (c.say(block)) {
    }
  });
  const Peer good(echo);
  UvLoop loop;
  SocketSet sockets(loop);
  Notes flooded(sockets);
  flooded.keep = false;
  Notes talking(sockets);
  int rounds = 0;
  const auto ask = [&] { talking.stream->write("again\n"); };
  flooded.on_received = [&] {  // the talk begins in the middle of the flood
    if (talking.stream->is_closed()) talking.stream->open(at(good.port()));
  };
  talking.on_opened = ask;
  talking.on_received = [&] { ++rounds == 50 ? loop.stop() : ask(); };
  flooded.stream->open(at(flood.port()));
  run(loop);
  CHECK(rounds == 50);
  CHECK(flooded.stream->is_open());
}

TEST_CASE("two hundred streams at once, each with its own answer") {
  const Peer peer([](const PeerConnection& c) { c.say(c.hear("\n")); });
  UvLoop loop;
  SocketSet sockets(loop);
  std::vector<std::unique_ptr<Notes>> all;
  int ended = 0;
  for (int i = 0; i < 200; ++i) {
    Notes& notes = *all.emplace_back(std::make_unique<Notes>(sockets));
    notes.on_ended = [&] {
      notes.stream->close();
      if (++ended == 200) loop.stop();
    };
    notes.stream->open(at(peer.port()), nullptr, std::to_string(i) + "\n");
  }
  run(loop);
  for (int i = 0; i < 200; ++i) CHECK(all[static_cast<std::size_t>(i)]->text == std::to_string(i) + "\n");
  CHECK(sockets.size() == 0);
}
