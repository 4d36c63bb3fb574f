#pragma once

// Kernels that are launched by address and untyped arguments (cnrtInvokeKernel and its elder
// versions). An address says nothing of the parameters, so each kernel is made known once:
//
//   static const bool known = ::bang::register_kernel("Add", &Add);

#include <cstddef>
#include <cstring>
#include <functional>
#include <new>
#include <tuple>
#include <utility>
#include <vector>

namespace bang {

struct KernelEntry {
  const char* name;
  std::vector<size_t> sizes;  ///< of the parameters, in bytes
  /// Copies the arguments; what comes back calls the kernel with them.
  std::function<std::function<void()>(const void* const* arguments)> bind;
};

/// Keeps an entry; the last one of an address counts.
void register_kernel(const void* kernel, KernelEntry entry);
/// nullptr: not registered.
const KernelEntry* find_kernel(const void* kernel);

namespace detail {

/// An object out of its bytes, wherever they lie.
template <class T>
T load_argument(const void* bytes) {
  alignas(T) unsigned char storage[sizeof(T)];
  std::memcpy(storage, bytes, sizeof(T));
  return *std::launder(reinterpret_cast<T*>(storage));
}

template <class... P, size_t... I>
std::tuple<P...> load_arguments([[maybe_unused]] const void* const* arguments,
                                std::index_sequence<I...>) {
  return std::tuple<P...>(load_argument<P>(arguments[I])...);
}

}  // namespace detail

template <class... P>
bool register_kernel(const char* name, void (*kernel)(P...)) {
  KernelEntry entry{name, {sizeof(P)...}, nullptr};
  entry.bind = [kernel](const void* const* arguments) -> std::function<void()> {
    return [kernel,
            values = detail::load_arguments<P...>(arguments, std::index_sequence_for<P...>{})] {
      std::apply(kernel, values);
    };
  };
  register_kernel(reinterpret_cast<const void*>(kernel), std::move(entry));
  return true;
}

}  // namespace bang
