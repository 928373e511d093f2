package dev.graft.kernels;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The body of one method while its statements write it: lines, the values that forward must save
 * for backward, and during backward the variable that holds each value's gradient.
 *
 * <p>Gradients are summed in place where a value has several uses. Two values may share a variable
 * after a {@code Sum}; {@link #total} copies it before it is changed, if the other is still
 * waiting.
 */
final class LayerText {
  private final LayerTensors tensors;
  private final boolean training;
  private final Map<String, Statement> cheap;
  private final Set<String> spent;
  private final Set<String> recomputed = new HashSet<>();
  private final StringBuilder lines = new StringBuilder();
  private final Map<String, String> saved = new LinkedHashMap<>();
  private final Map<String, String> gradients = new HashMap<>();
  private final Set<String> needed = new HashSet<>();
  private int variables;

  /**
   * @param cheap statements whose outputs are not saved, see {@link Statement#cheap}
   * @param spent values that their only reader may change
   */
  LayerText(
      LayerTensors tensors, boolean training, Map<String, Statement> cheap, Set<String> spent) {
    this.tensors = tensors;
    this.training = training;
    this.cheap = cheap;
    this.spent = spent;
  }

  void line(String format, Object... arguments) {
    lines.append("    ").append(format.formatted(arguments)).append('\n');
  }

  /** Writes a call that is made for its effect on its arguments. */
  void effect(String format, Object... arguments) {
    line("_%d = %s", variables++, format.formatted(arguments));
  }

  boolean isTrained(String name) {
    return tensors.trained().contains(name);
  }

  /** Returns the text of a tensor's numbers. */
  String tensor(String name) {
    return tensors.text(name);
  }

  /** Returns the text of a weight W in a product x W^T. */
  String turning(String name) {
    return tensors.turningText(name);
  }

  String gradientOf(String name) {
    return "gradients[" + tensors.trainedInOrder().indexOf(name) + "]";
  }

  /** Returns whether dropout of that probability applies in this method. */
  boolean drops(double probability) {
    return training && probability > 0;
  }

  /**
   * Asks for a tensor of forward that backward needs: it is saved, or recomputed where that is
   * cheap.
   */
  String saved(String value) {
    Statement again = cheap.get(value);
    if (again == null) {
      saved.put(value, "Tensor");
    } else if (recomputed.add(value)) {
      again.inputs().forEach(this::saved);
      again.forward(this);
    }
    return value;
  }

  /** Returns whether the statement that reads a value may write into it. */
  boolean spent(String value) {
    return spent.contains(value);
  }

  /** Returns whether backward has already recomputed a value. */
  boolean recomputed(String value) {
    return recomputed.contains(value);
  }

  /** Asks for a value of another type than tensor. */
  String saved(String value, String type) {
    saved.put(value, type);
    return value;
  }

  /** Returns the values that backward asked for, with their types. */
  Map<String, String> saved() {
    return saved;
  }

  void need(String value) {
    needed.add(value);
  }

  boolean needsGradient(String value) {
    return needed.contains(value);
  }

  /** Removes and returns the gradient of a value after all its uses. */
  String take(String value) {
    String variable = gradients.remove(value);
    if (variable == null) throw new IllegalStateException("nothing uses the value " + value);
    return variable;
  }

  /** Returns the gradient so far, which may be added to in place, or None. */
  String total(String value) {
    String variable = gradients.get(value);
    if (variable == null) return "None";
    boolean shared = Collections.frequency(gradients.values(), variable) > 1;
    return shared ? "torch.clone(" + variable + ")" : variable;
  }

  /** Replaces the gradient of a value by an expression that includes {@link #total}. */
  void put(String value, String expression) {
    String variable = "d_" + value + "_" + variables++;
    line("%s = %s", variable, expression);
    gradients.put(value, variable);
  }

  /** Adds to the gradient of a value, if one is needed. */
  void add(String value, String expression) {
    if (!needsGradient(value)) return;
    String total = total(value);
    if (!total.equals("None")) put(value, "torch.add_(%s, %s)".formatted(total, expression));
    else if (expression.indexOf('(') >= 0) put(value, expression);
    else gradients.put(value, expression);
  }

  /**
   * Returns the gradient of a value, which no other value shares and which may be added to in
   * place, or None.
   */
  String own(String value) {
    String variable = gradients.getOrDefault(value, "None");
    if (Collections.frequency(gradients.values(), variable) > 1) {
      throw new IllegalStateException("the gradient of " + value + " is another value's, too");
    }
    return variable;
  }

  /** Returns the variables of the gradients whose statement is still to come. */
  List<String> waiting() {
    return gradients.values().stream().distinct().sorted().toList();
  }

  String lines() {
    return lines.toString();
  }

  /** Returns the lines so far; the following lines belong to another method. */
  String cut() {
    String before = lines();
    lines.setLength(0);
    recomputed.clear();
    return before;
  }
}
