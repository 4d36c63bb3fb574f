// Rows of functions/random.h: schema, name, types of the parameters.

#include "differential/libtorch/row.h"

REEL_ROW("alpha_dropout", alpha_dropout, Tensor, double, bool)
REEL_ROW("bernoulli", bernoulli, Tensor, std::optional<Generator>)
REEL_ROW("bernoulli.p", bernoulli, Tensor, double, std::optional<Generator>)
REEL_ROW("bernoulli.Tensor", bernoulli, Tensor, Tensor, std::optional<Generator>)
REEL_ROW("cauchy", cauchy, Tensor, double, double, std::optional<Generator>)
REEL_ROW("dropout", dropout, Tensor, double, bool)
REEL_ROW("exponential", exponential, Tensor, double, std::optional<Generator>)
REEL_ROW("feature_alpha_dropout", feature_alpha_dropout, Tensor, double, bool)
REEL_ROW("geometric", geometric, Tensor, double, std::optional<Generator>)
REEL_ROW("log_normal", log_normal, Tensor, double, double, std::optional<Generator>)
REEL_ROW("multinomial", multinomial, Tensor, int64_t, bool, std::optional<Generator>)
REEL_ROW("normal_functional", normal_functional, Tensor, double, double, std::optional<Generator>)
REEL_ROW("normal.Tensor_float", normal, Tensor, double, std::optional<Generator>)
REEL_ROW("normal.float_Tensor", normal, double, Tensor, std::optional<Generator>)
REEL_ROW("normal.Tensor_Tensor", normal, Tensor, Tensor, std::optional<Generator>)
REEL_ROW("normal.float_float", normal, double, double, IntArrayRef, std::optional<Generator>,
         TensorOptions)
REEL_ROW("poisson", poisson, Tensor, std::optional<Generator>)
REEL_ROW("rand", rand, IntArrayRef, TensorOptions)
REEL_ROW("rand.generator", rand, IntArrayRef, std::optional<Generator>, TensorOptions)
REEL_ROW("rand_like", rand_like, Tensor, TensorOptions, MemoryFormat)
REEL_ROW("randint", randint, int64_t, IntArrayRef, TensorOptions)
REEL_ROW("randint.generator", randint, int64_t, IntArrayRef, std::optional<Generator>,
         TensorOptions)
REEL_ROW("randint.low", randint, int64_t, int64_t, IntArrayRef, TensorOptions)
REEL_ROW("randint.low_generator", randint, int64_t, int64_t, IntArrayRef, std::optional<Generator>,
         TensorOptions)
REEL_ROW("randint_like", randint_like, Tensor, int64_t, TensorOptions, MemoryFormat)
REEL_ROW("randint_like.low_dtype", randint_like, Tensor, int64_t, int64_t, TensorOptions,
         MemoryFormat)
REEL_ROW("randn", randn, IntArrayRef, TensorOptions)
REEL_ROW("randn.generator", randn, IntArrayRef, std::optional<Generator>, TensorOptions)
REEL_ROW("randn_like", randn_like, Tensor, TensorOptions, MemoryFormat)
REEL_ROW("random.from", random, Tensor, int64_t, std::optional<int64_t>, std::optional<Generator>)
REEL_ROW("random.to", random, Tensor, int64_t, std::optional<Generator>)
REEL_ROW("random", random, Tensor, std::optional<Generator>)
REEL_ROW("randperm", randperm, int64_t, TensorOptions)
REEL_ROW("randperm.generator", randperm, int64_t, std::optional<Generator>, TensorOptions)
REEL_ROW("rrelu", rrelu, Tensor, Scalar, Scalar, bool, std::optional<Generator>)
REEL_ROW("uniform", uniform, Tensor, double, double, std::optional<Generator>)
