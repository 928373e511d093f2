package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
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
  private static final class CachedText implements Generator.Text {
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

  /** One text that a decoder reads piece by piece, with the keys and values of what it has read. */
  public static final class Continuation implements AutoCloseable {
    /** TorchScript methods for the module given to the constructor. */
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

    /** Queries that are scored at a time: bounds the memory of attention over a long prompt. */
    private static final int QUERY_BLOCK = 128;

    private final Transformer model;
    private final DeviceMemory memory;
    private final KeyValueCache cache;

    /** Tokens read, virtual ones included: where the next one goes in the cache. */
    private int length;

    /**
     * @param module has {@link #METHODS}; not closed here
     */
    public Continuation(Transformer model, DeviceMemory memory, TorchScriptModule module) {
      this.model = model;
      this.memory = memory;
      this.cache = new KeyValueCache(memory, module, model.family(), model.kind());
      this.length = model.virtualTokens().keys();
    }

    /**
     * Reads tokens in one pass.
     *
     * @return (vocabulary) the logits of the token after them
     */
    public float[] read(int[] tokens) {
      return logits(tokens, true);
    }

    /**
     * Reads tokens in one pass.
     *
     * @return (tokens x vocabulary) the logits of the token after each
     */
    public float[][] readEach(int[] tokens) {
      float[] flat = logits(tokens, false);
      float[][] rows = new float[tokens.length][flat.length / tokens.length];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(flat, i * rows[i].length, rows[i], 0, rows[i].length);
      }
      return rows;
    }

    private float[] logits(int[] tokens, boolean ofLast) {
      Family family = model.family();
      int virtual = length == 0 ? model.virtualTokens().rows() : 0;
      TokenLayout batch =
          TokenLayout.of(new int[][] {tokens}, family.config().vocabSize(), virtual, false);
      cache.require(length + batch.size());
      long[] picked = ofLast ? new long[] {batch.size() - 1} : batch.everyPlace();
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
          return memory
              .module()
              .call(scope, "logits", hidden, output(), family.logitSoftcap())
              .getFirst()
              .toFloatArray();
        }
      }
    }

    /** Tokens read, virtual ones included. */
    public int length() {
      return length;
    }

    /** Goes back to an earlier {@link #length}; what comes next is written over what was there. */
    public void forget(int toLength) {
      if (toLength < 0 || toLength > length) throw new IllegalArgumentException("no such length");
      length = toLength;
    }

    private PtNDArray output() {
      return model.tensor(Objects.requireNonNull(model.output(), "the model predicts no tokens"));
    }

    private IValue decode(int index, IValue x, BatchInputs inputs) {
      Transformer.Stage stage = model.stages().get(index);
      int layer = index - 1;
      if (layer < 0) {
        return model
            .module()
            .invoke(
                stage.program() + "_decode",
                x,
                stage.weights(),
                inputs.context(),
                inputs.chunks(),
                inputs.windowed(),
                length);
      }
      if (layer >= model.family().config().numHiddenLayers()) {
        return model
            .module()
            .invoke(
                stage.program() + "_infer",
                x,
                stage.weights(),
                inputs.context(),
                inputs.chunks(),
                inputs.windowed());
      }
      return model
          .module()
          .invoke(
              stage.program() + "_decode",
              x,
              stage.weights(),
              inputs.context(),
              inputs.chunks(),
              inputs.windowed(),
              cache.keys(layer),
              cache.values(layer),
              length);
    }

    @Override
    public void close() {
      cache.close();
    }

    /**
     * Keys and values of the tokens so far, a buffer of each for every layer. It grows by doubling,
     * so that a high bound on the answer costs nothing until it is used.
     */
    static final class KeyValueCache implements AutoCloseable {
      private static final int FIRST = 64;

      private final PtNDManager manager;
      private final TorchScriptModule module;
      private final PtNDArray[] keys;
      private final PtNDArray[] values;
      private int length;

      /**
       * @param module has the method {@code grown}
       * @param kind torch's number of their element type
       */
      KeyValueCache(DeviceMemory memory, TorchScriptModule module, Family family, int kind) {
        this.manager = memory.scope();
        this.module = module;
        int layers = family.config().numHiddenLayers();
        this.keys = new PtNDArray[layers];
        this.values = new PtNDArray[layers];
        long[] empty = {family.keyValueHeads(), 0, family.headDim()};
        try (PtNDArray like = (PtNDArray) manager.create(0f)) {
          for (int i = 0; i < layers; i++) {
            keys[i] = memory.module().call(manager, "empty", like, empty, kind).getFirst();
            values[i] = memory.module().call(manager, "empty", like, empty, kind).getFirst();
          }
        }
      }

      /** Makes room for that many tokens; those before keep their keys and values. */
      void require(int tokens) {
        if (tokens <= length) return;
        length = Math.max(Math.max(tokens, FIRST), Math.multiplyExact(2, length));
        for (int i = 0; i < keys.length; i++) {
          keys[i] = grown(keys[i]);
          values[i] = grown(values[i]);
        }
      }

      private PtNDArray grown(PtNDArray old) {
        try (PtNDArray replaced = old) {
          return module.call(manager, "grown", replaced, length).getFirst();
        }
      }

      /** (heads, room, head size) of a layer, valid until the next {@link #require}. */
      PtNDArray keys(int layer) {
        return keys[layer];
      }

      /** (heads, room, head size) of a layer, valid until the next {@link #require}. */
      PtNDArray values(int layer) {
        return values[layer];
      }

      @Override
      public void close() {
        manager.close();
      }
    }
  }
}
