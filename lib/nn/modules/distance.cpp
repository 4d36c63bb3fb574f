#include <ostream>

#include <reel/nn/modules/distance.h>

namespace reel::nn {

Tensor CosineSimilarityImpl::forward(const Tensor& input1, const Tensor& input2) {
  ModuleScope scope(*this);
  return functional::cosine_similarity(input1, input2, options);
}

void CosineSimilarityImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::CosineSimilarity(dim=" << options.dim() << ", eps=" << options.eps() << ")";
}

Tensor PairwiseDistanceImpl::forward(const Tensor& input1, const Tensor& input2) {
  ModuleScope scope(*this);
  return functional::pairwise_distance(input1, input2, options);
}

void PairwiseDistanceImpl::pretty_print(std::ostream& stream) const {
  stream << "reel::nn::PairwiseDistance(p=" << options.p() << ", eps=" << options.eps()
         << ", keepdim=" << (options.keepdim() ? "true" : "false") << ")";
}

}  // namespace reel::nn
