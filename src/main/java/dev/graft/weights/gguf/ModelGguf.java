package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.Dtype;
import dev.graft.weights.HalfPrecision;
import dev.graft.weights.LlamaCppModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.ModelType;
import dev.graft.weights.Task;
import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A whole model as one file that llama.cpp and Ollama load alone: weights, tokenizer and chat
 * template. {@link GgufModel} reads it back; what that would not read as it was is not written.
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
  private final List<GgufField> fields = new ArrayList<>();
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
   * Reads configuration and tokenizer, no weights.
   *
   * @param name {@code general.name}
   * @throws BadModel if a GGUF file cannot say what the model is, with the reason
   */
  public static ModelGguf of(ModelDirectory model, String name, Numbers type) {
    ModelConfig config = model.config();
    LlamaCppModel names = LlamaCppModel.of(config);
    if (!(config instanceof DecoderConfig decoder) || names == null || decoder.fused()) {
      throw new BadModel("Graft writes no GGUF files of models of type " + config.modelType());
    }
    if (!(config.task() instanceof Task.CausalLm)) {
      throw new BadModel("llama.cpp is not known to serve classifiers of " + config.modelType());
    }
    return new ModelGguf(model, decoder, names, name, type);
  }

  /** What the weights take in the file, about. */
  public long bytes() {
    return layout.stream().mapToLong(GgufLayout::bytes).sum();
  }

  /**
   * Reads back what the file would say, without its weights.
   *
   * @param scratch a file that is written, of the length of the result and with holes
   * @throws BadModel if it would be another model
   */
  public void check(Path scratch) {
    write(scratch, none -> null);
    try (GgufFile read = GgufFile.open(scratch)) {
      String json = Json.text(new GgufConfig(read).json());
      ModelConfig other = ModelConfig.read(json.getBytes(StandardCharsets.UTF_8));
      if (!(other instanceof DecoderConfig decoder) || !computesAs(decoder)) {
        throw new BadModel(
            "config.json has a setting that a GGUF file cannot say; llama.cpp would compute"
                + " otherwise");
      }
      GgufVocabulary vocabulary = GgufVocabulary.read(read.keys());
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
   * Writes the file, whole or not at all; some megabytes of memory.
   *
   * @param numbers of a parameter in F32; asked for one after the other
   * @throws BadModel if one does not fit the type
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
    if (config.norms().addOne() && parameter.kind() == Kind.RMS_NORM) return new Shifted(plain, 1);
    var order = names.rows(parameter.module());
    int[] from = new int[Math.toIntExact(parameter.shape()[0])];
    boolean moved = false;
    for (int row = 0; row < from.length; row++) {
      from[row] = order.applyAsInt(row);
      moved |= from[row] != row;
    }
    return moved ? new OrderedRows(plain, from) : plain;
  }

  private static TensorData rounded(GgufLayout tensor, TensorData numbers) {
    return switch (tensor.type()) {
      case Q8_0 -> new Q8Blocks(tensor.name(), numbers);
      case F16 -> HalfPrecision.narrow(new WithinF16(tensor.name(), numbers), Dtype.F16);
      default -> numbers;
    };
  }
}
