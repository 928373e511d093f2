package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.Dtype;
import dev.graft.weights.LlamaCppModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.TensorData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The result of converting a GGUF file to a model directory.
 *
 * @param quantised types of its quantised weights, such as {@code Q4_K, Q6_K}; null if there are
 *     none
 */
public record GgufModel(@Nullable String quantised) {
  /**
   * Writes config.json, the tokenizer's files, README.md and model.safetensors. Equal files result
   * in equal bytes. Needs a few megabytes of memory plus the vocabulary, and four bytes of disk
   * space for each quantised weight.
   *
   * @param directory an empty directory
   * @throws BadModel if the file breaks the format, or is not a model that Graft can train
   * @throws UncheckedIOException if the directory cannot be written
   */
  public static GgufModel write(Path file, Path directory) {
    try (GgufFile gguf = GgufFile.open(file)) {
      requireWhole(gguf);
      ObjectNode config = new GgufConfig(gguf).json();
      String json = Json.text(config);
      GgufTokenizer.GgufVocabulary vocabulary = GgufTokenizer.GgufVocabulary.read(gguf.keys());
      GgufTokenizer tokenizer = new GgufTokenizer(gguf.keys(), vocabulary);
      ObjectNode tokens = tokenizer.json();
      GgufModel model = new GgufModel(quantised(gguf));
      write(directory, "config.json", json);
      write(directory, "tokenizer.json", Json.text(tokens));
      write(directory, "tokenizer_config.json", Json.text(tokenizer.settings()));
      String template = gguf.keys().text("tokenizer.chat_template");
      if (template != null) write(directory, "chat_template.jinja", template);
      write(directory, "README.md", GgufCard.of(gguf, model));
      GgufWeights.write(
          gguf,
          ModelConfig.read(json.getBytes(StandardCharsets.UTF_8)),
          directory.resolve("model.safetensors"));
      return model;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void requireWhole(GgufFile gguf) {
    String type = gguf.keys().text("general.type");
    if (type != null && !type.equals("model")) {
      throw gguf.keys().bad("general.type", "is '" + type + "'; must be model");
    }
    Integer parts = gguf.keys().integer("split.count", 0, 1 << 16);
    if (parts != null && parts > 1) {
      throw gguf.keys()
          .bad(
              "split.count",
              "indicates one of %d parts; join them with llama-gguf-split --merge"
                  .formatted(parts));
    }
  }

  private static @Nullable String quantised(GgufFile gguf) {
    String types =
        gguf.tensors().stream()
            .map(GgufFile.GgufTensor::type)
            .filter(GgmlType::quantised)
            .distinct()
            .sorted()
            .map(Enum::name)
            .collect(Collectors.joining(", "));
    return types.isEmpty() ? null : types;
  }

  private static void write(Path directory, String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }

  /** Creates the README.md of a model from a GGUF file. */
  static final class GgufCard {
    private static final String PLAIN = "[\\w][\\w .+-]{0,99}";

    private GgufCard() {}

    static String of(GgufFile gguf, GgufModel model) {
      String license = gguf.keys().text("general.license");
      String name = gguf.keys().text("general.name");
      String front = license != null && license.matches(PLAIN) ? "license: " + license + "\n" : "";
      return """
      ---
      %s---

      # %s

      Made from the GGUF file %s. %s
      """
          .formatted(
              front,
              name != null && name.matches(PLAIN) ? name : gguf.name(),
              gguf.name(),
              quantisation(model));
    }

    private static String quantisation(GgufModel model) {
      return model.quantised() == null
          ? "Its weights were not quantised."
          : "Its weights were dequantised from %s: training starts from rounded weights."
              .formatted(model.quantised());
    }
  }

  /** Converts tensors to their Hugging Face names, row orders and norms. */
  static final class GgufWeights {
    /** Part of the configuration. */
    private static final String ROPE = "rope_freqs.weight";

    private final GgufFile gguf;
    private final LlamaCppModel names;
    private final boolean addsOne;
    private final Set<String> used = new HashSet<>(Set.of(ROPE));

    private GgufWeights(GgufFile gguf, ModelConfig config) {
      this.gguf = gguf;
      this.names = Objects.requireNonNull(LlamaCppModel.of(config));
      this.addsOne = config instanceof DecoderConfig decoder && decoder.norms().addOne();
    }

    /**
     * Writes the tensors one after the other.
     *
     * @throws BadModel if a tensor is missing, has another shape, or is unknown
     */
    static void write(GgufFile gguf, ModelConfig config, Path file) {
      GgufWeights weights = new GgufWeights(gguf, config);
      List<NamedTensor> tensors = new ArrayList<>();
      for (Parameter each : config.parameters()) tensors.add(weights.tensor(each));
      weights.requireAllUsed();
      SafetensorsWriter.write(file, tensors);
    }

    private NamedTensor tensor(Parameter parameter) {
      String name = names.parameter(parameter.name());
      GgufFile.GgufTensor found = gguf.find(name);
      if (found == null)
        throw bad(name, "is missing; " + parameter.name() + " is converted from it");
      used.add(name);
      if (!Arrays.equals(found.shape(), parameter.shape())) {
        throw bad(
            name,
            "has shape %s instead of %s"
                .formatted(Arrays.toString(found.shape()), Arrays.toString(parameter.shape())));
      }
      return new NamedTensor(
          parameter.name(), found.dtype(), found.shape(), data(parameter, name, found));
    }

    private TensorData data(Parameter parameter, String name, GgufFile.GgufTensor found) {
      if (addsOne && parameter.kind() == Kind.RMS_NORM) {
        if (found.dtype() != Dtype.F32) throw bad(name, "must be F32, as norms in GGUF files are");
        return new Shifted(found.values(), -1);
      }
      IntUnaryOperator order = names.rows(parameter.module());
      int[] from = new int[Math.toIntExact(found.shape()[0])];
      for (int row = 0; row < from.length; row++) from[order.applyAsInt(row)] = row;
      return OrderedRows.of(found.values(), from);
    }

    /** Refuses unknown tensors, which might change the arithmetic. */
    private void requireAllUsed() {
      for (GgufFile.GgufTensor each : gguf.tensors()) {
        if (!used.contains(each.name())) {
          throw bad(each.name(), "is unknown in a model of architecture " + names.architecture());
        }
      }
    }

    private BadModel bad(String tensor, String problem) {
      return new BadModel("%s: tensor %s %s".formatted(gguf.name(), tensor, problem));
    }
  }

  /**
   * The rows of a tensor in another order.
   *
   * @param from for each row, its index in {@code data}
   */
  record OrderedRows(TensorData data, int[] from) implements TensorData {
    /** Returns the data itself if the order is the same. */
    static TensorData of(TensorData data, int[] from) {
      boolean same = IntStream.range(0, from.length).allMatch(row -> from[row] == row);
      return same ? data : new OrderedRows(data, from);
    }

    @Override
    public long byteSize() {
      return data.byteSize();
    }

    @Override
    public void copyTo(long begin, MemorySegment into) {
      long row = byteSize() / from.length;
      for (long done = 0; done < into.byteSize(); ) {
        long at = begin + done;
        long length = Math.min(row - at % row, into.byteSize() - done);
        data.copyTo(from[(int) (at / row)] * row + at % row, into.asSlice(done, length));
        done += length;
      }
    }
  }

  /**
   * F32 with an added number: GGUF files store Gemma's norms as the whole factor, but other files
   * as the difference to one.
   */
  record Shifted(TensorData data, float by) implements TensorData {

    @Override
    public long byteSize() {
      return data.byteSize();
    }

    @Override
    public void copyTo(long from, MemorySegment into) {
      data.copyTo(from, into);
      for (long at = 0; at < into.byteSize(); at += Float.BYTES) {
        into.set(FLOAT, at, into.get(FLOAT, at) + by);
      }
    }
  }
}
