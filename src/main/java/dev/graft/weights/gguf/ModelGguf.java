package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DecoderConfig.LayerAttention;
import dev.graft.weights.Dtype;
import dev.graft.weights.LlamaCppModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.ModelType;
import dev.graft.weights.Rope;
import dev.graft.weights.Task;
import dev.graft.weights.TensorData;
import dev.graft.weights.gguf.GgufWriter.GgufField.Real;
import dev.graft.weights.gguf.GgufWriter.GgufField.Text;
import dev.graft.weights.gguf.GgufWriter.GgufField.Unsigned;
import dev.graft.weights.gguf.GgufWriter.GgufLayout;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes a whole model as one file for llama.cpp and Ollama: weights, tokenizer and chat template.
 * Refuses models that {@link GgufModel} would not read back unchanged.
 */
public final class ModelGguf {
  private static final String ROPE = "rope_freqs.weight";
  private static final int BLOCK = 32;

  /** Element type of matrices; vectors are F32. */
  public enum Numbers {
    F16(GgmlType.F16, 1),
    Q8_0(GgmlType.Q8_0, 7);

    private final GgmlType type;

    /** {@code llama_ftype} of llama.h. */
    private final int fileType;

    Numbers(GgmlType type, int fileType) {
      this.type = type;
      this.fileType = fileType;
    }
  }

  private final DecoderConfig config;
  private final LlamaCppModel names;
  private final WrittenTokenizer tokenizer;
  private final List<GgufWriter.GgufField> fields = new ArrayList<>();
  private final List<GgufLayout> layout = new ArrayList<>();
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final float @Nullable [] ropeFactors;

  private ModelGguf(
      ModelDirectory model, DecoderConfig config, LlamaCppModel names, String name, Numbers type) {
    this.config = config;
    this.names = names;
    ModelType family = Objects.requireNonNull(ModelType.named(config.modelType()));
    tokenizer = new WrittenTokenizer(model, names.architecture().startsWith("gemma"));
    fields.addAll(ModelFields.of(config, family, names.architecture(), name, type.fileType));
    fields.addAll(tokenizer.fields());
    ropeFactors = ModelFields.ropeFactors(config, names.architecture());
    if (ropeFactors != null) {
      layout.add(new GgufLayout(ROPE, GgmlType.F32, new long[] {ropeFactors.length}));
    }
    for (Parameter each : config.parameters()) {
      String written = names.parameter(each.name());
      parameters.put(written, each);
      layout.add(new GgufLayout(written, type(each, type), each.shape()));
    }
  }

  private static GgmlType type(Parameter parameter, Numbers wanted) {
    long[] shape = parameter.shape();
    if (shape.length < 2) return GgmlType.F32;
    return shape[shape.length - 1] % BLOCK == 0 ? wanted.type : GgmlType.F16;
  }

  /**
   * Reads configuration and tokenizer, but not the weights.
   *
   * @param name {@code general.name}
   * @throws BadModel if a GGUF file cannot represent the model, with the reason
   */
  public static ModelGguf of(ModelDirectory model, String name, Numbers type) {
    ModelConfig config = model.config();
    LlamaCppModel names = LlamaCppModel.of(config);
    if (!(config instanceof DecoderConfig decoder) || names == null || decoder.fused()) {
      throw new BadModel("GGUF files are not supported for models of type " + config.modelType());
    }
    if (!(config.task() instanceof Task.CausalLm)) {
      throw new BadModel("llama.cpp is not known to serve classifiers of " + config.modelType());
    }
    return new ModelGguf(model, decoder, names, name, type);
  }

  /** Returns the approximate size of the weights in the file. */
  public long bytes() {
    return layout.stream().mapToLong(GgufLayout::bytes).sum();
  }

  /**
   * Checks that the file without its weights would be read back as the same model.
   *
   * @param scratch a file to write, with the length of the result and holes
   * @throws BadModel if the model would differ
   */
  public void check(Path scratch) {
    write(scratch, none -> null);
    try (GgufFile read = GgufFile.open(scratch)) {
      String json = Json.text(new GgufConfig(read).json());
      ModelConfig other = ModelConfig.read(json.getBytes(StandardCharsets.UTF_8));
      if (!(other instanceof DecoderConfig decoder) || !computesAs(decoder)) {
        throw new BadModel(
            "config.json has a setting that a GGUF file cannot represent; llama.cpp would compute"
                + " something else");
      }
      GgufTokenizer.GgufVocabulary vocabulary = GgufTokenizer.GgufVocabulary.read(read.keys());
      tokenizer.requireSame(new GgufTokenizer(read.keys(), vocabulary).json());
    }
  }

  private boolean computesAs(DecoderConfig other) {
    return other.attention().equals(config.attention())
        && other.norms().equals(config.norms())
        && other.feedForward().equals(config.feedForward())
        && other.multipliers().equals(config.multipliers())
        && other.layers().equals(config.layers())
        && other.hiddenSize() == config.hiddenSize()
        && other.vocabSize() == config.vocabSize()
        && other.tieWordEmbeddings() == config.tieWordEmbeddings();
  }

  /**
   * Writes the complete file or none, in a few megabytes of memory.
   *
   * @param numbers returns the F32 numbers of each parameter in turn
   * @throws BadModel if a number is outside of the range of the type
   * @throws java.io.UncheckedIOException if the file cannot be written
   */
  public void write(Path file, Function<Parameter, @Nullable TensorData> numbers) {
    GgufWriter.write(
        file,
        fields,
        layout,
        each -> {
          Parameter parameter = parameters.get(each.name());
          if (parameter == null) return TensorData.of(MemorySegment.ofArray(factors()));
          TensorData plain = numbers.apply(parameter);
          return plain == null ? null : rounded(each, ordered(parameter, plain));
        });
  }

  private float[] factors() {
    return Objects.requireNonNull(ropeFactors);
  }

  private TensorData ordered(Parameter parameter, TensorData plain) {
    if (config.norms().addOne() && parameter.kind() == Kind.RMS_NORM) {
      return new GgufModel.Shifted(plain, 1);
    }
    int[] from = new int[Math.toIntExact(parameter.shape()[0])];
    Arrays.setAll(from, names.rows(parameter.module()));
    return GgufModel.OrderedRows.of(plain, from);
  }

  private static TensorData rounded(GgufLayout tensor, TensorData numbers) {
    return switch (tensor.type()) {
      case Q8_0 -> new GgmlType.Q8Blocks(tensor.name(), numbers);
      case F16 -> Dtype.narrow(new WithinF16(tensor.name(), numbers), Dtype.F16);
      default -> numbers;
    };
  }

  /** Converts config.json to the keys of a file, as convert_hf_to_gguf.py does. */
  static final class ModelFields {
    private static final int QUANTIZATION_VERSION = 2;

    private final DecoderConfig config;
    private final String architecture;
    private final List<GgufWriter.GgufField> fields = new ArrayList<>();

    private ModelFields(DecoderConfig config, String architecture) {
      this.config = config;
      this.architecture = architecture;
    }

    /**
     * @param fileType llama.cpp's {@code llama_ftype}
     * @throws BadModel if there is no key for a setting
     */
    static List<GgufWriter.GgufField> of(
        DecoderConfig config, ModelType type, String architecture, String name, int fileType) {
      ModelFields all = new ModelFields(config, architecture);
      all.fields.add(new Text("general.architecture", architecture));
      all.fields.add(new Text("general.type", "model"));
      all.fields.add(new Text("general.name", name));
      all.fields.add(new Unsigned("general.file_type", fileType));
      all.fields.add(new Unsigned("general.quantization_version", QUANTIZATION_VERSION));
      all.sizes();
      all.rope(all.rope());
      all.family(type);
      return List.copyOf(all.fields);
    }

    private void sizes() {
      int width = config.attention().headDim();
      size("block_count", config.numHiddenLayers());
      size("context_length", config.maxPositionEmbeddings());
      size("embedding_length", config.hiddenSize());
      size("feed_forward_length", config.feedForward().size());
      size("vocab_size", config.vocabSize());
      size("attention.head_count", config.attention().heads());
      size("attention.head_count_kv", config.attention().keyValueHeads());
      size("attention.key_length", width);
      size("attention.value_length", width);
      real("attention.layer_norm_rms_epsilon", config.norms().eps());
    }

    /**
     * Returns the rotation of layers with full attention, if any; llama.cpp has Gemma's other one.
     */
    private Rope rope() {
      return config.layers().stream()
          .filter(layer -> layer.rope() != null)
          .min(Comparator.comparingInt(LayerAttention::window))
          .map(layer -> Objects.requireNonNull(layer.rope()))
          .orElseThrow(() -> new BadModel("config.json: no layer has rotary positions"));
    }

    private void rope(Rope rope) {
      size("rope.dimension_count", rope.rotaryDim());
      real("rope.freq_base", rope.theta());
      switch (rope) {
        case Rope.Default _, Rope.Llama3 _ -> {} // the factors of Llama 3's are a tensor
        case Rope.Linear linear -> scaling("linear", linear.factor());
        case Rope.Yarn yarn -> {
          scaling("yarn", yarn.factor());
          size("rope.scaling.original_context_length", yarn.originalMaxPositionEmbeddings());
        }
        case Rope.Dynamic _, Rope.LongRope _ ->
            throw new BadModel(
                "config.json: its rope_type is not supported in GGUF files; supported: default,"
                    + " linear, yarn, llama3");
      }
    }

    private void scaling(String type, double factor) {
      fields.add(new Text(architecture + ".rope.scaling.type", type));
      real("rope.scaling.factor", factor);
    }

    /**
     * Returns the divisors of Llama 3's frequencies, which are a tensor; null for other rotations.
     */
    static float @Nullable [] ropeFactors(DecoderConfig config, String architecture) {
      if (!(new ModelFields(config, architecture).rope() instanceof Rope.Llama3 slowed)) {
        return null;
      }
      float[] plain = new Rope.Default(slowed.theta(), slowed.rotaryDim()).inverseFrequencies(1);
      float[] turned = slowed.inverseFrequencies(1);
      float factor = (float) slowed.factor();
      for (int i = 0; i < plain.length; i++) {
        float quotient = plain[i] / turned[i];
        plain[i] = Math.abs(quotient / factor - 1) < 1e-5f ? factor : quotient;
      }
      return plain;
    }

    private void family(ModelType type) {
      int window = config.layers().stream().mapToInt(LayerAttention::window).max().orElse(0);
      switch (type) {
        case MISTRAL -> {
          if (window > 0) size("attention.sliding_window", window);
        }
        case GEMMA2, GEMMA3 -> {
          size("attention.sliding_window", window);
          double attention = config.attention().softcap();
          double logits = config.multipliers().logitSoftcap();
          if (attention > 0) real("attn_logit_softcapping", attention);
          if (logits > 0) real("final_logit_softcapping", logits);
        }
        case GRANITE -> {
          real("attention.scale", config.attention().scale());
          real("embedding_scale", config.multipliers().embedding());
          real("residual_scale", config.multipliers().residual());
          real("logit_scale", 1 / config.multipliers().logitsScale());
        }
        default -> {}
      }
    }

    private void size(String key, int value) {
      fields.add(new Unsigned(architecture + "." + key, value));
    }

    private void real(String key, double value) {
      fields.add(new Real(architecture + "." + key, (float) value));
    }
  }

  /**
   * F32 numbers that are checked to be in the range of F16.
   *
   * @param name name of the tensor, for messages
   */
  record WithinF16(String name, TensorData floats) implements TensorData {

    /** The smallest number that rounds to infinity. */
    private static final float BEYOND = 65_520;

    @Override
    public long byteSize() {
      return floats.byteSize();
    }

    @Override
    public void copyTo(long from, MemorySegment into) {
      floats.copyTo(from, into);
      for (long at = 0; at < into.byteSize(); at += Float.BYTES) {
        float number = into.get(FLOAT, at);
        if (Math.abs(number) < BEYOND) continue;
        throw new BadModel(
            "tensor %s contains a number outside of the range of F16: %s; use the type q8_0"
                .formatted(name, number));
      }
    }
  }
}
