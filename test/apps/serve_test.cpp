// reel-style --serve over HTTP.

#include <atomic>
#include <csignal>
#include <httplib.h>
#include <thread>

#include <nlohmann/json.hpp>

#include <reel/io/image.h>
#include <reel/io/safetensors.h>
#include <reel/reel.h>

#include "apps/small_style.h"
#include "style_transfer/serve/server.h"
#include "style_transfer/serve/studio.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using Catch::Matchers::ContainsSubstring;
using nlohmann::json;
using namespace reel::test;
using style::Stage;

namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kPng = "image/png";

struct Answer {
  int status = 0;
  json body;
  std::string error() const { return body.value("error", ""); }
};

struct Site {
  style::Studio studio{small_settings(), small_weights()};
  style::Server server{studio, 0};
  httplib::Client client{"127.0.0.1", server.port()};

  Answer post(const std::string& path, const std::string& body, const char* type = kJson,
              const httplib::Headers& headers = {}) {
    const auto result = client.Post(path, headers, body, type);
    REQUIRE(result);
    return {result->status, json::parse(result->body)};
  }
  httplib::Response get(const std::string& path, const httplib::Headers& headers = {}) {
    const auto result = client.Get(path, headers);
    REQUIRE(result);
    return *result;
  }
  json state() { return json::parse(get("/api/state").body); }
  void hand_in_pictures() {
    CHECK(post("/api/picture/content", png(30, 40), kPng).status == 200);
    CHECK(post("/api/picture/style", png(50, 20, 1), kPng).status == 200);
  }
};

// The states that an event stream tells, until `enough` says so.
std::vector<json> listen(int port, const std::function<bool(const json&)>& enough) {
  httplib::Client client("127.0.0.1", port);
  std::vector<json> events;
  std::string buffer;
  client.Get("/api/events", [&](const char* data, size_t bytes) {
    buffer.append(data, bytes);
    for (size_t end = buffer.find("\n\n"); end != std::string::npos; end = buffer.find("\n\n")) {
      const std::string event = buffer.substr(0, end);
      buffer.erase(0, end + 2);
      if (!event.starts_with("data: ")) return false;
      events.push_back(json::parse(event.substr(6)));
      if (enough(events.back())) return false;
    }
    return true;
  });
  return events;
}

bool is_over(const json& event) {
  const std::string stage = event.at("stage");
  return stage == "finished" || stage == "stopped" || stage == "failed";
}

// A watcher in a thread of its own.
struct Listener {
  explicit Listener(int port)
      : thread([this, port] {
          listen(port, [&](const json&) {
            ++events;
            return leave.load();
          });
          ended = true;
        }) {}
  ~Listener() { thread.join(); }

  std::atomic<int> events{0};
  std::atomic<bool> leave{false};
  std::atomic<bool> ended{false};
  std::thread thread;
};

// The program itself, on a free port.
struct Program {
  explicit Program(const std::string& options)
      : process(command(folder, options), folder.file("log")) {
    wait_until([&] { return read_file(folder.file("log")).find("\n") != std::string::npos; }, 60);
    const std::string log = read_file(folder.file("log"));
    const std::string start = "http://127.0.0.1:";
    const size_t at = log.find(start);
    if (at != std::string::npos) port = std::atoi(log.c_str() + at + start.size());
  }
  static std::string command(const TempDir& folder, const std::string& options) {
    const std::string weights = folder.file("weights.safetensors");
    reel::save_safetensors(weights, small_weights().tensors);
    return program("reel-style") + " --weights " + weights +
           " --preprocess caffe --content-layers conv1_2 --style-layers conv1_1 " + options;
  }

  TempDir folder;
  Process process;
  int port = 0;
};

}  // namespace

TEST_CASE("a picture is made over HTTP") {
  Site site;
  CHECK(site.state().at("stage") == "idle");
  CHECK(site.state().at("options").at("size") == 24);
  site.hand_in_pictures();
  CHECK(site.get("/api/picture/content").get_header_value("Content-Type") == "image/jpeg");
  CHECK(site.state().at("content").at("width") == 40);

  std::vector<json> events;
  std::thread listener([&] { events = listen(site.server.port(), is_over); });
  const Answer started =
      site.post("/api/run", R"({"size": 32, "steps": "300", "lr": 1.5, "tv-weight": 0})");
  CHECK(started.status == 200);
  listener.join();

  REQUIRE(events.size() >= 2);
  const json& last = events.back();
  CHECK(last.at("stage") == "finished");
  CHECK(last.at("step") == 300);
  CHECK(last.at("steps") == 300);
  CHECK(last.at("options").at("lr") == 1.5);
  CHECK(last.at("seconds_per_step") > 0);
  // Every step's losses came once and in order.
  int64_t step = 0;
  for (const json& event : events) {
    for (const json& row : event.at("losses")) {
      CHECK(row.size() == 5);
      CHECK(row[0] == ++step);
      CHECK(row[1].get<double>() ==
            Approx(row[2].get<double>() + 1e4 * row[3].get<double>()).epsilon(1e-5));
    }
  }
  CHECK(step == 300);

  const auto saved = site.get("/api/result.png");
  CHECK(saved.get_header_value("Content-Type") == "image/png");
  CHECK_THAT(saved.get_header_value("Content-Disposition"), ContainsSubstring("reel-style.png"));
  CHECK(reel::equal(reel::decode_image(saved.body, "saved"), site.studio.result()));
  CHECK(reel::decode_image(saved.body, "saved").sizes() == reel::IntArrayRef({24, 32, 3}));
  CHECK(reel::decode_image(site.get("/api/preview.jpg").body, "preview").size(1) == 32);
  CHECK(reel::decode_image(site.get("/api/original.jpg").body, "original").size(0) == 24);
}

TEST_CASE("a run is stopped, resumed, and never doubled") {
  Site site;
  CHECK(site.post("/api/run", "{}").status == 409);
  CHECK(site.post("/api/stop", "{}").status == 409);
  site.hand_in_pictures();
  CHECK(site.get("/api/preview.jpg").status == 404);
  CHECK(site.get("/api/result.png").status == 404);
  CHECK(site.post("/api/run", R"({"steps": 1000000})").status == 200);
  const Answer second = site.post("/api/run", "{}");
  CHECK(second.status == 409);
  CHECK(second.error() == "a run is going already: stop it first");
  // A second page finds the run as it is.
  const auto events = listen(site.server.port(), [](const json& e) { return e.at("step") > 3; });
  CHECK(events.back().at("stage") == "running");
  CHECK(site.post("/api/stop", "{}").status == 200);
  REQUIRE(reaches(site.studio, Stage::kStopped));
  const int64_t done = site.state().at("step");
  CHECK(site.post("/api/resume", R"({"steps": 1})").status == 400);
  CHECK(site.post("/api/resume", R"({"size": 64})").status == 400);
  CHECK(site.post("/api/resume", json{{"steps", done + 5}}.dump()).status == 200);
  REQUIRE(reaches(site.studio, Stage::kFinished));
  CHECK(site.state().at("step") == done + 5);
  CHECK(site.state().at("run") == 1);
}

TEST_CASE("what is wrong with a request is said in a sentence") {
  Site site;
  const auto picture = [&](const std::string& bytes, const char* type = kPng) {
    return site.post("/api/picture/content", bytes, type);
  };
  CHECK(picture(png(8, 8), "image/gif").status == 415);
  CHECK(picture(png(8, 8), "image/gif").error() == "expected a PNG or JPEG picture, got image/gif");
  CHECK(picture("GIF89a").status == 422);
  CHECK_THAT(picture("GIF89a").error(), ContainsSubstring("neither PNG nor JPEG"));
  CHECK(picture("").status == 422);
  CHECK(picture(png(30, 30).substr(0, 500)).status == 422);
  CHECK(picture(empty_png(10000, 10000)).status == 422);
  CHECK_THAT(picture(empty_png(10000, 10000)).error(), ContainsSubstring("64000000 allowed"));
  std::string junk;
  junk.resize(style::Server::kMaxPictureBytes + 1, 'x');
  const Answer large = picture(junk);
  CHECK(large.status == 413);
  CHECK(large.error() == "expected a file of at most 20 MB, got 20.0 MB");
  junk.pop_back();
  CHECK(picture(junk).status == 422);
  // Chunked and compressed bodies have no length that could be held against a limit.
  const auto chunked = site.client.Post(
      "/api/picture/content",
      [](size_t, httplib::DataSink& sink) {
        sink.write("abc", 3);
        sink.done();
        return true;
      },
      kPng);
  REQUIRE(chunked);
  CHECK(chunked->status == 411);
  CHECK(site.post("/api/picture/content", png(8, 8), kPng, {{"Content-Encoding", "gzip"}}).status ==
        415);
  CHECK(site.state().at("content").at("version") == 0);

  site.hand_in_pictures();
  const auto run = [&](const std::string& body, const char* type = kJson) {
    return site.post("/api/run", body, type);
  };
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", kPng}) {
    CHECK(run("{}", type).status == 415);
    CHECK(site.post("/api/stop", "{}", type).status == 415);
  }
  CHECK(run("--x\r\nContent-Disposition: form-data; name=\"size\"\r\n\r\n24\r\n--x--\r\n",
            "multipart/form-data; boundary=x")
            .status == 415);
  for (const char* body : {"", "{", "[]", "12", "null", "{\"size\": }"}) {
    INFO(body);
    CHECK(run(body).status == 400);
    CHECK(run(body).error() == "expected a JSON object");
  }
  CHECK(run(std::string(70000, ' ')).status == 413);
  for (const char* body : {R"({"size": 0})", R"({"size": 12.5})", R"({"size": true})",
                           R"({"size": [24]})", R"({"size": null})", R"({"size": ""})"}) {
    INFO(body);
    const Answer answer = run(body);
    CHECK(answer.status == 400);
    CHECK(answer.body.at("option") == "size");
    CHECK_THAT(answer.error(), ContainsSubstring("size: "));
  }
  CHECK(run("{\"\xff\xfe\": 1}").status == 400);
  CHECK(run(R"({"init": "/etc/passwd"})").body.at("option") == "init");
  CHECK(site.state().at("run") == 0);
}

TEST_CASE("only this machine's own page is answered") {
  Site site;
  site.hand_in_pictures();
  const std::string port = std::to_string(site.server.port());
  const std::vector<std::string> paths{
      "/", "/api/events", "/api/state", "/api/result.png", "/api/picture/style", "/no/such"};
  const std::vector<httplib::Headers> foreign{
      {{"Host", "evil.example"}},
      {{"Host", "evil.example:" + port}},
      {{"Host", "127.0.0.1"}},
      {{"Host", "127.0.0.1:" + port + ".evil.example"}},
      {{"Host", ""}},
      {{"Origin", "http://evil.example"}},
      {{"Origin", "null"}},
      {{"Origin", "https://127.0.0.1:" + port}},
      {{"Origin", "http://127.0.0.1:1"}},
      {{"Origin", "http://127.0.0.1:" + port}, {"Origin", "http://evil.example"}}};
  for (const auto& headers : foreign) {
    for (const auto& header : headers) UNSCOPED_INFO(header.first << ": " << header.second);
    for (const std::string& path : paths) CHECK(site.get(path, headers).status == 403);
    for (const char* path : {"/api/run", "/api/stop", "/api/resume"}) {
      CHECK(site.post(path, "{}", kJson, headers).status == 403);
    }
    CHECK(site.post("/api/picture/style", png(8, 8), kPng, headers).status == 403);
  }
  CHECK(site.state().at("run") == 0);
  CHECK(site.state().at("style").at("height") == 50);
  for (const std::string name : {"127.0.0.1:", "localhost:"}) {
    CHECK(site.get("/", {{"Host", name + port}}).status == 200);
    CHECK(site.get("/api/state", {{"Origin", "http://" + name + port}}).status == 200);
  }
  // No other address of this machine listens.
  httplib::Client other("127.0.0.2", site.server.port());
  CHECK_FALSE(other.Get("/"));
}

TEST_CASE("each route takes its own methods, and says what a browser may do with it") {
  Site site;
  for (const char* path : {"/api/run", "/api/stop", "/api/resume"}) {
    const auto answer = site.get(path);
    CHECK(answer.status == 405);
    CHECK(answer.get_header_value("Allow") == "POST");
    CHECK_THAT(json::parse(answer.body).at("error").get<std::string>(),
               ContainsSubstring("does not take GET"));
  }
  CHECK(site.post("/", "{}").status == 405);
  CHECK(site.post("/api/state", "{}").status == 405);
  CHECK(site.client.Put("/api/run", "{}", kJson)->status == 405);
  CHECK(site.client.Options("/api/run")->status == 405);
  CHECK(site.get("/../etc/passwd").status == 404);
  CHECK(site.get("/api/picture/../../x").status == 404);

  const auto page = site.get("/");
  CHECK(page.status == 200);
  CHECK_THAT(page.body, ContainsSubstring("<!doctype html>") && ContainsSubstring("</html>"));
  const std::string policy = page.get_header_value("Content-Security-Policy");
  CHECK_THAT(policy, ContainsSubstring("default-src 'none'") && !ContainsSubstring("unsafe"));
  const size_t nonce = policy.find("'nonce-") + 7;
  CHECK_THAT(page.body, ContainsSubstring("<script nonce=\"" + policy.substr(nonce, 32) + "\">"));
  CHECK(site.get("/").get_header_value("Content-Security-Policy") != policy);
  for (const auto& answer : {page, site.get("/api/state"), site.get("/no")}) {
    CHECK(answer.get_header_value("X-Content-Type-Options") == "nosniff");
    CHECK(answer.get_header_value("Cache-Control") == "no-store");
    CHECK(answer.get_header_value_count("Content-Security-Policy") == 1);
    CHECK_FALSE(answer.has_header("Access-Control-Allow-Origin"));
  }
}

TEST_CASE("streams are bounded, and one whose client left makes room") {
  Site site;
  std::vector<std::unique_ptr<Listener>> listeners;
  for (int i = 0; i < 16; ++i) {
    listeners.push_back(std::make_unique<Listener>(site.server.port()));
  }
  for (const auto& one : listeners) {
    REQUIRE(wait_until([&] { return one->events > 0; }, 10));
  }
  CHECK(site.get("/api/events").status == 503);
  CHECK(site.state().at("stage") == "idle");  // other requests have threads of their own
  for (const auto& one : listeners) one->leave = true;
  // The next event is the last that they hear; nothing happens after it.
  site.hand_in_pictures();
  for (const auto& one : listeners) CHECK(wait_until([&] { return one->ended.load(); }, 10));
  CHECK(wait_until(
      [&] { return !listen(site.server.port(), [](const json&) { return true; }).empty(); }, 10));
}

TEST_CASE("the server ends at once with streams open and a run going") {
  auto site = std::make_unique<Site>();
  site->hand_in_pictures();
  CHECK(site->post("/api/run", R"({"steps": 1000000})").status == 200);
  Listener one(site->server.port()), two(site->server.port());
  REQUIRE(wait_until([&] { return one.events > 2 && two.events > 2; }, 30));
  const auto begin = std::chrono::steady_clock::now();
  site.reset();
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(3));
  CHECK(wait_until([&] { return one.ended && two.ended; }, 3));
}

TEST_CASE("a port that is taken is an error") {
  style::Studio studio(small_settings(), small_weights());
  const style::Server first(studio, 0);
  CHECK_THROWS_WITH(style::Server(studio, first.port()),
                    ContainsSubstring("--serve " + std::to_string(first.port()) +
                                      ": cannot listen "
                                      "on 127.0.0.1") &&
                        ContainsSubstring("Address already in use"));
}

TEST_CASE("the program serves, says where, and ends with Ctrl-C") {
  for (const int signal : {SIGINT, SIGTERM}) {
    Program style("--serve 0 --size 16 --steps 1000000");
    INFO(read_file(style.folder.file("log")));
    REQUIRE(style.port > 0);
    httplib::Client client("127.0.0.1", style.port);
    REQUIRE(client.Post("/api/picture/content", png(20, 20), kPng));
    REQUIRE(client.Post("/api/picture/style", png(20, 20, 1), kPng));
    REQUIRE(client.Post("/api/run", "{}", kJson)->status == 200);
    Listener listener(style.port);
    REQUIRE(wait_until([&] { return listener.events > 2; }, 30));
    const auto begin = std::chrono::steady_clock::now();
    style.process.signal(signal);
    CHECK(style.process.wait() == 0);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
    CHECK(wait_until([&] { return listener.ended.load(); }, 2));
  }
}

TEST_CASE("the command line of --serve") {
  const TempDir folder;
  const auto said = [&](const std::string& options) {
    const auto result = run_command(Program::command(folder, options));
    CHECK(result.status != 0);
    return result.output;
  };
  CHECK_THAT(said("--serve 70000"), ContainsSubstring("--serve") && ContainsSubstring("65535"));
  CHECK_THAT(said("--serve 0 --style-layers conv9_9"), ContainsSubstring("conv9_9"));
  CHECK_THAT(said("--serve 0 --out o.png"), ContainsSubstring("--out does not go with it"));
  CHECK_THAT(said("--serve 0 --content /no/such/picture.jpg"),
             ContainsSubstring("cannot read /no/such/picture.jpg"));
  CHECK_THAT(said("--serve here"), ContainsSubstring("--serve"));
  style::Studio studio(small_settings(), small_weights());
  const style::Server first(studio, 0);
  const std::string port = std::to_string(first.port());
  CHECK_THAT(said("--serve " + port), ContainsSubstring("Address already in use"));
  const auto missing = run_command(program("reel-style") + " --serve 0 --weights /no/such/file");
  CHECK(missing.status == 1);
  CHECK_THAT(missing.output, ContainsSubstring("/no/such/file"));

  style::Settings settings;
  const char* plain[] = {"reel-style", "--weights", "w", "--serve"};
  CHECK_FALSE(style::parse_command_line(4, const_cast<char**>(plain), settings));
  CHECK(settings.serve == 8080);
}
