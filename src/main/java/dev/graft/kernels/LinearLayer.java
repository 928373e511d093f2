package dev.graft.kernels;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code output = input <module>.weight^T}, plus {@code <module>.bias}.
 *
 * @param transposed the weight is stored as (in, out), as GPT-2's {@code Conv1D}
 */
public record LinearLayer(
    String output, String input, String module, boolean bias, boolean transposed)
    implements Statement.Unary {
  public LinearLayer(String output, String input, String module, boolean bias) {
    this(output, input, module, bias, false);
  }

  /** Returns the same layer with another output. */
  public LinearLayer named(String other) {
    return new LinearLayer(other, input, module, bias, transposed);
  }

  /** Returns the same layer with another input. */
  public LinearLayer reading(String other) {
    return new LinearLayer(output, other, module, bias, transposed);
  }

  private String weight() {
    return module + ".weight";
  }

  private String biasName() {
    return module + ".bias";
  }

  private String stored(String tensor) {
    return transposed ? "torch.t(" + tensor + ")" : tensor;
  }

  /** Returns the text of the weight as (out, in). */
  private String weight(LayerText text) {
    return stored(text.tensor(weight()));
  }

  @Override
  public List<String> tensors() {
    return bias ? List.of(weight(), biasName()) : List.of(weight());
  }

  @Override
  public void forward(LayerText text) {
    String turning = stored(text.turning(weight()));
    if (bias) {
      text.line(
          "%s = __torch__.ops.linear.forward_bias(%s, %s, %s)",
          output, input, turning, text.tensor(biasName()));
    } else {
      text.line("%s = __torch__.ops.linear.forward(%s, %s)", output, input, turning);
    }
  }

  @Override
  public boolean fresh() {
    return true;
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.ops.linear.reference(%s, %s, %s)",
        output, input, weight(text), bias ? text.tensor(biasName()) : "None");
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    if (text.isTrained(weight())) {
      text.effect(
          "__torch__.ops.linear.backward_weight(%s, %s, %s)",
          stored(text.gradientOf(weight())), g, text.saved(input));
    }
    if (bias && text.isTrained(biasName())) {
      text.effect("__torch__.ops.linear.backward_bias(%s, %s)", text.gradientOf(biasName()), g);
    }
    if (!text.needsGradient(input)) return;
    text.put(
        input,
        "__torch__.ops.linear.backward_input(%s, %s, %s)"
            .formatted(text.total(input), g, weight(text)));
  }

  /**
   * {@code output = input part^T}, where part is the first {@code out} rows and {@code in} columns
   * of a tensor that never trains.
   */
  public record Project(String output, String input, String tensor, int out, int in)
      implements Statement.Unary {
    private String part(LayerText text) {
      return "torch.narrow(torch.narrow(%s, 0, 0, %d), 1, 0, %d)"
          .formatted(text.tensor(tensor), out, in);
    }

    @Override
    public List<String> tensors() {
      return List.of(tensor);
    }

    @Override
    public void forward(LayerText text) {
      text.line("%s = __torch__.ops.linear.forward(%s, %s)", output, input, part(text));
    }

    @Override
    public void reference(LayerText text) {
      text.line("%s = __torch__.ops.linear.reference(%s, %s, None)", output, input, part(text));
    }

    @Override
    public void backward(LayerText text) {
      if (text.isTrained(tensor)) throw new IllegalStateException(tensor + " must not train");
      String g = text.take(output);
      if (!text.needsGradient(input)) return;
      text.put(
          input,
          "__torch__.ops.linear.backward_input(%s, %s, %s)"
              .formatted(text.total(input), g, part(text)));
    }
  }

  /**
   * Inputs of some linear layers of a layer.
   *
   * @param modules paths of those that read each value, both in the order of the statements
   */
  public record ReadValues(Map<String, List<String>> modules) {
    /** None. */
    public static final ReadValues NONE = new ReadValues(Map.of());

    public ReadValues {
      modules = Collections.unmodifiableMap(new LinkedHashMap<>(modules));
    }

    /**
     * @param prefix of the paths of the layer's modules
     * @param wanted paths of modules, of this layer and of others
     */
    public static ReadValues of(String prefix, List<Statement> layer, Set<String> wanted) {
      Map<String, List<String>> modules = new LinkedHashMap<>();
      for (Statement each : layer) {
        if (!(each instanceof LinearLayer linear) || !wanted.contains(prefix + linear.module()))
          continue;
        modules
            .computeIfAbsent(linear.input(), value -> new ArrayList<>())
            .add(prefix + linear.module());
      }
      return new ReadValues(modules);
    }

    /** Returns the values in order. */
    public List<String> values() {
      return List.copyOf(modules.keySet());
    }
  }
}
