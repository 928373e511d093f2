package dev.graft.model;

import dev.graft.kernels.Statement;
import dev.graft.weights.NamedTensor;
import java.util.List;

/** What the methods with virtual tokens share. */
abstract sealed class PromptedTuner implements Tuner
    permits PromptTuner, PromptEncoderTuner, PrefixTuner {
  /** What PEFT calls the module of an encoder's parameters. */
  static final String ENCODER = "prompt_encoder.";

  final PromptPaths paths;

  PromptedTuner(PromptPaths paths) {
    this.paths = paths;
  }

  /** The saved tensor where a function of {@code prompt_encoder} computes it of all slots. */
  final Computed computedBy(String function) {
    return new Computed(
        PromptPaths.NAME,
        paths.shape(),
        "__torch__.adapters.prompt_encoder." + function,
        slots().stream().map(Slot::name).toList());
  }

  /** The saved tensor where nothing computes it. */
  final Slot embeddings() {
    return new Slot(PromptPaths.NAME, paths.shape());
  }

  @Override
  public final List<Statement> apply(String prefix, List<Statement> statements) {
    return paths.apply(prefix, statements);
  }

  @Override
  public final String unmergeable() {
    return "virtual tokens are no weights: they cannot be merged into the base";
  }

  @Override
  public final VirtualTokens virtualTokens() {
    return paths.virtualTokens();
  }

  @Override
  public final List<ColumnSlice> columns() {
    return paths.columns();
  }

  @Override
  public final List<NamedTensor> saved(List<NamedTensor> trained) {
    return trained.stream().filter(each -> each.name().equals(PromptPaths.NAME)).toList();
  }

  @Override
  public final List<NamedTensor> read(List<NamedTensor> saved) {
    if (computed() == null) return saved(saved);
    List<NamedTensor> encoder =
        saved.stream().filter(each -> each.name().startsWith(ENCODER)).toList();
    if (encoder.isEmpty()) {
      throw new IllegalArgumentException(
          "the adapter holds only what its encoder computed, so its training cannot go on");
    }
    return encoder;
  }
}
