#pragma once

#include <utility>

/// An option of a class: a private member with getters and a chaining setter of its name.
/// `REEL_ARG(double, lr) = 0.1;` is read with lr() and set with lr(0.2). What follows is private.
#define REEL_ARG(T, name)                                                             \
 public:                                                                              \
  auto name(const T& value)->decltype(*this) { return name##_ = value, *this; }       \
  auto name(T&& value)->decltype(*this) { return name##_ = std::move(value), *this; } \
  const T& name() const noexcept { return name##_; }                                  \
  T& name() noexcept { return name##_; }                                              \
                                                                                      \
 private:                                                                             \
  T name##_
