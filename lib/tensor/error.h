#pragma once

#include <exception>
#include <string>

namespace reel {

/// What every failed check of the library throws: one sentence that names the op, what it
/// expected and what it was given.
class Error : public std::exception {
 public:
  explicit Error(std::string message) : message_(static_cast<std::string&&>(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& msg() const { return message_; }
  const char* what_without_backtrace() const noexcept { return what(); }

 private:
  std::string message_;
};

/// An index outside its dimension; what() and type as in LibTorch.
class IndexError : public Error {
 public:
  using Error::Error;
};

/// A backend could not give the memory asked for.
class OutOfMemoryError : public Error {
 public:
  using Error::Error;
};

}  // namespace reel
