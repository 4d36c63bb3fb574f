#include "style_transfer/serve/server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>
#include <httplib.h>
#include <random>
#include <semaphore>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <reel/io/image.h>
#include <reel/tensor/check.h>

#include "style_transfer/serve/events.h"
#include "style_transfer/serve/page.h"
#include "style_transfer/serve/studio.h"

namespace style {
namespace {

using httplib::Request;
using httplib::Response;
using nlohmann::json;
using std::chrono::milliseconds;

// An event stream keeps a thread; the rest is for requests, which are short.
constexpr int kMaxStreams = 16;
constexpr size_t kThreads = kMaxStreams + 8;
constexpr size_t kMaxJsonBytes = 65536;
// How soon a stream notices that its client went away while there was nothing to tell.
constexpr milliseconds kStreamCheck{1000};
// At most ten events a second and stream.
constexpr milliseconds kStreamPause{100};

struct HttpError {
  int status;
  std::string message;
};

void answer_error(Response& response, int status, const std::string& message,
                  const std::string& option = {}) {
  // What a client sent may be in the message, and need not be UTF-8.
  const json body{{"error", message}, {"option", option}};
  response.status = status;
  response.set_content(body.dump(-1, ' ', false, json::error_handler_t::replace),
                       "application/json");
}

int status_of(Refusal::Reason reason) {
  switch (reason) {
    case Refusal::Reason::kBusy:
      return 409;
    case Refusal::Reason::kOption:
      return 400;
    case Refusal::Reason::kPicture:
      return 422;
    case Refusal::Reason::kMissing:
      return 404;
  }
  return 500;
}

void answer_exception(Response& response, const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const HttpError& error) {
    answer_error(response, error.status, error.message);
  } catch (const Refusal& error) {
    answer_error(response, status_of(error.reason), error.what(), error.option);
  } catch (const std::bad_alloc&) {
    answer_error(response, 500, "out of memory");
  } catch (const std::exception& error) {
    answer_error(response, 500, error.what());
  }
}

bool is_picture_path(const std::string& path) {
  return path == "/api/picture/content" || path == "/api/picture/style";
}

bool takes_post(const std::string& path) {
  return is_picture_path(path) || path == "/api/run" || path == "/api/stop" ||
         path == "/api/resume";
}

bool takes_get(const std::string& path) {
  constexpr const char* kPaths[] = {
      "/", "/api/events", "/api/state", "/api/original.jpg", "/api/preview.jpg", "/api/result.png"};
  return is_picture_path(path) ||
         std::find(std::begin(kPaths), std::end(kPaths), path) != std::end(kPaths);
}

// "image/png; x=y" is image/png.
std::string media_type(const Request& request) {
  std::string type = request.get_header_value("Content-Type");
  type = type.substr(0, type.find_first_of("; "));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
}

// Everything about a body that can be told before it is read. Encodings are refused because
// httplib bounds neither chunked nor inflated bodies.
void check_body(const Request& request) {
  if (request.has_header("Transfer-Encoding") || !request.has_header("Content-Length")) {
    throw HttpError{411, "expected a body with its Content-Length"};
  }
  if (request.has_header("Content-Encoding")) {
    throw HttpError{415, "expected a body without Content-Encoding"};
  }
  const std::string type = media_type(request);
  const bool picture = is_picture_path(request.path);
  const bool known =
      picture ? type == "image/png" || type == "image/jpeg" : type == "application/json";
  if (!known) {
    throw HttpError{415, fmt::format("expected {}, got {}",
                                     picture ? "a PNG or JPEG picture" : "application/json",
                                     type.empty() ? "a file of no known type" : type)};
  }
  const std::string length = request.get_header_value("Content-Length");
  uint64_t bytes = 0;
  const auto [end, failure] = std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (failure == std::errc::invalid_argument || end != length.data() + length.size()) {
    throw HttpError{400, fmt::format("expected a number as Content-Length, got '{}'", length)};
  }
  const size_t limit = picture ? Server::kMaxPictureBytes : kMaxJsonBytes;
  if (failure != std::errc() || bytes > limit) {
    throw HttpError{413, picture ? fmt::format("expected a file of at most {} MB, got {:.1f} MB",
                                               limit / 1000000, static_cast<double>(bytes) * 1e-6)
                                 : fmt::format("expected at most {} bytes, got {}", limit, length)};
  }
}

// The body. A refused one is read to its end all the same, in small pieces: many clients look at
// the answer only when they have sent everything.
std::string read_body(const Request& request, const httplib::ContentReader& reader) {
  try {
    check_body(request);
  } catch (const HttpError&) {
    const auto drop = [](const char*, size_t) { return true; };
    if (request.is_multipart_form_data()) {
      reader([](const auto&) { return true; }, drop);
    } else if (request.has_header("Content-Length") || request.has_header("Transfer-Encoding")) {
      reader(drop);
    }
    throw;
  }
  std::string body;
  const bool whole = reader([&](const char* data, size_t bytes) {
    body.append(data, bytes);
    return true;
  });
  if (!whole) throw HttpError{400, "the body ended before its Content-Length"};
  return body;
}

// The options in a JSON object, as text: they go through the command line's rules.
std::vector<std::pair<std::string, std::string>> options_in(const std::string& text) {
  const json body = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) throw HttpError{400, "expected a JSON object"};
  std::vector<std::pair<std::string, std::string>> options;
  for (const auto& [name, value] : body.items()) {
    if (!value.is_string() && !value.is_number()) {
      throw Refusal(Refusal::Reason::kOption,
                    fmt::format("{}: expected a number or a text, got {}", name, value.type_name()),
                    name);
    }
    options.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return options;
}

// 128 random bits in hexadecimal.
std::string make_nonce() {
  std::random_device random;
  std::string nonce;
  for (int i = 0; i < 4; ++i) nonce += fmt::format("{:08x}", random());
  return nonce;
}

// The page with a fresh nonce in place of each "NONCE": no script but its own can run in it.
void answer_page(Response& response) {
  constexpr std::string_view kPlace = "NONCE";
  const std::string nonce = make_nonce();
  std::string page(kPage);
  for (size_t at = page.find(kPlace); at != std::string::npos; at = page.find(kPlace, at)) {
    page.replace(at, kPlace.size(), nonce);
  }
  response.set_header(
      "Content-Security-Policy",
      fmt::format("default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; img-src "
                  "'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                  "frame-ancestors 'none'",
                  nonce));
  response.set_content(page, "text/html; charset=utf-8");
}

}  // namespace

struct Server::Impl {
  Impl(Studio& studio, int port);
  ~Impl();

  void check_request(const Request& request, Response& response) const;
  void add_routes();
  // A route that takes a body and has nothing to say but errors.
  void add_post(const char* path, std::function<void(std::string)> act);
  void stream(Response& response);

  Studio& studio;
  httplib::Server http;
  int port = 0;
  std::vector<std::string> hosts;  // what a request may name as its host
  std::atomic<int> streams{0};
  std::counting_semaphore<2> listening{0};
  std::thread thread;
};

Server::Impl::Impl(Studio& the_studio, int wanted) : studio(the_studio) {
  // httplib's own choice, SO_REUSEPORT, would let two programs share the port.
  http.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  const std::string host = "127.0.0.1";
  errno = 0;
  port = wanted == 0 ? http.bind_to_any_port(host) : http.bind_to_port(host, wanted) ? wanted : -1;
  if (port < 0) {
    reel::fail("--serve {}: cannot listen on {}:{}: {}", wanted, host, wanted,
               std::strerror(errno == 0 ? EADDRINUSE : errno));
  }
  for (const std::string name : {"127.0.0.1", "localhost"}) {
    hosts.push_back(fmt::format("{}:{}", name, port));
    if (port == 80) hosts.push_back(name);
  }

  // One request a connection: an idle one would keep its thread, and the end of the server,
  // waiting.
  http.set_keep_alive_max_count(1);
  http.set_keep_alive_timeout(1);
  http.set_payload_max_length(kMaxPictureBytes);
  http.set_tcp_nodelay(true);
  http.new_task_queue = [this] {
    listening.release();  // stop() does nothing before
    return new httplib::ThreadPool(kThreads);
  };
  add_routes();
  thread = std::thread([this] {
    http.listen_after_bind();
    listening.release();
  });
  listening.acquire();
}

Server::Impl::~Impl() {
  studio.close();
  http.stop();
  thread.join();
}

// Throws unless the request is for us and from us.
void Server::Impl::check_request(const Request& request, Response& response) const {
  const auto ours = [&](const std::string& host) {
    return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
  };
  if (request.get_header_value_count("Host") != 1 || !ours(request.get_header_value("Host"))) {
    throw HttpError{403, fmt::format("expected the host {}, got '{}'", hosts.front(),
                                     request.get_header_value("Host"))};
  }
  const std::string origin = request.get_header_value("Origin");
  const bool same = origin.starts_with("http://") && ours(origin.substr(7));
  if (request.has_header("Origin") && (request.get_header_value_count("Origin") != 1 || !same)) {
    throw HttpError{403, fmt::format("refused for a page of '{}'", origin)};
  }
  const bool get = takes_get(request.path);
  const bool post = takes_post(request.path);
  if (!get && !post) throw HttpError{404, "there is no such page"};
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads ? !get : request.method != "POST" || !post) {
    response.set_header("Allow", get && post ? "GET, HEAD, POST" : get ? "GET, HEAD" : "POST");
    throw HttpError{405, fmt::format("{} does not take {}", request.path, request.method)};
  }
}

void Server::Impl::add_routes() {
  http.set_pre_routing_handler([this](const Request& request, Response& response) {
    try {
      check_request(request, response);
      return httplib::Server::HandlerResponse::Unhandled;
    } catch (...) {
      answer_exception(response, std::current_exception());
      return httplib::Server::HandlerResponse::Handled;
    }
  });
  http.set_exception_handler(
      [](const Request&, Response& response, const std::exception_ptr& exception) {
        answer_exception(response, exception);
      });
  // What httplib itself refuses has no body yet.
  http.set_error_handler(httplib::Server::Handler([](const Request&, Response& response) {
    if (response.body.empty()) {
      answer_error(response, response.status, "the request is not one that can be read");
    }
  }));
  http.set_post_routing_handler([](const Request&, Response& response) {
    if (!response.has_header("Content-Security-Policy")) {
      response.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    }
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("Cross-Origin-Resource-Policy", "same-origin");
    response.set_header("Referrer-Policy", "no-referrer");
    response.set_header("Cache-Control", "no-store");
  });

  http.Get("/", [](const Request&, Response& response) { answer_page(response); });
  http.Get("/api/events", [this](const Request&, Response& response) { stream(response); });
  http.Get("/api/state", [this](const Request&, Response& response) {
    response.set_content(to_json(studio.view()).dump(), "application/json");
  });
  http.Get("/api/original.jpg", [this](const Request&, Response& response) {
    response.set_content(*studio.original(), "image/jpeg");
  });
  http.Get("/api/preview.jpg", [this](const Request&, Response& response) {
    response.set_content(*studio.preview(), "image/jpeg");
  });
  http.Get("/api/result.png", [this](const Request&, Response& response) {
    response.set_header("Content-Disposition", "attachment; filename=\"reel-style.png\"");
    response.set_content(reel::encode_image(studio.result(), ".png"), "image/png");
  });
  for (const auto& [role, path] :
       {std::pair{Role::kContent, "/api/picture/content"}, {Role::kStyle, "/api/picture/style"}}) {
    http.Get(path, [this, role = role](const Request&, Response& response) {
      response.set_content(*studio.picture(role), "image/jpeg");
    });
    add_post(path,
             [this, role = role](std::string body) { studio.set_picture(role, std::move(body)); });
  }
  add_post("/api/run", [this](const std::string& body) { studio.start(options_in(body)); });
  add_post("/api/stop", [this](const std::string& body) {
    options_in(body);
    studio.stop();
  });
  add_post("/api/resume", [this](const std::string& body) {
    const auto options = options_in(body);
    if (options.size() != 1 || options[0].first != "steps") {
      throw Refusal(Refusal::Reason::kOption, "expected the option steps alone", "steps");
    }
    studio.resume(options[0].second);
  });
}

void Server::Impl::add_post(const char* path, std::function<void(std::string)> act) {
  http.Post(path, [act = std::move(act)](const Request& request, Response& response,
                                         const httplib::ContentReader& reader) {
    act(read_body(request, reader));
    response.set_content("{}", "application/json");
  });
}

void Server::Impl::stream(Response& response) {
  // Counts from here to the end of the response, whatever becomes of it.
  const auto place = std::shared_ptr<void>(nullptr, [this](void*) { --streams; });
  if (++streams > kMaxStreams) {
    throw HttpError{503, fmt::format("{} pages watch already: close one of them", kMaxStreams)};
  }
  response.set_chunked_content_provider(
      "text/event-stream",
      [this, place, watcher = Watcher{}](size_t, httplib::DataSink& sink) mutable {
        if (const auto view = studio.wait(watcher, kStreamCheck)) {
          const std::string event = "data: " + to_json(*view).dump() + "\n\n";
          if (!sink.write(event.data(), event.size())) return false;
          std::this_thread::sleep_for(kStreamPause);
        }
        return !studio.closed() && sink.is_writable();
      });
}

Server::Server(Studio& studio, int port) : impl_(std::make_unique<Impl>(studio, port)) {}

Server::~Server() = default;

int Server::port() const { return impl_->port; }

std::string Server::address() const { return fmt::format("http://127.0.0.1:{}", port()); }

}  // namespace style
