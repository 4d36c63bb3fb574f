#pragma once

// A case: a schema and the arguments to call it with. Cases are written in cases/*.txt:
//
//   # A line is a case, or several with the same options, parted by |
//   @ dtypes=real ulp=2                 options for the lines below, until the next @ line
//   addmv   (3) (3,4) (4) | (3) (3,4) (4) beta=2 alpha=0.5 ; rel=8      options of this line
//   ! addmv (3) (3,5) (4)               both libraries refuse it, with LibTorch's words
//
// Arguments come in the schema's order or by name. What is not given takes its default.
//
//   (2,3)        a tensor of the dtype of the run: normal numbers, or whole ones of [-9, 9]
//   L(2,3)<5     of dtype Long (B Bool, I Int, F Float, D Double, Z ComplexDouble), of [0, 5)
//   (2,3)~0.1,4  uniform of [0.1, 4)           (3,3)+   symmetric, positive definite
//   L(2){1,0}    these values                  none     not given
//   {(2) (3)}    a list of tensors             [1,-1]   a list of numbers
//   1  -0.5  1+2i  true  inf  'mean'  Float    scalars, strings, dtypes
//   @1 @2 @3     one, two, three tensors of many shapes that broadcast, and of edge values
//
// Options: dtypes (all, real, float, double, int, complex or names, parted by commas), ulp and rel
// (bounds, see compare()), grad (highest order of gradients, 2 unless set), strides (compare them
// too), layouts=0 (contiguous inputs only), edges=0 (@1 without edge values), any (after !: with
// whatever words), forms=0 (only the function).

#include <optional>
#include <string>
#include <vector>

#include "differential/libtorch/oracle.h"

namespace differential {

enum class Layout { Contiguous, Transposed, Strided };

struct Options {
  std::vector<reel::ScalarType> dtypes;
  double ulp = 4;
  double rel = 0;
  int grad = 2;
  bool strides = false;
  bool layouts = true;
  bool edges = true;
  bool any_words = false;
  bool forms = true;
  bool gradient = false;  ///< a gradient is compared
};

struct Case {
  std::string file;
  int line = 0;
  std::string schema;
  std::vector<std::string> arguments;  ///< tokens
  Options options;
  bool refused = false;
  bool edge_values = false;

  std::string text() const;
};

/// All cases of cases/*.txt, with @1 and | expanded.
std::vector<Case> read_cases();

/// The arguments of a case for a run of this dtype and layout. Throws std::runtime_error with what
/// is wrong with the case.
Values make_arguments(const Case& c, const Schema& schema, reel::ScalarType dtype, Layout layout);

/// A tensor of this dtype with deterministic values.
reel::Tensor make_tensor(reel::IntArrayRef sizes, reel::ScalarType dtype, uint64_t seed);

}  // namespace differential
