#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace mlucc {

/// What an ordinary compiler does not know of BANG C, in words that it knows. `preprocessed` is the
/// output of the preprocessor; the result has the same lines.
///
///   kernel<<<dim, type, queue>>>(x)    ::bang::configure("kernel", {file, line}, dim, type,
///                                          queue).of(kernel)(x)
///   __mlu_global__ void kernel(T x) {} void kernel(T x) {} static const ::bang::KnownKernel
///                                          bang_kernel_0("kernel", {file, line}, kernel);
///   __nram__ float a[N];               static thread_local float (&a)[N] =
///                                          ::bang::variable<float[N]>(nram, "a", {file, line});
///   __nram__ float b = x;              the same, and
///                                      ::bang::initialize<float>(b, x);
///   asm volatile("sync;");             ::bang::inline_assembly("sync;", {file, line});
///
/// Each file is a device program of its own, as it is on the card: two files that are linked into
/// one program may both have a `__nram__ char buffer[N]`. A file that says `extern` and defines no
/// such variable gets it from the one that does, through a weak function bang_address_<name>.
///
/// `file` names the source until the first line marker. asm of system headers and of files below
/// `own_include_dir` is left alone.
std::string rewrite(std::string_view preprocessed, std::string_view file,
                    std::string_view own_include_dir = {});

/// "file:line: error: what"
struct RewriteError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace mlucc
