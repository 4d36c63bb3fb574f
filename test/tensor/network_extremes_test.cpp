// Numbers and tensors that nobody means, given to the functions of networks: each call answers or
// throws a reel::Error with a message, and never crashes, hangs or overflows.

#include <functional>
#include <limits>
#include <string>

#include <reel/tensor/ops.h>

#include "support/catch.h"

namespace {

using namespace reel;

void answers_or_explains(const char* name, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    if (std::string(error.what()).empty()) FAIL(name << ": an error without a message");
  } catch (const std::exception& error) {
    FAIL(name << ": not a reel::Error: " << error.what());
  }
}

struct NumberCall {
  const char* name;
  std::function<void(int64_t, int64_t, int64_t)> run;
};

Tensor row() { return ones({1, 2, 5}); }
Tensor picture() { return ones({1, 2, 5, 5}); }
Tensor volume() { return ones({1, 2, 4, 4, 4}); }
Tensor list(int64_t a, int64_t b) { return tensor(std::vector<int64_t>{a, b}); }

const NumberCall kNumberCalls[] = {
    {"conv1d",
     [](auto a, auto b, auto c) {
       conv1d(row(), ones({2, 2, 3}), {}, a, b, c);
     }},
    {"conv1d groups",
     [](auto a, auto, auto) {
       conv1d(row(), ones({2, 2, 3}), {}, 1, 0, 1, a);
     }},
    {"conv3d",
     [](auto a, auto b, auto c) {
       conv3d(volume(), ones({2, 2, 2, 2, 2}), {}, {a, 1, 1}, {b, 0, 0}, {c, 1, 1});
     }},
    {"conv2d same",
     [](auto a, auto b, auto) {
       conv2d(picture(), ones({2, 2, 3, 3}), {}, 1, "same", {a, b});
     }},
    {"conv_transpose1d",
     [](auto a, auto b, auto c) {
       conv_transpose1d(row(), ones({2, 2, 3}), {}, a, b, c);
     }},
    {"conv_transpose2d",
     [](auto a, auto b, auto c) {
       conv_transpose2d(picture(), ones({2, 2, 3, 3}), {}, {a, 1}, {b, 0}, 0, 1, {c, 1});
     }},
    {"max_pool1d", [](auto a, auto b, auto c) { max_pool1d(row(), a, b, c, 1, true); }},
    {"max_pool3d",
     [](auto a, auto b, auto c) {
       max_pool3d(volume(), a, b, {c, 0, 0});
     }},
    {"avg_pool1d", [](auto a, auto b, auto c) { avg_pool1d(row(), a, b, c, true, false); }},
    {"avg_pool3d",
     [](auto a, auto b, auto c) {
       avg_pool3d(volume(), a, b, {c, 0, 0}, true, true, a);
     }},
    {"adaptive_avg_pool3d",
     [](auto a, auto b, auto c) {
       adaptive_avg_pool3d(volume(), {a, b, c});
     }},
    {"adaptive_max_pool1d", [](auto a, auto, auto) { adaptive_max_pool1d(row(), a); }},
    {"adaptive_max_pool2d",
     [](auto a, auto b, auto) {
       adaptive_max_pool2d(picture(), {a, b});
     }},
    {"max_unpool2d",
     [](auto a, auto b, auto c) {
       max_unpool2d(ones({1, 1, 1, 2}), list(a, 0).view({1, 1, 1, 2}), {b, c});
     }},
    {"upsample_nearest2d",
     [](auto a, auto b, auto c) {
       upsample_nearest2d(picture(), {a, b}, std::optional<double>(static_cast<double>(c)));
     }},
    {"upsample_linear1d",
     [](auto a, auto, auto c) {
       upsample_linear1d(row(), a, false, std::optional<double>(static_cast<double>(c)));
     }},
    {"upsample_bicubic2d by scale",
     [](auto a, auto b, auto) {
       const double scales[] = {static_cast<double>(a), static_cast<double>(b)};
       upsample_bicubic2d(picture(), IntArrayRef(), true, ArrayRef<double>(scales));
     }},
    {"grid_sampler_2d",
     [](auto a, auto b, auto c) {
       grid_sampler_2d(picture(), full({1, 1, 1, 2}, static_cast<double>(a), kFloat), b, c, true);
     }},
    {"affine_grid_generator",
     [](auto a, auto b, auto c) {
       affine_grid_generator(ones({1, 2, 3}), {a, 1, b, c}, true);
     }},
    {"im2col",
     [](auto a, auto b, auto c) {
       im2col(picture(), {a, 1}, {b, 1}, {c, 0}, {1, 1});
     }},
    {"col2im",
     [](auto a, auto b, auto c) {
       col2im(ones({1, 4, 9}), {a, b}, {2, 2}, {1, 1}, {0, c}, {1, 1});
     }},
    {"pixel_shuffle", [](auto a, auto, auto) { pixel_shuffle(picture(), a); }},
    {"pixel_unshuffle", [](auto a, auto, auto) { pixel_unshuffle(picture(), a); }},
    {"group_norm", [](auto a, auto, auto) { group_norm(picture(), a); }},
    {"layer_norm",
     [](auto a, auto b, auto) {
       layer_norm(picture(), {a, b});
     }},
    {"embedding_bag",
     [](auto a, auto b, auto c) {
       embedding_bag(ones({3, 2}), list(a, 0), list(0, b), false, c, false, {}, false, a);
     }},
    {"rnn_tanh",
     [](auto a, auto b, auto) {
       const Tensor params[] = {ones({4, 2}), ones({4, 4})};
       rnn_tanh(ones({6, 2}), list(a, b), ones({1, 3, 4}), TensorList(params), false, 1, 0, false,
                false);
     }},
    {"lstm layers",
     [](auto a, auto, auto) {
       const Tensor params[] = {ones({8, 2}), ones({8, 2})};
       const Tensor states[] = {ones({1, 3, 2}), ones({1, 3, 2})};
       lstm(ones({6, 3, 2}), TensorList(states), TensorList(params), false, a, 0, false, false,
            false);
     }},
    {"cdist", [](auto a, auto b, auto) { cdist(row(), row(), static_cast<double>(a), b); }},
    {"cosine_similarity", [](auto a, auto, auto) { cosine_similarity(row(), row(), a); }},
    {"multi_margin_loss",
     [](auto a, auto b, auto c) {
       multi_margin_loss(ones({2, 3}), list(a, b), c);
     }},
    {"multilabel_margin_loss",
     [](auto a, auto b, auto) { multilabel_margin_loss(ones({2}), list(a, b)); }},
};

struct TensorCall {
  const char* name;
  std::function<void(const Tensor&, const Tensor&)> run;
};

const TensorCall kTensorCalls[] = {
    {"conv1d", [](auto& a, auto& b) { conv1d(a, b); }},
    {"conv3d", [](auto& a, auto& b) { conv3d(a, b); }},
    {"conv_transpose2d", [](auto& a, auto& b) { conv_transpose2d(a, b); }},
    {"convolution", [](auto& a, auto& b) { convolution(a, b, {}, 1, 0, 1, true, 0, 1); }},
    {"max_pool1d", [](auto& a, auto&) { max_pool1d(a, 2); }},
    {"max_pool3d", [](auto& a, auto&) { max_pool3d(a, 2); }},
    {"avg_pool3d", [](auto& a, auto&) { avg_pool3d(a, 2); }},
    {"adaptive_max_pool2d",
     [](auto& a, auto&) {
       adaptive_max_pool2d(a, {2, 2});
     }},
    {"max_unpool2d",
     [](auto& a, auto& b) {
       max_unpool2d(a, b, {4, 4});
     }},
    {"upsample_nearest1d",
     [](auto& a, auto&) { upsample_nearest1d(a, 3, std::optional<double>()); }},
    {"grid_sampler_2d", [](auto& a, auto& b) { grid_sampler_2d(a, b, 0, 0, false); }},
    {"affine_grid_generator",
     [](auto& a, auto&) {
       affine_grid_generator(a, {1, 1, 2, 2}, true);
     }},
    {"im2col",
     [](auto& a, auto&) {
       im2col(a, {2, 2}, {1, 1}, {0, 0}, {1, 1});
     }},
    {"col2im",
     [](auto& a, auto&) {
       col2im(a, {3, 3}, {2, 2}, {1, 1}, {0, 0}, {1, 1});
     }},
    {"pixel_shuffle", [](auto& a, auto&) { pixel_shuffle(a, 2); }},
    {"group_norm", [](auto& a, auto& b) { group_norm(a, 2, b); }},
    {"layer_norm", [](auto& a, auto& b) { layer_norm(a, 5, b); }},
    {"instance_norm",
     [](auto& a, auto& b) { instance_norm(a, b, {}, {}, {}, true, 0.1, 1e-5, false); }},
    {"linear", [](auto& a, auto& b) { linear(a, b); }},
    {"bilinear", [](auto& a, auto& b) { bilinear(a, a, b); }},
    {"embedding_bag", [](auto& a, auto& b) { embedding_bag(a, b, b); }},
    {"rnn_relu",
     [](auto& a, auto& b) {
       const Tensor params[] = {a, b};
       rnn_relu(a, b, TensorList(params), false, 1, 0, false, false, false);
     }},
    {"gru",
     [](auto& a, auto& b) {
       const Tensor params[] = {b, b};
       gru(a, b, TensorList(params), false, 1, 0, false, false, false);
     }},
    {"lstm",
     [](auto& a, auto& b) {
       const Tensor both[] = {b, a};
       lstm(a, TensorList(both), TensorList(both), false, 1, 0, false, true, true);
     }},
    {"cdist", [](auto& a, auto& b) { cdist(a, b); }},
    {"pdist", [](auto& a, auto&) { pdist(a); }},
    {"pairwise_distance", [](auto& a, auto& b) { pairwise_distance(a, b); }},
    {"cosine_similarity", [](auto& a, auto& b) { cosine_similarity(a, b, 0); }},
    {"huber_loss", [](auto& a, auto& b) { huber_loss(a, b); }},
    {"smooth_l1_loss", [](auto& a, auto& b) { smooth_l1_loss(a, b); }},
    {"soft_margin_loss", [](auto& a, auto& b) { soft_margin_loss(a, b); }},
    {"kl_div", [](auto& a, auto& b) { kl_div(a, b, 1, true); }},
    {"poisson_nll_loss", [](auto& a, auto& b) { poisson_nll_loss(a, b, true, true, 1e-8, 1); }},
    {"hinge_embedding_loss", [](auto& a, auto& b) { hinge_embedding_loss(a, b); }},
    {"margin_ranking_loss", [](auto& a, auto& b) { margin_ranking_loss(a, b, a); }},
    {"cosine_embedding_loss", [](auto& a, auto& b) { cosine_embedding_loss(a, a, b); }},
    {"triplet_margin_loss", [](auto& a, auto& b) { triplet_margin_loss(a, b, a); }},
    {"multi_margin_loss", [](auto& a, auto& b) { multi_margin_loss(a, b); }},
    {"multilabel_margin_loss", [](auto& a, auto& b) { multilabel_margin_loss(a, b); }},
};

}  // namespace

TEST_CASE("Networks: numbers that nobody means") {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kNumbers[] = {
      std::numeric_limits<int64_t>::min(), -1, 0, 1, 2, 17, int64_t{1} << 40, kMost / 2, kMost};
  for (const NumberCall& call : kNumberCalls) {
    for (const int64_t a : kNumbers) {
      for (const int64_t b : kNumbers) {
        for (const int64_t c : {kNumbers[0], int64_t{0}, int64_t{1}, kMost}) {
          answers_or_explains(call.name, [&] { call.run(a, b, c); });
        }
      }
    }
  }
}

TEST_CASE("Networks: tensors that nobody means") {
  std::vector<Tensor> tensors = {Tensor(), zeros({}), zeros({0}), zeros({5})};
  for (const auto& sizes :
       {Shape{2, 3}, Shape{0, 5}, Shape{2, 0, 5}, Shape{2, 4, 5}, Shape{2, 4, 4, 5},
        Shape{0, 2, 3, 3}, Shape{1, 2, 3, 2, 3}, Shape{1, 1, 1, 1, 1, 1}}) {
    for (const ScalarType type : {kFloat, kHalf, kLong, kBool, kComplexFloat}) {
      tensors.push_back(zeros(sizes, type));
    }
  }
  for (const TensorCall& call : kTensorCalls) {
    for (const Tensor& a : tensors) {
      for (const Tensor& b : tensors) {
        answers_or_explains(call.name, [&] { call.run(a, b); });
      }
    }
  }
}
