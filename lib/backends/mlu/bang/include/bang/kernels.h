#pragma once

// Kernels that are launched by address and untyped arguments (cnrtInvokeKernel and its elder
// versions). An address says nothing of the parameters, so each kernel is made known once: mlucc
// does so where it is defined.

#include <cstddef>
#include <cstring>
#include <functional>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <bang/runtime.h>

namespace bang {

struct KernelEntry {
  const char* name;
  Site site;                  ///< of its definition
  std::vector<size_t> sizes;  ///< of the parameters, in bytes
  /// Copies the arguments; what comes back calls the kernel with them.
  std::function<std::function<void()>(const void* const* arguments)> bind;
};

/// Keeps an entry; the last one of an address counts.
void register_kernel(const void* kernel, KernelEntry entry);
void forget_kernel(const void* kernel);
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

/// A kernel that is known as long as this lives: until its library is unloaded.
class KnownKernel {
 public:
  template <class... P>
  KnownKernel([[maybe_unused]] const char* name, [[maybe_unused]] Site site, void (*kernel)(P...))
      : address_(reinterpret_cast<const void*>(kernel)) {
    // References are none of a card's arguments, and can not be passed by address.
    if constexpr ((std::is_object_v<P> && ...)) {
      const auto bind = [kernel](const void* const* arguments) -> std::function<void()> {
        return [kernel,
                values = detail::load_arguments<P...>(arguments, std::index_sequence_for<P...>{})] {
          std::apply(kernel, values);
        };
      };
      register_kernel(address_, KernelEntry{name, site, {sizeof(P)...}, bind});
    }
  }
  ~KnownKernel() { forget_kernel(address_); }
  KnownKernel(const KnownKernel&) = delete;
  KnownKernel& operator=(const KnownKernel&) = delete;

 private:
  const void* address_;
};

}  // namespace bang
