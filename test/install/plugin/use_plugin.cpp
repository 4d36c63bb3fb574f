// usage: use_plugin PLUGIN.so

#include <cstdio>

#include <reel/backends/dispatch.h>
#include <reel/backends/registry.h>
#include <reel/reel.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  reel::load_backend(argv[1]);
  const reel::Device device("counting:0");
  const reel::Tensor x = reel::rand({8, 4}).to(device).requires_grad_();
  const reel::Tensor w = reel::rand({4, 3});
  const reel::Tensor y = reel::tanh(reel::mm(x, w.to(device)) + 1).sum();
  y.backward();

  const reel::Tensor expected = reel::tanh(reel::mm(x.detach().cpu(), w) + 1).sum();
  const bool same = reel::allclose(y.detach().cpu(), expected, 1e-4, 1e-5);
  std::printf("%s", reel::backends::report().c_str());
  std::printf("plugin: sum %s the CPU's, gradient on %s\n", same ? "is" : "IS NOT",
              x.grad().device().str().c_str());
  return same && x.grad().device() == device ? 0 : 1;
}
