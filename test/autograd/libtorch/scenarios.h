// What a program can do on the tape, compiled twice: with `namespace library = reel` and
// `namespace library = torch`. What is seen goes to the transcript.

#include "autograd/libtorch/transcript.h"

namespace {

using library::Tensor;
using library::autograd::AutogradContext;
using library::autograd::variable_list;
using reel::test::Scenario;
using reel::test::Transcript;

Tensor leaf(std::vector<double> values) {
  return library::tensor(values, library::kDouble).requires_grad_();
}

Tensor plain(std::vector<double> values) { return library::tensor(values, library::kDouble); }

void see(Transcript& t, const std::string& name, const Tensor& x) {
  if (!x.defined()) {
    t.note(name + " is undefined");
    return;
  }
  const Tensor flat = x.detach().to(library::kDouble).contiguous();
  std::string shape;
  for (const int64_t size : flat.sizes()) shape += " " + std::to_string(size);
  const double* data = flat.data_ptr<double>();
  t.note(name + ":" + shape, {data, data + flat.numel()});
}

void see(Transcript& t, const std::string& name, bool value) {
  t.note(name + (value ? " is true" : " is false"));
}

void see(Transcript& t, const std::string& name, const variable_list& list) {
  for (const Tensor& x : list) see(t, name, x);
}

// ---- backward and grad

void gradients_of_what_is_asked_for(Transcript& t) {
  const Tensor a = leaf({1, 2}), b = leaf({3, 5}), c = leaf({7, 11});
  const Tensor y = (a * b).sum(), z = (a.exp() + c).sum();
  see(t, "two outputs", library::autograd::grad({y, z}, {a, b, c}, {}, true));
  see(t, "weighted", library::autograd::grad({y, z}, {a}, {plain({}).sum() + 2, Tensor()}, true));
  see(t, "unused", library::autograd::grad({y}, {a, c}, {}, true, false, /*allow_unused=*/true));
  t.refused(
      "One of the differentiated Tensors appears to not have been used in the graph. Set "
      "allow_unused=True if this is the desired behavior.",
      [&] { library::autograd::grad({y}, {c}, {}, true); });
  see(t, "a has no gradient", a.grad());
  y.backward({}, true, false, library::TensorList(variable_list{b}));
  see(t, "a", a.grad());
  see(t, "b", b.grad());
  const Tensor h = a * 3;
  (h * h).sum().backward({}, true, false, library::TensorList(variable_list{h}));
  see(t, "h", h.grad());
  see(t, "a", a.grad());
  see(t, "h retains", h.retains_grad());
  library::autograd::backward({y, z}, {}, true, false, {a});
  see(t, "a", a.grad());
  t.refused("'inputs' argument to backward",
            [&] { y.backward({}, true, false, library::TensorList(variable_list{})); });
}

void what_backward_refuses(Transcript& t) {
  const Tensor x = leaf({1, 2, 3});
  t.refused("element 0 of tensors does not require grad and does not have a grad_fn",
            [&] { x.detach().sum().backward(); });
  t.refused("element 1 of tensors does not require grad and does not have a grad_fn", [&] {
    library::autograd::backward({x.sum(), x.detach().sum()},
                                {plain({}).sum() + 1, plain({}).sum() + 1});
  });
  t.refused("grad can be implicitly created only for scalar outputs", [&] { (x * 2).backward(); });
  t.refused("got 1 tensors and 2 gradients", [&] {
    library::autograd::backward({x.sum()}, {Tensor(), Tensor()});
  });
  const Tensor y = x.exp().sum();
  y.backward();
  const std::string twice =
      "Trying to backward through the graph a second time (or directly access saved tensors after "
      "they have already been freed). Saved intermediate values of the graph are freed when you "
      "call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward "
      "through the graph a second time or if you need to access saved tensors after calling "
      "backward.";
  t.refused(twice, [&] { y.backward(); });
  t.refused(twice, [&] { library::autograd::grad({y}, {x}); });
  const Tensor kept_nothing = (x + 1).sum();
  kept_nothing.backward();
  kept_nothing.backward();
  see(t, "x", x.grad());
  t.refused("you can only change requires_grad flags of leaf variables.",
            [&] { (x * 2).requires_grad_(false); });
  t.refused("nly Tensors of floating point and complex dtype can require gradients",
            [&] { library::ones({2}, library::kLong).requires_grad_(); });
  t.refused("Can't detach views in-place. Use detach() instead.", [&] {
    Tensor view = (x * 2).view({3, 1});
    view.detach_();
  });
}

void gradients_accumulate(Transcript& t) {
  const Tensor x = leaf({1, 2});
  (x * x).sum().backward();
  (x * x).sum().backward();
  see(t, "twice", x.grad());
  const Tensor before = x.grad();
  (3 * x).sum().backward();
  see(t, "in place", before);
  x.mutable_grad() = plain({10, 20});
  (x * x).sum().backward();
  see(t, "onto one given", x.grad());
  x.mutable_grad() = Tensor();
  see(t, "dropped", x.grad());
  (x * x * x).sum().backward({}, true, /*create_graph=*/true);
  see(t, "recorded", x.grad().requires_grad());
  const Tensor g = x.grad();
  x.mutable_grad() = Tensor();
  g.sum().backward();
  see(t, "second", x.grad());
}

void higher_orders(Transcript& t) {
  const Tensor x = leaf({0.5, -1.5});
  Tensor y = (x.pow(4) + x.sin()).sum();
  for (int i = 0; i < 4; ++i) {
    const Tensor g = library::autograd::grad({y}, {x}, {}, true, true)[0];
    see(t, "order " + std::to_string(i + 1), g);
    y = g.sum();
  }
}

// ---- hooks

void hooks_run_in_order(Transcript& t) {
  const Tensor x = leaf({1, 2});
  const Tensor h = x * 2;
  h.retain_grad();
  const auto first = h.register_hook([&](Tensor g) {
    see(t, "first", g);
    return g * 10;
  });
  h.register_hook([&](Tensor g) { see(t, "second", g); });
  const auto third = h.register_hook([&](Tensor g) {
    see(t, "third", g);
    return g + 1;
  });
  x.register_hook([&](Tensor g) {
    see(t, "leaf", g);
    return g * 100;
  });
  h.sum().backward({}, true);
  see(t, "x", x.grad());
  see(t, "h kept before the hooks", h.grad());
  h.remove_hook(first);
  h.sum().backward({}, true);
  h.remove_hook(third);
  h.sum().backward({}, true);
  see(t, "x", x.grad());
  see(t, "h", h.grad());
  see(t, "captured", library::autograd::grad({h.sum()}, {h, x}, {}, true));
  const Tensor late = x * 3;
  late.register_hook([](Tensor g) { return g * 10; });
  late.retain_grad();
  late.sum().backward();
  see(t, "kept after the hook", late.grad());
  t.refused("cannot register a hook on a variable that doesn't require gradient",
            [&] { x.detach().register_hook([](Tensor g) { return g; }); });
  t.refused("can't retain_grad on Tensor that has requires_grad=False",
            [&] { x.detach().retain_grad(); });
  t.refused("has changed the size of value", [&] {
    const Tensor wrong = x * 2;
    wrong.register_hook([](Tensor) { return plain({1, 2, 3}); });
    wrong.sum().backward();
  });
}

void hooks_on_what_is_written_later(Transcript& t) {
  const Tensor x = leaf({1, 2});
  Tensor h = x * 2;
  h.register_hook([&](Tensor g) {
    see(t, "of the old value", g);
    return g * 5;
  });
  h.mul_(3);
  h.sum().backward();
  see(t, "x", x.grad());
  int calls = 0;
  const Tensor summed = x * 1;
  summed.register_hook([&](Tensor) { ++calls; });
  ((summed * 2).sum() + (summed * 3).sum()).backward();
  t.note("calls: " + std::to_string(calls));
}

void the_place_on_the_tape(Transcript& t) {
  const Tensor x = leaf({1, 2, 3, 4});
  const Tensor y = x * 2;
  see(t, "x leaf", x.is_leaf());
  see(t, "y leaf", y.is_leaf());
  see(t, "x grad_fn", x.grad_fn() != nullptr);
  see(t, "y grad_fn", y.grad_fn() != nullptr);
  t.note(std::to_string(y.output_nr()));
  t.note(std::to_string(std::get<1>(y.max(0)).requires_grad()));
  const auto edges = (y + x.exp()).grad_fn()->next_edges();
  t.note(std::to_string(edges.size()));
  see(t, "goes on to y", edges[0].function == y.grad_fn());
  see(t, "version", plain({double(y._version())}));
  Tensor z = y.clone();
  z.add_(1);
  z.view({2, 2}).mul_(2);
  see(t, "versions", plain({double(z._version()), double(z.detach()._version())}));
}

// ---- functions of the user

struct Scaled : library::autograd::Function<Scaled> {
  static Tensor forward(AutogradContext* ctx, Tensor x, double scale, bool twice) {
    ctx->save_for_backward({x});
    ctx->saved_data["scale"] = scale;
    ctx->saved_data["twice"] = twice;
    ctx->saved_data["count"] = int64_t{3};
    ctx->saved_data["name"] = std::string("scaled");
    ctx->saved_data["sizes"] = std::vector<int64_t>{1, 2};
    ctx->saved_data["rates"] = std::vector<double>{0.5};
    ctx->saved_data["tensor"] = x.detach() + 1;
    ctx->saved_data["tensors"] = std::vector<Tensor>{x.detach()};
    return x * x * scale * (twice ? 2 : 1);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const Tensor x = ctx->get_saved_variables()[0];
    const bool right = ctx->saved_data["count"].toInt() == 3 &&
                       ctx->saved_data["name"].toStringRef() == "scaled" &&
                       ctx->saved_data["sizes"].toIntVector()[1] == 2 &&
                       ctx->saved_data["rates"].toDoubleVector()[0] == 0.5 &&
                       ctx->saved_data["tensor"].toTensor().numel() == x.numel() &&
                       ctx->saved_data["tensors"].toTensorVector().size() == 1 &&
                       ctx->saved_data["count"].isInt() && ctx->saved_data["name"].isString();
    const double factor = ctx->saved_data["scale"].toDouble() *
                          (ctx->saved_data["twice"].toBool() ? 2 : 1) * (right ? 2 : 0);
    return {grads[0] * x * factor, Tensor(), Tensor()};
  }
};

struct Several : library::autograd::Function<Several> {
  static variable_list forward(AutogradContext* ctx, Tensor a, Tensor b) {
    const Tensor sum = a + b, product = a * b, sign = (a > b).to(library::kDouble);
    ctx->save_for_backward({a, b, product, Tensor()});
    ctx->mark_non_differentiable({sign});
    return {sum, product, sign};
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    return {grads[0] + grads[1] * saved[1], grads[0] + grads[1] * saved[0]};
  }
};

struct Undefined : library::autograd::Function<Undefined> {
  static variable_list forward(AutogradContext* ctx, Tensor x) {
    ctx->set_materialize_grads(false);
    return {x * 2, x * 3};
  }
  static variable_list backward(AutogradContext*, variable_list grads) {
    return {grads[0].defined() ? grads[0] * 2 : grads[1] * 1000, Tensor(), Tensor()};
  }
};

struct InPlace : library::autograd::Function<InPlace> {
  static Tensor forward(AutogradContext* ctx, Tensor x, double factor) {
    ctx->mark_dirty({x});
    ctx->saved_data["factor"] = factor;
    return x.mul_(factor);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    return {grads[0] * ctx->saved_data["factor"].toDouble(), Tensor()};
  }
};

struct HandedThrough : library::autograd::Function<HandedThrough> {
  static Tensor forward(AutogradContext*, Tensor x) { return x; }
  static variable_list backward(AutogradContext*, variable_list grads) { return {grads[0] * 7}; }
};

struct FirstHalf : library::autograd::Function<FirstHalf> {
  static Tensor forward(AutogradContext*, Tensor x) { return x.narrow(0, 0, 1); }
  static variable_list backward(AutogradContext*, variable_list grads) {
    return {library::cat({grads[0], grads[0] * 0}) * 3};
  }
};

struct ManyInputs : library::autograd::Function<ManyInputs> {
  static Tensor forward(AutogradContext*, library::TensorList list, int64_t power) {
    Tensor sum = list[0].pow(power);
    for (size_t i = 1; i < list.size(); ++i) sum = sum + list[i].pow(power);
    return sum;
  }
  static variable_list backward(AutogradContext*, variable_list grads) {
    return {grads[0] * 2, grads[0] * 3, Tensor()};
  }
};

struct TooFew : library::autograd::Function<TooFew> {
  static Tensor forward(AutogradContext*, Tensor x, Tensor y) { return x * y; }
  static variable_list backward(AutogradContext*, variable_list grads) { return {grads[0]}; }
};

struct ForANumber : library::autograd::Function<ForANumber> {
  static Tensor forward(AutogradContext*, Tensor x, double y) { return x * y; }
  static variable_list backward(AutogradContext*, variable_list grads) {
    return {grads[0], grads[0]};
  }
};

void functions_of_the_user(Transcript& t) {
  const Tensor x = leaf({1, 2});
  const Tensor y = Scaled::apply(x, 0.5, true);
  see(t, "y", y);
  const Tensor g = library::autograd::grad({y.sum()}, {x}, {}, true, true)[0];
  see(t, "first", g);
  see(t, "second", library::autograd::grad({g.sum()}, {x}));
  y.sum().backward();
  t.refused("Trying to backward through the graph a second time", [&] { y.sum().backward(); });
  see(t, "recorded", Scaled::apply(x.detach(), 0.5, true).requires_grad());

  const Tensor a = leaf({1, 2}), b = leaf({3, 1});
  variable_list several = Several::apply(a, b);
  see(t, "outputs", several);
  see(t, "marked", several[2].requires_grad());
  see(t, "only one used", library::autograd::grad({several[1].sum()}, {a, b}, {}, true));
  see(t, "both", library::autograd::grad({(several[0] * several[1]).sum()}, {a, b}, {}, true));
  t.note(std::to_string(several[1].output_nr()));

  const auto pair = Undefined::apply(x);
  see(t, "without zeros", library::autograd::grad({pair[1].sum()}, {x}));
  see(t, "list",
      library::autograd::grad({ManyInputs::apply(library::TensorList({a, b}), 2).sum()}, {a, b}));
  t.refused("returned an incorrect number of gradients (expected 2, got 1)",
            [&] { TooFew::apply(a, b).sum().backward(); });
  t.refused(
      "returned a gradient different that is defined at position 2, but the corresponding forward "
      "input was not a Variable",
      [&] { ForANumber::apply(a, 2.0).sum().backward(); });
}

void functions_in_place_and_views(Transcript& t) {
  const Tensor x = leaf({1, 2});
  Tensor h = x * 3;
  const Tensor written = InPlace::apply(h, 5.0);
  see(t, "written", h);
  (written * h).sum().backward();
  see(t, "x", x.grad());
  x.mutable_grad() = Tensor();
  Tensor base = x * 1;
  Tensor view = base.narrow(0, 1, 1);
  InPlace::apply(view, 4.0);
  (base * base).sum().backward();
  see(t, "through a view", x.grad());
  t.refused("a leaf Variable that requires grad has been used in an in-place operation.",
            [&] { InPlace::apply(x, 2.0); });
  x.mutable_grad() = Tensor();
  Tensor same = HandedThrough::apply(x);
  see(t, "another tensor", same.is_same(x));
  same.sum().backward();
  see(t, "handed through", x.grad());
  x.mutable_grad() = Tensor();
  Tensor half = FirstHalf::apply(x);
  half.sum().backward();
  see(t, "view of an input", x.grad());
  const std::string words =
      "This view was created inside a custom Function (or because an input was returned as-is) and "
      "the autograd logic to handle view+inplace would override the custom backward associated "
      "with the custom Function, leading to incorrect gradients. This behavior is forbidden. You "
      "can fix this by cloning the output of the custom Function.";
  t.refused(words, [&] { FirstHalf::apply(x * 1).mul_(2); });
  t.refused(words, [&] { HandedThrough::apply(x * 1).mul_(2); });
}

// ---- modes

void modes(Transcript& t) {
  const Tensor x = leaf({1, 2});
  {
    const library::NoGradGuard no_grad;
    see(t, "no grad", (x * 2).requires_grad());
    const library::AutoGradMode enable(true);
    see(t, "enabled again", (x * 2).requires_grad());
  }
  see(t, "mode", library::GradMode::is_enabled());
  Tensor made, view, kept;
  Tensor h = x * 1;
  {
    const library::InferenceMode inference;
    see(t, "inference", library::InferenceMode::is_enabled());
    see(t, "records", library::GradMode::is_enabled());
    made = x * 2;
    view = x.view({2, 1});
    see(t, "made", made.is_inference());
    see(t, "view", view.is_inference());
    see(t, "made requires", made.requires_grad());
    h.add_(1);
    {
      const library::InferenceMode off(false);
      see(t, "off", library::InferenceMode::is_enabled());
      see(t, "records", library::GradMode::is_enabled());
      see(t, "recorded", (x * 2).requires_grad());
    }
    made.add_(1);
  }
  {
    const library::NoGradGuard no_grad;
    const library::InferenceMode off(false);
    see(t, "off in no grad", library::GradMode::is_enabled());
  }
  see(t, "h", library::autograd::grad({(h * 2).sum()}, {x}));
  t.refused(
      "Inference tensors cannot be saved for backward. To work around you can make a clone to get "
      "a normal tensor and use it in autograd.",
      [&] { x* made; });
  see(t, "added", (x + made).requires_grad());
  see(t, "cloned", library::autograd::grad({(x * made.clone()).sum()}, {x}));
  t.refused("Inplace update to inference tensor outside InferenceMode is not allowed.",
            [&] { made.add_(1); });
  t.refused("Inplace update to inference tensor outside InferenceMode is not allowed.", [&] {
    made.view({2, 1}).add_(1);
  });
  t.refused("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.",
            [&] { made.requires_grad_(); });
  t.refused("Inference tensors do not track version counter.", [&] { made._version(); });
  see(t, "view of inference", made.view({2, 1}).is_inference());
  {
    const library::InferenceMode inference;
    kept = library::ones({2}, library::kDouble).requires_grad_();
    see(t, "in its mode", kept.requires_grad());
    view = h.narrow(0, 0, 1);
  }
  t.refused("A view was created in inference mode and is being modified inplace in normal mode.",
            [&] { view.mul_(2); });
}

void anomalies(Transcript& t) {
  const Tensor x = leaf({0, 1});
  see(t, "off", library::autograd::AnomalyMode::is_enabled());
  {
    const library::autograd::DetectAnomalyGuard guard;
    see(t, "on", library::autograd::AnomalyMode::is_enabled());
    const Tensor y = (x.sqrt() * 0).sum();
    t.refused("returned nan values in its 0th output.", [&] { y.backward(); });
  }
  see(t, "off", library::autograd::AnomalyMode::is_enabled());
  const library::autograd::DetectAnomalyGuard guard(/*check_nan=*/false);
  (x.sqrt() * 0).sum().backward();
  see(t, "x", x.grad());
}

// ---- writing in place

void what_was_overwritten(Transcript& t) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 5});
  const auto gradients = [&](const Tensor& y) {
    see(t, "gradients", library::autograd::grad({y.sum()}, {x, w}, {}, true, false, true));
  };
  Tensor y = x * 2;
  y.copy_(w);
  gradients(y);
  y = x * 2;
  y.zero_();
  gradients(y);
  y = x * 2;
  y.fill_(3).mul_(w);
  gradients(y);
  y = x * 2;
  y.narrow(0, 0, 1).copy_(w.narrow(0, 1, 1));
  gradients(y);
  y = x * 2;
  y.mul_(w);  // the gradient of w reads what y was
  gradients(y);
  y = x * 2;
  y.div_(w);
  gradients(y);
  y = x * 2;
  y.exp_();
  gradients(y);
  y = x * 2;
  y.sin_();
  gradients(y);
  y = x * 2;
  y.pow_(3);
  gradients(y);
  y = x * 2;
  y.narrow(0, 1, 1).mul_(w.narrow(0, 0, 1)).sqrt_();
  gradients(y);
  y = x * 2;
  y.masked_fill_(plain({1, 0}).to(library::kBool), 4);
  gradients(y);
  y = x * 2;
  y.uniform_();
  gradients(y * w.detach() * 0 + y);
  const std::string words =
      "one of the variables needed for gradient computation has been modified by an inplace "
      "operation";
  t.refused(words, [&] {
    Tensor h = x.exp();
    const Tensor l = (h * 2).sum();
    h.add_(1);
    l.backward();
  });
  t.refused(words, [&] {
    Tensor h = x * 2;
    h.mul_(h);
    h.sum().backward();
  });
  t.refused(words, [&] {
    Tensor h = x * 2;
    const Tensor l = (h * w).sum();
    h.detach().zero_();
    l.backward();
  });
  t.refused(words, [&] {
    Tensor h = x * 2;
    const Tensor l = (h * w).sum();
    h.narrow(0, 0, 1).zero_();
    l.backward();
  });
  Tensor h = x.exp();
  const Tensor unhurt = (h + w).sum();  // reads nothing of h
  h.add_(1);
  see(t, "w", library::autograd::grad({unhurt}, {w}));
}

void what_may_not_be_written(Transcript& t) {
  Tensor x = leaf({1, 2}), z = plain({1, 2});
  t.refused("a leaf Variable that requires grad is being used in an in-place operation.",
            [&] { x.add_(1); });
  t.refused("a view of a leaf Variable that requires grad is being used in an in-place operation.",
            [&] { x.narrow(0, 0, 1).add_(1); });
  const Tensor early = z.narrow(0, 0, 1);
  z.requires_grad_();
  t.refused("a view of a leaf Variable that requires grad is being used in an in-place operation.",
            [&] { Tensor(early).add_(1); });
  Tensor h = x * 2, outside;
  {
    const library::NoGradGuard no_grad;
    x.add_(1);
    x.narrow(0, 0, 1).add_(1);
    outside = h.narrow(0, 0, 1);
    outside.add_(1);
  }
  see(t, "x", x);
  t.refused(
      "A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
      "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
      "your code by moving both the view and the inplace either both inside the no_grad block (if "
      "you don't want the inplace to be tracked) or both outside (if you want the inplace to be "
      "tracked).",
      [&] { outside.mul_(2); });
  const std::string several =
      "is being modified inplace. This view is the output of a function that returns multiple "
      "views. Such functions do not allow the output views to be modified inplace. You should "
      "replace the inplace operation by an out-of-place one.";
  t.refused(several, [&] { (x * 2).split(1)[0].mul_(2); });
  t.refused(several, [&] { (x * 2).chunk(2)[1].mul_(2); });
  t.refused(several, [&] { (x * 2).unbind(0)[0].mul_(2); });
  t.refused(
      "its base or another view of its base has been modified inplace. This view is the "
      "output of a function that returns multiple views.",
      [&] {
        Tensor y = x * 2;
        const Tensor part = y.split(1)[0];
        y.mul_(2);
        part.sum().backward();
      });
  plain({1, 2}).split(1)[0].mul_(2);
  t.refused("more than one element of the written-to tensor refers to a single memory location.",
            [&] { plain({1}).expand({4}).add_(1); });
}

void views_follow_their_base(Transcript& t) {
  const Tensor x = leaf({1, 2, 3, 4, 5, 6}), w = leaf({2, 3, 4, 5, 6, 7});
  const auto gradients = [&](const Tensor& y) {
    see(t, "value", y);
    see(t, "gradients", library::autograd::grad({(y * y).sum()}, {x, w}, {}, true, false, true));
  };
  Tensor base = x * 2;
  const Tensor early = base.view({2, 3});
  const Tensor of_early = early.t();
  base.mul_(w);
  gradients(early);
  gradients(of_early);
  base = x * 2;
  Tensor view = base.view({2, 3});
  Tensor row = view[1];
  row.mul_(w.narrow(0, 0, 3));
  gradients(base);
  gradients(view);
  gradients(row);
  base = plain({1, 1, 1, 1, 1, 1});
  view = base.view({3, 2});
  view[0].copy_(x.narrow(0, 0, 2));
  see(t, "base requires", base.requires_grad());
  see(t, "view requires", view.requires_grad());
  see(t, "view grad_fn", view.grad_fn() != nullptr);  // before, LibTorch takes it for a leaf
  see(t, "view leaf", view.is_leaf());
  gradients(base);
  gradients(view);
  base = x * 2;
  base.as_strided({2, 2}, {3, 1}, 1).mul_(w.narrow(0, 0, 4).view({2, 2}));
  gradients(base);
  base = x * 2;
  const Tensor detached = base.detach();
  base.add_(w);
  see(t, "shares memory", detached);
  see(t, "off the tape", detached.requires_grad());
  base = x * 2;
  view = base.narrow(0, 0, 2);
  {
    const library::NoGradGuard no_grad;
    base.add_(1);
  }
  gradients(view);
  base.mul_(w);
  {
    const library::NoGradGuard no_grad;
    view.add_(1);
  }
  see(t, "written off the tape after its base was written on it",
      library::autograd::grad({view.sum()}, {x}, {}, true));
  base = x.view({2, 3}).expand({2, 2, 3}).clone();
  base.select(0, 1).diagonal().zero_();
  gradients(base);
  base = x * 1;
  base.unsqueeze(0).squeeze(0).permute({0}).narrow(0, 2, 3).neg_();
  gradients(base);
  base = x * 1;
  base.index_put_({plain({0, 2}).to(library::kLong)}, w.narrow(0, 0, 2));
  gradients(base);
  base = x * 1;
  base.slice(0, 1, 6, 2) += w.narrow(0, 0, 3);
  gradients(base);
}

}  // namespace

const std::vector<Scenario>& reel::test::REEL_SCENARIOS() {
  static const std::vector<Scenario> scenarios{
      {"gradients of what is asked for", gradients_of_what_is_asked_for},
      {"what backward refuses", what_backward_refuses},
      {"gradients accumulate", gradients_accumulate},
      {"higher orders", higher_orders},
      {"hooks run in order", hooks_run_in_order},
      {"hooks on what is written later", hooks_on_what_is_written_later},
      {"the place on the tape", the_place_on_the_tape},
      {"functions of the user", functions_of_the_user},
      {"functions in place and views", functions_in_place_and_views},
      {"modes", modes},
      {"anomalies", anomalies},
      {"what was overwritten", what_was_overwritten},
      {"what may not be written", what_may_not_be_written},
      {"views follow their base", views_follow_their_base},
  };
  return scenarios;
}
