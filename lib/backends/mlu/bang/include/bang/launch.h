#pragma once

// What mlucc makes of kernel<<<dim, type, queue>>>(arguments):
//
//   ::bang::configure("kernel", {file, line}, dim, type, queue).of(kernel)(arguments)

#include <cnrt.h>
#include <functional>
#include <tuple>
#include <utility>

#include <bang/runtime.h>

namespace bang {

/// Puts a launch into a queue: `body` runs once on each core, for each of its tasks.
void enqueue(const char* kernel, Site site, cnrtDim3_t dim, cnrtFunctionType_t type,
             cnrtQueue_t queue, std::function<void()> body);

struct Launch {
  const char* kernel;
  Site site;
  cnrtDim3_t dim;
  cnrtFunctionType_t type;
  cnrtQueue_t queue;

  /// The arguments are converted to the kernel's parameters and copied, as a card does.
  template <class... P>
  auto of(void (*function)(P...)) const {
    return [launch = *this, function](P... arguments) {
      enqueue(launch.kernel, launch.site, launch.dim, launch.type, launch.queue,
              [function, values = std::tuple<P...>(std::move(arguments)...)] {
                std::apply(function, values);
              });
    };
  }
};

inline Launch configure(const char* kernel, Site site, cnrtDim3_t dim, cnrtFunctionType_t type,
                        cnrtQueue_t queue = nullptr) {
  return {kernel, site, dim, type, queue};
}

}  // namespace bang
