package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Loads models to generate with. */
public final class Generators {
  private Generators() {}

  /** Loads the base as it is, in f32 on the CPU. */
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
   * @throws dev.graft.weights.BadModel if the directory is not a model that can run
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

  /** Decodes with a key-value cache: the prompt in blocks, then token by token. */
  private static final class CachedGenerator implements Generator {
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
      return read(prompt, text -> text.read(prompt));
    }

    @Override
    public Text read(int[] prompt, int first, Expectations expectations) {
      return read(prompt, text -> text.read(prompt, first, expectations));
    }

    private Text read(int[] prompt, Consumer<Continuation> reading) {
      checkPrompt(prompt, context());
      Continuation text = new Continuation(model(), memory, module);
      try {
        reading.accept(text);
        return text;
      } catch (RuntimeException e) {
        text.close();
        throw e;
      }
    }

    private Transformer model() {
      return worn == null ? bare : worn.model();
    }

    private void checkPrompt(int[] prompt, int context) {
      if (prompt.length == 0) throw new IllegalArgumentException("the prompt is empty");
      if (prompt.length > context) {
        throw new IllegalArgumentException(
            "the prompt has %d tokens, but the model's context is %d"
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

  /**
   * A prompt, and one answer to it so far, with the keys and values of their tokens: a buffer of
   * each for every layer. The buffers grow by doubling, so that a high bound on the answer costs
   * nothing until it is used.
   */
  public static final class Continuation implements Generator.Text {
    /** TorchScript methods of the module that grows the buffers. */
    public static final String METHODS =
        """
          def grown(self: __torch__.Model,
            old: Tensor,
            length: int) -> Tensor:
            heads, used, size, = torch.size(old)
            new = torch.zeros([heads, length, size], dtype=ops.prim.dtype(old), layout=None, device=ops.prim.device(old), pin_memory=None)
            _0 = torch.copy_(torch.narrow(new, 1, 0, used), old)
            return new
        """;

    /** Tokens that are read in one pass: bounds the memory of a long prompt. */
    private static final int BLOCK = 512;

    /** As {@link #BLOCK}, where the logits of each token are looked at. */
    private static final int SCORED_BLOCK = 32;

    /** Queries that are scored at a time: bounds the memory of attention over a long prompt. */
    private static final int QUERY_BLOCK = 128;

    /** Tokens that the buffers have room for at first. */
    private static final int FIRST_ROOM = 64;

    private final Transformer model;
    private final DeviceMemory memory;
    private final TorchScriptModule module;
    private final PtNDManager buffers;
    private final PtNDArray[] keys;
    private final PtNDArray[] values;
    private int room;

    /** Tokens read, virtual ones included: where the next one goes in the buffers. */
    private int length;

    private int promptLength;
    private float[] afterPrompt = {};
    private float[] logits = {};

    private Continuation(Transformer model, DeviceMemory memory, TorchScriptModule module) {
      this.model = model;
      this.memory = memory;
      this.module = module;
      buffers = memory.scope();
      ModelConfig config = model.family().config();
      AttentionShape heads = AttentionShape.of(config);
      long[] empty = {heads.keyValueHeads(), 0, heads.headDim()};
      keys = new PtNDArray[config.numHiddenLayers()];
      values = new PtNDArray[keys.length];
      try (PtNDArray like = (PtNDArray) buffers.create(0f)) {
        for (int i = 0; i < keys.length; i++) {
          keys[i] = memory.call(buffers, "empty", like, empty, model.kind());
          values[i] = memory.call(buffers, "empty", like, empty, model.kind());
        }
      }
      length = model.virtualTokens().keys();
    }

    private void read(int[] prompt) {
      for (int[] block : blocks(prompt, BLOCK)) logits = pass(block, true);
      endPrompt();
    }

    private void read(int[] prompt, int first, Generator.Expectations expectations) {
      int position = first - 1; // its logits are those of the next
      for (int[] block : blocks(Arrays.copyOf(prompt, position), BLOCK)) pass(block, true);
      int[] scored = Arrays.copyOfRange(prompt, position, prompt.length);
      for (int[] block : blocks(scored, SCORED_BLOCK)) {
        float[] flat = pass(block, false);
        int vocabulary = flat.length / block.length;
        for (int i = 0; i < block.length; i++) {
          logits = Arrays.copyOfRange(flat, i * vocabulary, (i + 1) * vocabulary);
          if (++position < prompt.length) expectations.at(position, logits);
        }
      }
      endPrompt();
    }

    private void endPrompt() {
      promptLength = length;
      afterPrompt = logits;
    }

    private static List<int[]> blocks(int[] ids, int size) {
      return IntStream.range(0, Math.ceilDiv(ids.length, size))
          .mapToObj(i -> Arrays.copyOfRange(ids, i * size, Math.min(ids.length, (i + 1) * size)))
          .toList();
    }

    /**
     * Reads tokens in one pass.
     *
     * @return (vocabulary) the logits of the token after the last one, or after each, one after the
     *     other
     */
    private float[] pass(int[] tokens, boolean last) {
      Family family = model.family();
      int virtual = length == 0 ? model.virtualTokens().rows() : 0;
      TokenLayout batch =
          TokenLayout.of(new int[][] {tokens}, family.config().vocabSize(), virtual, false);
      makeRoom(length + batch.size());
      long[] picked = last ? new long[] {batch.size() - 1} : batch.everyPlace();
      try (PtNDManager scope = memory.scope();
          BatchInputs inputs =
              BatchInputs.of(
                  model,
                  scope,
                  batch,
                  length,
                  picked,
                  new long[0],
                  ComputePlan.Attention.CHUNKS,
                  QUERY_BLOCK)) {
        IValue x = IValue.from(inputs.ids());
        for (int i = 0; i < model.stages().size(); i++) {
          try (IValue before = x) {
            x = decode(i, before, inputs);
          }
        }
        length += batch.size();
        try (IValue hidden = x) {
          String output = Objects.requireNonNull(model.output(), "the model predicts no tokens");
          return memory
              .call(scope, "logits", hidden, model.tensor(output), family.logitSoftcap())
              .toFloatArray();
        }
      }
    }

    /** Computes the embedding, a layer or the head, in this order. */
    private IValue decode(int index, IValue x, BatchInputs inputs) {
      Transformer.Stage stage = model.stages().get(index);
      int layer = index - 1;
      if (layer < 0) return model.up(stage, "_decode", x, inputs, inputs.context(), length);
      if (layer >= keys.length) return model.up(stage, "_infer", x, inputs, inputs.context());
      return model.up(
          stage, "_decode", x, inputs, inputs.context(), keys[layer], values[layer], length);
    }

    /** Makes room for that many tokens; those before keep their keys and values. */
    private void makeRoom(int tokens) {
      if (tokens <= room) return;
      room = Math.max(Math.max(tokens, FIRST_ROOM), Math.multiplyExact(2, room));
      for (int i = 0; i < keys.length; i++) {
        keys[i] = grown(keys[i]);
        values[i] = grown(values[i]);
      }
    }

    private PtNDArray grown(PtNDArray old) {
      try (PtNDArray replaced = old) {
        return module.call(buffers, "grown", replaced, room).getFirst();
      }
    }

    @Override
    public float[] logits() {
      return logits;
    }

    @Override
    public void append(int id) {
      logits = pass(new int[] {id}, true);
    }

    @Override
    public void rewind() {
      length = promptLength;
      logits = afterPrompt;
    }

    @Override
    public void close() {
      buffers.close();
    }
  }
}
