#pragma once

// What mlucc makes of kernel<<<dim, type, queue>>>(arguments):
//
//   ::bang::configure("kernel", {file, line}, dim, type, queue).of(kernel)(arguments)
//
// and of each definition of a kernel, for those who launch it by address:
//
//   static const ::bang::KnownKernel bang_kernel_1("kernel", {file, line}, kernel);

#include <cnrt.h>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <bang/kernels.h>
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

  /// A name that is one function only for certain arguments: of a template, or of several
  /// functions. `pick` is the form above, for a name that says it all after all (`kernel<float>`);
  /// or else `call` is called with copies of the arguments, and finds the function by their types.
  template <class Pick, class Call>
  auto of(Pick pick, Call call) const {
    if constexpr (std::is_invocable_v<Pick, Launch>) {
      return pick(*this);
    } else {
      return [launch = *this, call](auto... arguments) {
        enqueue(launch.kernel, launch.site, launch.dim, launch.type, launch.queue,
                [call, values = std::make_tuple(std::move(arguments)...)] {
                  std::apply(call, values);
                });
      };
    }
  }
};

inline Launch configure(const char* kernel, Site site, cnrtDim3_t dim, cnrtFunctionType_t type,
                        cnrtQueue_t queue = nullptr) {
  return {kernel, site, dim, type, queue};
}

}  // namespace bang
