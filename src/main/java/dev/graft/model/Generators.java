package dev.graft.model;

import dev.graft.kernels.Kernels;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Loads models to generate with. */
public final class Generators {
  private Generators() {}

  /** The base as it is, in f32 on the CPU. */
  public static Generator load(Path base, int threads) {
    return load(
        base, null, null, new Execution(Execution.CPU, Precision.F32, ComputePlan.KEEP, threads));
  }

  /**
   * Loads a base model; use and close it on the calling platform thread.
   *
   * @param trained directory of a checkpoint whose {@code trained.safetensors} has parameters of
   *     the base by name: weights that an unfinished run has trained; null = none
   * @param quantization of the base, as it was for an adapter's training; null = as it is
   * @throws dev.graft.weights.BadModel if the directory is no model that can be run
   */
  public static Generator load(
      Path base, @Nullable Path trained, @Nullable Quantization quantization, Execution execution) {
    ModelDirectory directory = ModelDirectory.open(base);
    try {
      directory.check();
      return DeviceMemory.open(
          execution,
          memory -> {
            ModelTensors tensors =
                FrozenWeights.load(directory, trained, quantization, execution, memory, Set.of());
            return new CachedGenerator(directory, memory, tensors);
          });
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  /** Decoding over a key-value cache: the prompt in blocks, then token by token. */
  static final class CachedGenerator implements Generator {
    private final ModelDirectory directory;
    private final ModelConfig config;
    private final DeviceMemory memory;
    private final ModelTensors base;
    private final TorchScriptModule module;
    private final Transformer bare;
    private FrozenWeights.@Nullable WornAdapter worn;

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
      FrozenWeights.WornAdapter next =
          directory == null
              ? null
              : FrozenWeights.WornAdapter.of(directory, this.directory, memory, base);
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
      return CachedText.read(
          new Continuation(model(), memory, module), prompt, first, expectations);
    }

    private Transformer model() {
      return worn == null ? bare : worn.model();
    }

    private void checkPrompt(int[] prompt, int context) {
      if (prompt.length == 0) throw new IllegalArgumentException("the prompt is empty");
      if (prompt.length > context) {
        throw new IllegalArgumentException(
            "the prompt has %d tokens, the model's context is %d"
                .formatted(prompt.length, context));
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

  /** A prompt that has been read, block by block, and one answer to it so far. */
  static final class CachedText implements Generator.Text {
    /** Tokens that are read in one pass: bounds the memory of a long prompt. */
    private static final int BLOCK = 512;

    /** As {@link #BLOCK}, where the logits of each token are looked at. */
    private static final int SCORED_BLOCK = 32;

    private final Continuation text;
    private final int promptLength;
    private final float[] afterPrompt;
    private float[] logits;

    private CachedText(Continuation text, float[] logits) {
      this.text = text;
      this.promptLength = text.length();
      this.afterPrompt = logits;
      this.logits = logits;
    }

    /**
     * @param text new; closed with the result, or on failure
     */
    static CachedText read(Continuation text, int[] prompt) {
      try {
        float[] last = {};
        for (int[] block : blocks(prompt, BLOCK)) last = text.read(block);
        return new CachedText(text, last);
      } catch (RuntimeException e) {
        text.close();
        throw e;
      }
    }

    /**
     * @param text new; closed with the result, or on failure
     */
    static CachedText read(
        Continuation text, int[] prompt, int first, Generator.Expectations expectations) {
      try {
        float[] last = {};
        int position = first - 1; // its logits are those of the next
        for (int[] block : blocks(Arrays.copyOf(prompt, position), BLOCK)) text.read(block);
        int[] told = Arrays.copyOfRange(prompt, position, prompt.length);
        for (int[] block : blocks(told, SCORED_BLOCK)) {
          for (float[] logits : text.readEach(block)) {
            if (++position < prompt.length) expectations.at(position, logits);
            last = logits;
          }
        }
        return new CachedText(text, last);
      } catch (RuntimeException e) {
        text.close();
        throw e;
      }
    }

    private static List<int[]> blocks(int[] ids, int size) {
      return IntStream.range(0, Math.ceilDiv(ids.length, size))
          .mapToObj(i -> Arrays.copyOfRange(ids, i * size, Math.min(ids.length, (i + 1) * size)))
          .toList();
    }

    @Override
    public float[] logits() {
      return logits;
    }

    @Override
    public void append(int id) {
      logits = text.read(new int[] {id});
    }

    @Override
    public void rewind() {
      text.forget(promptLength);
      logits = afterPrompt;
    }

    @Override
    public void close() {
      text.close();
    }
  }
}
