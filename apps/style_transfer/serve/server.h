#pragma once

#include <memory>
#include <string>

namespace style {

class Studio;

/// Serves a studio's page over HTTP on 127.0.0.1 alone, from construction to destruction. What it
/// answers:
///
///     GET  /                             the page
///     GET  /api/events                   state and losses as they change, as server-sent events
///     GET  /api/state                    the same, once
///     GET  /api/picture/{content,style}  the pictures handed in, small
///     GET  /api/original.jpg             the run's content picture, small
///     GET  /api/preview.jpg              the run's picture as it was a moment ago, small
///     GET  /api/result.png               the run's picture
///     POST /api/picture/{content,style}  image/png or image/jpeg, at most kMaxPictureBytes
///     POST /api/run                      {"size": 384, "steps": 100, ...}: begins a run
///     POST /api/stop                     {}
///     POST /api/resume                   {"steps": 200}: goes on to so many steps in all
///
/// Errors are {"error": "a sentence", "option": "the option it is about, or empty"}. Requests that
/// name another host, or come from a page of another origin, are refused: a page of the network
/// can neither rebind its name to this address nor post to it.
class Server {
 public:
  static constexpr size_t kMaxPictureBytes = 20'000'000;

  /// Port 0 is any free one. Errors if the port cannot be had.
  Server(Studio& studio, int port);
  /// Closes the studio, ends the event streams and waits for requests under way.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;
  /// "http://127.0.0.1:8080"
  std::string address() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace style
