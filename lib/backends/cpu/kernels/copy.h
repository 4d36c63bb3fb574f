#pragma once

#include <reel/backends/backend.h>

#ifndef REEL_ISA
#define REEL_ISA baseline
#endif

namespace reel::cpu::REEL_ISA {

/// y = x for views of the same sizes and dtype. Returns a Kernel's result.
const char* copy_same(const View& x, const View& y);

/// True if the view's elements fill their memory without gaps and overlaps.
bool is_dense(const View& view);

/// An input with the strides of another, dense view: a copy if it lies otherwise.
class Aligned {
 public:
  Aligned(const View& input, const View& like);
  const View& view() const { return view_; }

 private:
  View view_;
  Storage copy_;
};

/// y = x for views of the same sizes and different dtypes, the kernel behind copy.
const char* copy_cast(const Call& call);

}  // namespace reel::cpu::REEL_ISA
