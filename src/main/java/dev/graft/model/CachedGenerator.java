package dev.graft.model;

import dev.graft.kernels.Kernels;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Decoding over a key-value cache: the prompt in blocks, then token by token. */
final class CachedGenerator implements Generator {
  private final ModelDirectory directory;
  private final ModelConfig config;
  private final DeviceMemory memory;
  private final ModelTensors base;
  private final TorchScriptModule module;
  private final Transformer bare;
  private @Nullable WornAdapter worn;

  /**
   * @param directory closed with the generator
   * @param memory closed with the generator
   * @param base every parameter, in {@code memory}
   */
  CachedGenerator(ModelDirectory directory, DeviceMemory memory, ModelTensors base) {
    this.directory = directory;
    this.config = directory.config();
    this.memory = memory;
    this.base = base.copy();
    this.module = Kernels.load(Continuation.METHODS, memory.device());
    this.bare = Transformer.frozen(Family.of(config), memory, this.base, Rewrite.NONE);
  }

  @Override
  public void adapter(@Nullable Path directory) {
    WornAdapter next =
        directory == null ? null : WornAdapter.of(directory, this.directory, memory, base);
    if (worn != null) worn.close();
    worn = next;
  }

  @Override
  public int vocabulary() {
    return config.vocabSize();
  }

  @Override
  public int context() {
    return config.contextLength() - model().virtualTokens().count();
  }

  @Override
  public Text read(int[] prompt) {
    checkPrompt(prompt, context());
    return CachedText.read(new Continuation(model(), memory, module), prompt);
  }

  @Override
  public Text read(int[] prompt, int first, Expectations expectations) {
    checkPrompt(prompt, context());
    return CachedText.read(new Continuation(model(), memory, module), prompt, first, expectations);
  }

  private Transformer model() {
    return worn == null ? bare : worn.model();
  }

  private void checkPrompt(int[] prompt, int context) {
    if (prompt.length == 0) throw new IllegalArgumentException("the prompt is empty");
    if (prompt.length > context) {
      throw new IllegalArgumentException(
          "the prompt has %d tokens, the model's context is %d".formatted(prompt.length, context));
    }
    for (int id : prompt) {
      if (id < 0 || id >= config.vocabSize()) {
        throw new IllegalArgumentException(
            "token id %d is outside the vocabulary of %d".formatted(id, config.vocabSize()));
      }
    }
  }

  @Override
  public void close() {
    if (worn != null) worn.close();
    bare.close();
    module.close();
    memory.close();
    directory.close();
  }
}
