// Rows of functions/loss.h: schema, name, types of the parameters.

#include "differential/libtorch/row.h"

REEL_ROW("binary_cross_entropy", binary_cross_entropy, Tensor, Tensor, Tensor, int64_t)
REEL_ROW("binary_cross_entropy_with_logits", binary_cross_entropy_with_logits, Tensor, Tensor,
         Tensor, Tensor, int64_t)
REEL_ROW("cosine_embedding_loss", cosine_embedding_loss, Tensor, Tensor, Tensor, double, int64_t)
REEL_ROW("hinge_embedding_loss", hinge_embedding_loss, Tensor, Tensor, double, int64_t)
REEL_ROW("huber_loss", huber_loss, Tensor, Tensor, int64_t, double)
REEL_ROW("kl_div", kl_div, Tensor, Tensor, int64_t, bool)
REEL_ROW("l1_loss", l1_loss, Tensor, Tensor, int64_t)
REEL_ROW("margin_ranking_loss", margin_ranking_loss, Tensor, Tensor, Tensor, double, int64_t)
REEL_ROW("mse_loss", mse_loss, Tensor, Tensor, int64_t)
REEL_ROW("multi_margin_loss", multi_margin_loss, Tensor, Tensor, Scalar, Scalar, Tensor, int64_t)
REEL_ROW("multilabel_margin_loss", multilabel_margin_loss, Tensor, Tensor, int64_t)
REEL_ROW("nll_loss", nll_loss, Tensor, Tensor, Tensor, int64_t, int64_t)
REEL_ROW("poisson_nll_loss", poisson_nll_loss, Tensor, Tensor, bool, bool, double, int64_t)
REEL_ROW("smooth_l1_loss", smooth_l1_loss, Tensor, Tensor, int64_t, double)
REEL_ROW("soft_margin_loss", soft_margin_loss, Tensor, Tensor, int64_t)
REEL_ROW("triplet_margin_loss", triplet_margin_loss, Tensor, Tensor, Tensor, double, double, double,
         bool, int64_t)
