#include <reel/backends/reference/reference.h>

namespace reel {

void register_reference(KernelTable& table) {
  reference::register_unary(table);
  reference::register_unary_grad(table);
  reference::register_binary(table);
  reference::register_complex(table);
  reference::register_copy(table);
  reference::register_reduce(table);
  reference::register_softmax(table);
  reference::register_matmul(table);
  reference::register_index(table);
  reference::register_conv(table);
  reference::register_pool(table);
  reference::register_norm(table);
  reference::register_scan(table);
  reference::register_sort(table);
  reference::register_linalg(table);
}

}  // namespace reel
