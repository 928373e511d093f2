package dev.graft.model;

import dev.graft.kernels.Attend;
import dev.graft.kernels.Embedding.Prepend;
import dev.graft.kernels.Statement;
import dev.graft.spec.Prompted;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.Task;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What virtual tokens do to a model, given the one tensor that PEFT saves of them: rows before the
 * real ones, or keys and values before those of every layer, side by side in one matrix and used as
 * they are, without positions or norm.
 */
record PromptPaths(Prompted method, ModelConfig config) implements Rewrite {
  /** The tensor: (virtual tokens, hidden), or (virtual tokens, 2 layers features of keys). */
  public static final String NAME = "prompt_embeddings";

  /**
   * @throws IllegalArgumentException if the base does not predict tokens
   */
  public PromptPaths {
    if (!(config.task() instanceof Task.CausalLm)) {
      throw new IllegalArgumentException("virtual tokens are not supported with a classification");
    }
  }

  /** Shape of the tensor. */
  public long[] shape() {
    long width =
        switch (method) {
          case PromptTuning prompt -> config.hiddenSize();
          case PTuning prompt -> config.hiddenSize();
          case PrefixTuning prefix -> 2L * config.numHiddenLayers() * keys();
        };
    return new long[] {method.numVirtualTokens(), width};
  }

  private int keys() {
    return AttentionShape.of(config).keyFeatures();
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return switch (method) {
      case PromptTuning prompt -> prepended(statements);
      case PTuning prompt -> prepended(statements);
      case PrefixTuning of ->
          statements.stream()
              .map(each -> each instanceof Attend attend ? attend.behind("prefix") : each)
              .toList();
    };
  }

  private static List<Statement> prepended(List<Statement> statements) {
    return EmbeddingRows.change(
        statements, "real_rows", (output, input) -> new Prepend(output, input, "/" + NAME));
  }

  /** The part of each layer, keys beside values. */
  public List<ColumnSlice> columns() {
    if (!(method instanceof PrefixTuning)) return List.of();
    long width = 2L * keys();
    return IntStream.range(0, config.numHiddenLayers())
        .mapToObj(i -> new ColumnSlice(config.layerPrefix(i) + "prefix", NAME, i * width, width))
        .toList();
  }

  @Override
  public VirtualTokens virtualTokens() {
    return switch (method) {
      case PromptTuning prompt -> new VirtualTokens(prompt.numVirtualTokens(), 0);
      case PTuning prompt -> new VirtualTokens(prompt.numVirtualTokens(), 0);
      case PrefixTuning prefix -> new VirtualTokens(0, prefix.numVirtualTokens());
    };
  }
}
