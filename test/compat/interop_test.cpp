#include <reel/compat/eigen.h>
#include <reel/compat/xtensor.h>

#include "support/catch.h"
#include "support/tensors.h"

using namespace reel;

TEST_CASE("Eigen and reel see the same memory") {
  const Tensor t = test::wave({3, 4});
  auto map = as_eigen<double>(t.t());
  CHECK(map.rows() == 4);
  CHECK(map(1, 2) == t[2][1].item<double>());
  map(1, 2) = 42;
  CHECK(t[2][1].item<double>() == 42);

  Eigen::MatrixXf matrix(2, 3);
  matrix << 1, 2, 3, 4, 5, 6;
  const Tensor view = from_eigen(matrix);
  CHECK(test::values(view) == std::vector<double>{1, 2, 3, 4, 5, 6});
  matrix(0, 1) = 7;
  CHECK(view[0][1].item<float>() == 7);
  const Eigen::MatrixXf product = as_eigen<float>(view.mm(view.t()));
  CHECK(product.isApprox(matrix * matrix.transpose()));

  CHECK_THROWS_AS(as_eigen<float>(t), Error);
  CHECK_THROWS_AS(as_eigen<double>(t[0]), Error);
}

TEST_CASE("xtensor and reel see the same memory") {
  const Tensor t = test::wave({2, 3, 4});
  auto array = as_xtensor<double>(t.transpose(0, 2));
  CHECK(array(3, 1, 0) == t[0][1][3].item<double>());
  array(3, 1, 0) = 42;
  CHECK(t[0][1][3].item<double>() == 42);

  xt::xarray<int64_t> ours{{1, 2}, {3, 4}, {5, 6}};
  const Tensor view = from_xtensor(ours);
  ours(2, 1) = 9;
  CHECK(test::values(view) == std::vector<double>{1, 2, 3, 4, 5, 9});
  CHECK_THROWS_AS(as_xtensor<float>(t), Error);
}
