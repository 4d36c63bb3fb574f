#include "style_transfer/serve/serve.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <pthread.h>

#include <fmt/format.h>

#include <reel/backends/parallel.h>
#include <reel/reel.h>
#include <reel/tensor/check.h>

#include "style_transfer/inputs.h"
#include "style_transfer/serve/server.h"
#include "style_transfer/serve/studio.h"

namespace style {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) reel::fail("cannot read {}", path);
  return bytes;
}

}  // namespace

int serve(const Settings& settings) {
  // Every thread inherits the mask, so that the signals wait for sigwait below.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  if (settings.threads > 0) reel::set_num_threads(settings.threads);
  // A layer that does not exist is told now, not when the first run begins.
  constexpr int64_t kAmple = 16384;
  check_size("a picture", kAmple, kAmple, settings);
  Studio studio(settings, reel::load_weights(settings.weights));
  if (!settings.content.empty()) studio.set_picture(Role::kContent, read_file(settings.content));
  if (!settings.style.empty()) studio.set_picture(Role::kStyle, read_file(settings.style));
  const Server server(studio, *settings.serve);
  fmt::print("reel-style serves {} (Ctrl-C ends it)\n", server.address());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  // A step may take many seconds, and there is nothing on disk to look after: leave at once,
  // without waiting for the threads. The kernel closes the connections, which the page shows.
  fmt::print("\n");
  std::fflush(stdout);
  std::_Exit(EXIT_SUCCESS);
}

}  // namespace style
