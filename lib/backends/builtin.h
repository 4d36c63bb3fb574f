#pragma once

#include <span>

#include <reel/backends/backend.h>

namespace reel::backends {

/// A backend that is part of the library; slot -1 takes the next free type.
struct Builtin {
  int slot;
  const char* name;
  void (*fill)(Backend&);
};

/// The built-in backends, listed by a call so that no linker drops them.
std::span<const Builtin> builtins();

}  // namespace reel::backends
