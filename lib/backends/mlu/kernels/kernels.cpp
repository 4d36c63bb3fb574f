#include <reel/backends/mlu/kernels/kernels.h>
#include <reel/backends/mlu/kernels/rows.h>
#include <reel/backends/mlu/runtime/arch.h>

namespace reel::mlu {

void register_kernels(KernelTable& table) {
  if (bang::arch().number < 300) {
    // The vector units of elder cards take whole lines of 128 bytes only, our kernels any count.
    // What the CPU needs to stand in for the others is here; kernels of users, which keep to those
    // rules, run on the card.
    register_copy(table);
    register_fill(table);
    return;
  }
  register_elementwise(table);
  register_copy(table);
  register_index(table);
  register_reduce(table);
  register_softmax(table);
  register_matmul(table);
  register_conv(table);
  register_pool(table);
  register_norm(table);
}

}  // namespace reel::mlu
