#include <reel/reel.h>

int main() {
  const reel::Tensor left = reel::ones({2, 3});
  const reel::Tensor right = reel::full({2, 3}, 2);
  const reel::Tensor sum = left + right;
  return sum.sum().item<float>() == 18 ? 0 : 1;
}
