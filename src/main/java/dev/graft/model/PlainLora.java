package dev.graft.model;

import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Lora.LoraPatterns;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An adapter whose start was taken out of the base, as a LoRA of twice the rank for the base as it
 * is: with A' = [A; A0] and B' = [B, -B0] the product B' A' is B A - B0 A0. PEFT makes the same
 * when it saves with {@code path_initial_model_for_weight_conversion}.
 *
 * @param values of the slots of the method
 */
record PlainLora(Lora method, List<NamedTensor> values) {
  /**
   * @param values of the slots, and of the factors that the base lost
   */
  public static PlainLora of(Lora method, List<NamedTensor> values) {
    Map<String, NamedTensor> byName = NamedTensor.byName(values);
    List<NamedTensor> plain = new ArrayList<>();
    for (NamedTensor each : values) {
      String name = each.name();
      if (name.contains(LoraStart.INITIAL + ".")) continue;
      if (name.endsWith(EmbeddingFactors.A)) plain.add(below(each, zeros(each)));
      else if (name.endsWith(EmbeddingFactors.B)) plain.add(beside(each, zeros(each)));
      else if (name.endsWith(LoraStart.A))
        plain.add(below(each, initial(byName, name, LoraStart.A)));
      else if (name.endsWith(LoraStart.B)) {
        plain.add(beside(each, initial(byName, name, LoraStart.B)));
      } else plain.add(each);
    }
    return new PlainLora(doubled(method), plain);
  }

  private static NamedTensor initial(Map<String, NamedTensor> values, String name, String factor) {
    String module = name.substring(0, name.length() - factor.length());
    return Objects.requireNonNull(values.get(module + LoraStart.INITIAL + factor), name);
  }

  /** Embeddings lose nothing, but have the same rank. */
  private static NamedTensor zeros(NamedTensor factor) {
    return NamedTensor.of(factor.name(), new float[factor.toFloats().length], factor.shape());
  }

  /** [A; A0]. */
  private static NamedTensor below(NamedTensor a, NamedTensor initial) {
    float[] rows = a.toFloats();
    float[] lost = initial.toFloats();
    float[] both = new float[2 * rows.length];
    System.arraycopy(rows, 0, both, 0, rows.length);
    System.arraycopy(lost, 0, both, rows.length, rows.length);
    return NamedTensor.of(a.name(), both, 2 * a.shape()[0], a.shape()[1]);
  }

  /** [B, -B0]. */
  private static NamedTensor beside(NamedTensor b, NamedTensor initial) {
    float[] columns = b.toFloats();
    float[] lost = initial.toFloats();
    int r = (int) b.shape()[1];
    float[] both = new float[2 * columns.length];
    for (int i = 0; i < columns.length; i++) {
      int at = i / r * 2 * r + i % r;
      both[at] = columns[i];
      both[at + r] = -lost[i];
    }
    return NamedTensor.of(b.name(), both, b.shape()[0], 2L * r);
  }

  /** Twice the rank with the same scale. */
  private static Lora doubled(Lora method) {
    double factor = method.variant().useRslora() ? Math.sqrt(2) : 2;
    SortedMap<String, Integer> ranks = new TreeMap<>();
    method.patterns().rankPattern().forEach((key, rank) -> ranks.put(key, 2 * rank));
    SortedMap<String, Double> alphas = new TreeMap<>();
    method.patterns().alphaPattern().forEach((key, alpha) -> alphas.put(key, factor * alpha));
    return new Lora(
        2 * method.r(),
        factor * method.loraAlpha(),
        method.loraDropout(),
        method.targets(),
        new LoraInit.Standard(),
        method.variant(),
        new LoraPatterns(ranks, alphas),
        method.extras());
  }
}
