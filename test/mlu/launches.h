#pragma once

#include <cnrt.h>

namespace test::mlu {

/// Launches whose kernels the arguments choose, into the default queue; each writes the numbers of
/// `expected` in turn.
inline constexpr int kChosen = 10;
inline constexpr float kExpected[kChosen] = {2.5f, 2.5f, 3, 3, 7, 5, 6, 13, 14, 8};
void launch_chosen(float* out);
/// Writes a value with the scalar unit.
void launch_fill(float* out, float value, int count);
/// A finding at the line that says MISTAKE, in the kernel of a deduced launch.
void launch_mistaken(float* out);

enum class ByAddress { plain, entry, linkage, overloaded, instantiated, specialized, unknown };
/// The kernels take (float* out, float value, int count) and add value to each.
const void* address_of(ByAddress kernel);

}  // namespace test::mlu
