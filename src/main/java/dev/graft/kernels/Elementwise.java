package dev.graft.kernels;

import dev.graft.weights.ModelConfig.Activation;
import java.util.List;
import java.util.Locale;

/**
 * Statements that compute each feature of a token from features of the same token: activations,
 * sums, factors, dropout, and the cutting and joining of features.
 */
public final class Elementwise {
  private Elementwise() {}

  /** {@code output = activation(input)}. */
  public record Activate(String output, String input, Activation activation)
      implements Statement.Unary {
    private ActivationKernel kernel() {
      return new ActivationKernel(activation);
    }

    @Override
    public void forward(LayerText text) {
      text.line("%s = %s", output, kernel().forward(input));
    }

    @Override
    public void reference(LayerText text) {
      text.line("%s = %s", output, kernel().reference(input));
    }

    @Override
    public void backward(LayerText text) {
      String g = text.total(output);
      text.take(output);
      text.add(input, kernel().backward(g, text.saved(input)));
    }
  }

  /** {@code output = activation(gate) * up}: the gated feed-forward (Shazeer 2020). */
  public record GatedActivation(String output, String gate, String up, Activation activation)
      implements Statement {
    private ActivationKernel kernel() {
      return new ActivationKernel(activation);
    }

    private String active() {
      return output + "_active";
    }

    @Override
    public List<String> inputs() {
      return List.of(gate, up);
    }

    @Override
    public void forward(LayerText text) {
      text.line("%s = %s", active(), kernel().forward(gate));
      String product = text.recomputed(output) ? "mul" : "mul_"; // backward needs the activation
      text.line("%s = torch.%s(%s, %s)", output, product, active(), up);
    }

    @Override
    public boolean cheap() {
      return true;
    }

    @Override
    public void reference(LayerText text) {
      text.line("%s = torch.mul(%s, %s)", output, kernel().reference(gate), up);
    }

    @Override
    public void backward(LayerText text) {
      String own = text.total(output);
      String g = text.take(output);
      String dg = "d_" + output + "_gate";
      String du = "d_" + output + "_up";
      String x = text.saved(gate);
      if (!text.recomputed(output)) text.line("%s = %s", active(), kernel().forward(x));
      text.line("%s = torch.mul_(%s, %s)", du, active(), g);
      text.line(
          "%s = %s",
          dg, kernel().backward("torch.mul_(%s, %s)".formatted(own, text.saved(up)), gate));
      text.add(gate, dg);
      text.add(up, du);
    }
  }

  /** Calls of the element-wise kernels, whose names are the activations in lower case. */
  record ActivationKernel(Activation activation) {
    private String function(String part) {
      return "__torch__.ops.activation." + activation.name().toLowerCase(Locale.ROOT) + part;
    }

    String forward(String x) {
      return "%s(%s)".formatted(function(""), x);
    }

    /** Returns the plain definition, for forward kernels that are fused. */
    String reference(String x) {
      return "%s(%s)".formatted(function("_reference"), x);
    }

    /**
     * @param g used up
     */
    String backward(String g, String x) {
      return "%s(%s, %s)".formatted(function("_backward"), g, x);
    }
  }

  /** {@code output = left + factor * right}, the residual connection: both of one type. */
  public record Sum(String output, String left, String right, double factor) implements Statement {
    public Sum(String output, String left, String right) {
      this(output, left, right, 1);
    }

    @Override
    public List<String> inputs() {
      return List.of(left, right);
    }

    @Override
    public void forward(LayerText text) {
      if (factor != 1) text.line("%s = torch.add(%s, %s, alpha=%s)", output, left, right, factor);
      else if (text.spent(right)) text.line("%s = torch.add_(%s, %s)", output, right, left);
      else text.line("%s = torch.add(%s, %s)", output, left, right);
    }

    @Override
    public void backward(LayerText text) {
      String g = text.take(output);
      text.add(left, g);
      text.add(right, factor == 1 ? g : "torch.mul(%s, %s)".formatted(g, factor));
    }
  }

  /**
   * {@code output = dense + factor * path}: the output of the base's layer and what an adapter adds
   * to it. The path is in f32, the sum has the type of the layer.
   */
  public record AdapterSum(String output, String dense, String path, double factor)
      implements Statement {
    @Override
    public List<String> inputs() {
      return List.of(dense, path);
    }

    @Override
    public void forward(LayerText text) {
      text.line(
          "%s = __torch__.ops.dtype.like(torch.add(%s, %s, alpha=%s), %s)",
          output, dense, path, factor, dense);
    }

    /** Gives the two gradients different tensors, because each is changed in place. */
    @Override
    public void backward(LayerText text) {
      String g = text.take(output);
      text.add(path, "torch.mul(__torch__.ops.dtype.wide(%s), %s)".formatted(g, factor));
      text.add(dense, g);
    }
  }

  /**
   * {@code output = factor * input}.
   *
   * @param rounded whether the factor is rounded to the type of the input first, as Gemma's
   */
  public record Scale(String output, String input, double factor, boolean rounded)
      implements Statement.Unary {
    public Scale(String output, String input, double factor) {
      this(output, input, factor, false);
    }

    /** Returns the same statement with another output. */
    public Scale named(String other) {
      return new Scale(other, input, factor, rounded);
    }

    private String scaled(String value) {
      String by = String.valueOf(factor);
      if (rounded) {
        by =
            "torch.full([], %1$s, dtype=ops.prim.dtype(%2$s), layout=None, device=ops.prim.device(%2$s), pin_memory=None)"
                .formatted(factor, value);
      }
      return "torch.mul(%s, %s)".formatted(value, by);
    }

    @Override
    public void forward(LayerText text) {
      text.line("%s = %s", output, scaled(input));
    }

    @Override
    public void backward(LayerText text) {
      text.add(input, scaled(text.take(output)));
    }
  }

  /**
   * {@code output = input * tensor}, a factor for each feature.
   *
   * @param tensor of one element per input feature, in any shape
   */
  public record Multiply(String output, String input, String tensor) implements Statement.Unary {
    @Override
    public List<String> tensors() {
      return List.of(tensor);
    }

    @Override
    public void forward(LayerText text) {
      text.line("%s = __torch__.ops.multiply.forward(%s, %s)", output, input, text.tensor(tensor));
    }

    @Override
    public void backward(LayerText text) {
      String g = text.take(output);
      if (text.isTrained(tensor)) {
        text.effect(
            "__torch__.ops.multiply.backward_factor(%s, %s, %s)",
            text.gradientOf(tensor), g, text.saved(input));
      }
      text.add(input, "__torch__.ops.multiply.forward(%s, %s)".formatted(g, text.tensor(tensor)));
    }
  }

  /**
   * {@code output = input + factor * tensor}, a bias.
   *
   * @param tensor (features)
   */
  public record Shift(String output, String input, String tensor, double factor)
      implements Statement.Unary {
    @Override
    public List<String> tensors() {
      return List.of(tensor);
    }

    @Override
    public void forward(LayerText text) {
      text.line(
          "%s = __torch__.ops.dtype.like(torch.add(%s, %s, alpha=%s), %s)",
          output, input, text.tensor(tensor), factor, input);
    }

    @Override
    public void backward(LayerText text) {
      String g = text.take(output);
      if (text.isTrained(tensor)) {
        text.effect(
            "torch.add_(%s, torch.sum(%s, [0], False, dtype=ops.prim.dtype(%s)), alpha=%s)",
            text.gradientOf(tensor), g, text.gradientOf(tensor), factor);
      }
      text.add(input, g);
    }
  }

  /**
   * {@code output = input} in f32: the start of a path that is computed exactly beside a layer in
   * bf16, and the end of a model whose outputs are read. In f32 it is the value itself.
   */
  public record Widen(String output, String input) implements Statement.Unary {
    private String kind() {
      return output + "_kind";
    }

    @Override
    public void forward(LayerText text) {
      text.line("%s = ops.prim.dtype(%s)", kind(), input);
      reference(text);
    }

    @Override
    public void reference(LayerText text) {
      text.line("%s = __torch__.ops.dtype.wide(%s)", output, input);
    }

    @Override
    public void backward(LayerText text) {
      text.add(input, "torch.to(%s, %s)".formatted(text.take(output), text.saved(kind(), "int")));
    }
  }

  /**
   * {@code output = input}, in training with each element zero at the given probability and the
   * others scaled up to keep the mean (Srivastava et al. 2014).
   */
  public record Dropout(String output, String input, double probability)
      implements Statement.Unary {
    private String mask() {
      return output + "_mask";
    }

    @Override
    public boolean drops() {
      return probability > 0;
    }

    @Override
    public void forward(LayerText text) {
      if (text.drops(probability)) {
        text.line(
            "%s, %s, = __torch__.adapters.low_rank.dropout(%s, %s, %s)",
            output, mask(), input, probability, BatchContext.AMONG.reference());
      } else {
        text.line("%s = %s", output, input);
      }
    }

    @Override
    public void backward(LayerText text) {
      String g = text.take(output);
      text.add(
          input,
          text.drops(probability)
              ? "__torch__.ops.dtype.like(torch.mul(%s, %s), %s)"
                  .formatted(g, text.saved(mask()), g)
              : g);
    }
  }

  /**
   * Some features of a fused projection: {@code features} consist of equal groups, {@code output}
   * has {@code start .. start + size} of each.
   *
   * @param features of the input
   */
  public record Slice(String output, String input, int features, int groups, int start, int size)
      implements Statement.Unary {
    @Override
    public void forward(LayerText text) {
      text.line(
          "%s = __torch__.ops.slice.forward(%s, %d, %d, %d)", output, input, groups, start, size);
    }

    @Override
    public void backward(LayerText text) {
      String g = text.take(output);
      if (!text.needsGradient(input)) return;
      text.put(
          input,
          "__torch__.ops.slice.backward(%s, %s, %d, %d, %d)"
              .formatted(text.total(input), g, features, groups, start));
    }
  }

  /**
   * {@code output = [left, right]}, features side by side.
   *
   * @param width features of the right one
   */
  public record Join(String output, String left, String right, int width) implements Statement {
    @Override
    public List<String> inputs() {
      return List.of(left, right);
    }

    @Override
    public void forward(LayerText text) {
      text.line("%s = torch.cat([%s, %s], 1)", output, left, right);
    }

    @Override
    public void backward(LayerText text) {
      String g = text.take(output);
      text.add(
          left,
          "torch.clone(torch.narrow(%s, 1, 0, torch.size(%s, 1) - %d))".formatted(g, g, width));
      text.add(
          right,
          "torch.clone(torch.narrow(%s, 1, torch.size(%s, 1) - %d, %d))"
              .formatted(g, g, width, width));
    }
  }
}
