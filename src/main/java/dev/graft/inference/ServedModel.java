package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.artifacts.Digest;
import dev.graft.spec.Quantization;
import dev.graft.spec.Quantization.NamedQuantization;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model that a chat may name.
 *
 * @param name its own, where an alias was asked for, too
 * @param adapter manifest of the PEFT directory on top, or null for the base alone
 * @param published the result of a job that this is, or null
 */
record ServedModel(
    String name, LoadedWeights weights, @Nullable Digest adapter, @Nullable Adapter published) {
  private static final int SHOWN = 10;

  /**
   * What one process holds: the weights under any adapter.
   *
   * @param base manifest of the base model's directory
   * @param trained manifest of a checkpoint whose weights take the place of the base's, or null
   * @param quantization that the base had in training: an adapter fits the numbers that it learned
   *     on; null = the base as it is
   * @param classifies whether the process labels texts; else it continues them
   */
  public record LoadedWeights(
      Digest base,
      @Nullable Digest trained,
      @Nullable Quantization quantization,
      boolean classifies) {
    LoadedWeights(Digest base) {
      this(base, null, null, false);
    }

    /** One name of all of it. */
    public String name() {
      return Stream.of(
              base.hex(),
              trained == null ? "" : trained.hex(),
              quantization == null ? "" : NamedQuantization.of(quantization).name(),
              classifies ? "classify" : "")
          .collect(Collectors.joining("/"));
    }
  }

  /** A base model, with an adapter on top or without. */
  public ServedModel(String name, Digest base, @Nullable Digest adapter) {
    this(name, new LoadedWeights(base), adapter, null);
  }

  public ServedModel(String name, LoadedWeights weights, @Nullable Digest adapter) {
    this(name, weights, adapter, null);
  }

  ServedModel as(Adapter result) {
    return new ServedModel(name, weights, adapter, result);
  }

  public Digest base() {
    return weights.base();
  }

  /** OpenAI's {@code system_fingerprint}: changes when the files that answer do. */
  public String fingerprint() {
    return "fp_" + base().hex().substring(0, SHOWN) + shown(weights.trained()) + shown(adapter);
  }

  private static String shown(@Nullable Digest own) {
    return own == null ? "" : "_" + own.hex().substring(0, SHOWN);
  }
}
