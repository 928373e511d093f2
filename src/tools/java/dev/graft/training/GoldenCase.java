package dev.graft.training;

import dev.graft.model.AdamW;
import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.MicroBatch;
import dev.graft.model.MicroBatch.LabelBatch;
import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.model.TrainingSetup;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.LrScheduler;
import dev.graft.spec.Precision;
import dev.graft.spec.Preference;
import dev.graft.spec.Quantization;
import dev.graft.spec.SpecRejected;
import dev.graft.training.GoldenResult.Unsupported;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.FourBitTensor.BlockScales;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.Task;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * One run of the reference, from its {@code case.json}.
 *
 * @param lr peak learning rate
 * @param packed rows hold several texts
 * @param quantization of the base, or null
 * @param precision of the base
 * @param preference of a case with pairs, else null
 * @param trainable trainable scalars
 * @param losses of each optimiser step, before the update
 * @param gradNorms before clipping
 * @param lrs used in the step
 * @param pairSeries further values per step of a case with pairs, by name
 * @param rankSeries values per step of a case with rank allocation
 * @param tolerance by name
 * @param cosineExempt saved tensors whose direction is rounding noise
 * @param generations greedy continuations
 */
record GoldenCase(
    String name,
    Path directory,
    Path model,
    AdapterMethod method,
    int steps,
    int accumulation,
    AdamW optimiser,
    double lr,
    LrScheduler schedule,
    int warmup,
    double labelSmoothing,
    boolean packed,
    @Nullable Quantization quantization,
    Precision precision,
    @Nullable Preference preference,
    long trainable,
    double[] losses,
    double[] gradNorms,
    double[] lrs,
    Map<String, double[]> pairSeries,
    Map<String, double[]> rankSeries,
    Map<String, Double> tolerance,
    Set<String> cosineExempt,
    List<Generation> generations) {
  private static final JsonMapper JSON = new JsonMapper();

  private static final String LORA_PLUS = "loraplus";

  private static final Set<String> TASKS =
      Set.of("causal-lm", "sequence-classification", "dpo", "orpo");

  private static final List<String> PAIR_SERIES =
      List.of(
          "chosen_rewards",
          "rejected_rewards",
          "reference_chosen_logps",
          "reference_rejected_logps",
          "nll_loss");

  private static final List<String> RANK_SERIES =
      List.of("task_loss", "rank_budget", "active_ranks");

  /** Greedy continuations of one prompt. */
  record Generation(int[] prompt, int[] withAdapter, int[] adapterDisabled) {}

  /**
   * Reads {@code case.json}.
   *
   * @throws Unsupported if the case needs what is not implemented yet
   */
  static GoldenCase read(Path directory) {
    JsonNode root = JSON.readTree(directory.resolve("case.json"));
    JsonNode training = root.path("training");
    if (training.isMissingNode()) throw new Unsupported("single tensors");
    String task = root.path("task").stringValue("");
    if (!TASKS.contains(task)) throw new Unsupported("task " + task);
    JsonNode optimiser = training.path("optimizer");
    return new GoldenCase(
        root.path("name").stringValue(""),
        directory,
        directory.resolve(root.path("model").stringValue("")),
        method(root.path("method")),
        training.path("steps").intValue(),
        training.path("gradient_accumulation").intValue(),
        new AdamW(
            optimiser.path("betas").path(0).doubleValue(),
            optimiser.path("betas").path(1).doubleValue(),
            optimiser.path("eps").doubleValue(),
            optimiser.path("weight_decay").doubleValue(),
            decay(optimiser.path("groups").stringValue("")),
            training.path("max_grad_norm").doubleValue(),
            loraPlus(optimiser)),
        optimiser.path("lr").doubleValue(),
        schedule(training.path("schedule").path("type").stringValue("")),
        training.path("schedule").path("warmup_steps").intValue(),
        training.path("label_smoothing").doubleValue(),
        root.path("packed").booleanValue(false),
        quantization(root.path("quantization")),
        precision(training.path("base_dtype").stringValue("")),
        preference(training),
        root.path("trainable").path("parameters").longValue(),
        numbers(root.path("losses")),
        numbers(root.path("grad_norms")),
        numbers(root.path("lrs")),
        series(root, PAIR_SERIES),
        series(root, RANK_SERIES),
        tolerance(root.path("tolerance")),
        new HashSet<>(texts(root.path("cosine_exempt"))),
        generations(root.path("generation")));
  }

  private static Precision precision(String dtype) {
    return switch (dtype) {
      case "float32" -> Precision.F32;
      case "bfloat16" -> Precision.BF16;
      case "float16" -> Precision.F16;
      default -> throw new Unsupported("base_dtype " + dtype);
    };
  }

  /** The reader of requests reads the configuration of a case, too: their names are PEFT's. */
  private static AdapterMethod method(JsonNode method) {
    try {
      String type = method.path("type").stringValue("");
      if (List.of("full", "freeze").contains(type)) {
        ObjectNode settings = JSON.createObjectNode();
        if (method.path("config") instanceof ObjectNode config) settings.setAll(config);
        return AdapterMethods.fromMethod(settings.put("type", type));
      }
      return AdapterMethods.fromSaved(method.path("config"));
    } catch (SpecRejected e) {
      throw new Unsupported(String.valueOf(e.getMessage()));
    }
  }

  private static @Nullable Quantization quantization(JsonNode node) {
    if (node.isMissingNode()) return null;
    if (node.path("blocksize").intValue() != FourBitTensor.BLOCK
        || node.path("nested_blocksize").intValue() != BlockScales.NESTED_BLOCK
        || !texts(node.path("skipped_modules")).equals(List.of("lm_head"))) {
      throw new Unsupported("quantization " + node);
    }
    try {
      String type = node.path("type").stringValue("").toUpperCase(Locale.ROOT);
      return new Quantization.FourBit(
          Quantization.QuantType.valueOf(type), node.path("double").booleanValue());
    } catch (IllegalArgumentException e) {
      throw new Unsupported("quantization.type " + node.path("type"));
    }
  }

  private static @Nullable Preference preference(JsonNode training) {
    if (training.has("orpo")) {
      return new Preference.Orpo(training.path("orpo").path("beta").doubleValue());
    }
    JsonNode dpo = training.path("dpo");
    if (dpo.isMissingNode()) return null;
    String reference = dpo.path("reference").stringValue("");
    if (!reference.equals("adapter-disabled")) throw new Unsupported("reference " + reference);
    String type = dpo.path("loss").stringValue("").toUpperCase(Locale.ROOT);
    try {
      return new Preference.Dpo(
          Preference.LossType.valueOf(type),
          dpo.path("beta").doubleValue(),
          dpo.path("label_smoothing").doubleValue());
    } catch (IllegalArgumentException e) {
      throw new Unsupported("dpo " + dpo);
    }
  }

  /** Numbers of each step, or of each pair of it. */
  private static Map<String, double[]> series(JsonNode root, List<String> names) {
    Map<String, double[]> series = new TreeMap<>();
    for (String name : names) {
      JsonNode node = root.path(name);
      if (node.isMissingNode()) continue;
      series.put(
          name,
          node.valueStream()
              .flatMap(each -> each.isArray() ? each.valueStream() : Stream.of(each))
              .mapToDouble(JsonNode::doubleValue)
              .toArray());
    }
    return series;
  }

  private static AdamW.Decay decay(String groups) {
    return switch (groups) {
      case "all", LORA_PLUS -> AdamW.Decay.ALL;
      case "trainer" -> AdamW.Decay.TRAINER;
      default -> throw new Unsupported("optimizer groups " + groups);
    };
  }

  /** The fixtures have PEFT's default of 1e-6 for embeddings. */
  private static AdamW.@Nullable LoraPlusRates loraPlus(JsonNode optimiser) {
    if (!optimiser.path("groups").stringValue("").equals(LORA_PLUS)) return null;
    return new AdamW.LoraPlusRates(
        optimiser.path("loraplus_lr_ratio").doubleValue(),
        1e-6 / optimiser.path("lr").doubleValue());
  }

  private static LrScheduler schedule(String type) {
    return switch (type) {
      case "linear" -> new LrScheduler.Linear();
      case "cosine" -> new LrScheduler.Cosine();
      case "constant" -> new LrScheduler.Constant();
      case "constant_with_warmup" -> new LrScheduler.ConstantWithWarmup();
      default -> throw new Unsupported("schedule " + type);
    };
  }

  private static Map<String, Double> tolerance(JsonNode node) {
    Map<String, Double> limits = new HashMap<>();
    for (String name : node.propertyNames()) limits.put(name, node.path(name).doubleValue());
    return limits;
  }

  private static List<Generation> generations(JsonNode node) {
    return IntStream.range(0, node.path("prompts").size())
        .mapToObj(
            i ->
                new Generation(
                    ids(node.path("prompts").path(i)),
                    ids(node.path("with_adapter").path(i)),
                    ids(node.path("adapter_disabled").path(i))))
        .toList();
  }

  private static int[] ids(JsonNode node) {
    return node.valueStream().mapToInt(JsonNode::intValue).toArray();
  }

  private static double[] numbers(JsonNode node) {
    return node.valueStream().mapToDouble(JsonNode::doubleValue).toArray();
  }

  private static List<String> texts(JsonNode node) {
    return node.valueStream().map(JsonNode::stringValue).toList();
  }

  TrainingSetup recipe(String device, ComputePlan plan) {
    return new TrainingSetup(
        method,
        optimiser,
        new Execution(device, precision, plan, 0),
        0,
        quantization,
        new Regularisation(labelSmoothing, true, 0),
        preference,
        false);
  }

  double limit(String name) {
    Double limit = tolerance.get(name);
    if (limit == null) throw new IllegalArgumentException("case.json: tolerance." + name);
    return limit;
  }

  /** Tensors of a golden case as Java arrays. */
  static final class GoldenFile implements AutoCloseable {
    private final SafetensorsFile file;
    private final Path path;

    GoldenFile(Path path) {
      this.path = path;
      this.file = SafetensorsFile.open(path);
    }

    List<String> names() {
      return file.names();
    }

    private MappedTensor tensor(String name) {
      MappedTensor found = file.find(name);
      if (found == null) throw new IllegalArgumentException(path.getFileName() + " lacks " + name);
      return found;
    }

    int[] shape(String name) {
      return Arrays.stream(tensor(name).shape()).mapToInt(Math::toIntExact).toArray();
    }

    float[] floats(String name) {
      return tensor(name).toFloats();
    }

    /** Whole numbers or others. */
    double[] numbers(String name) {
      return switch (tensor(name).dtype()) {
        case I32 -> Arrays.stream(ints(name)).asDoubleStream().toArray();
        case F32, F16, BF16, F64 -> {
          float[] floats = floats(name);
          double[] numbers = new double[floats.length];
          for (int i = 0; i < numbers.length; i++) numbers[i] = floats[i];
          yield numbers;
        }
        case I64, I8, U8, BOOL ->
            throw new IllegalArgumentException(path.getFileName() + ": " + name + " is not I32");
      };
    }

    int[] ints(String name) {
      return tensor(name).data().toArray(ValueLayout.JAVA_INT_UNALIGNED);
    }

    /** Entry {@code index} of a (.., rows, tokens) tensor. */
    int[][] matrix(String name, int index) {
      int[] shape = shape(name);
      int rows = shape[shape.length - 2];
      int columns = shape[shape.length - 1];
      int[] all = ints(name);
      int[][] matrix = new int[rows][columns];
      for (int r = 0; r < rows; r++) {
        System.arraycopy(all, (index * rows + r) * columns, matrix[r], 0, columns);
      }
      return matrix;
    }

    /** Copies of all tensors. */
    List<NamedTensor> copies() {
      return file.tensors().stream().map(each -> each.named().inMemory()).toList();
    }

    @Override
    public void close() {
      file.close();
    }
  }

  /**
   * The rows of a golden case as a model takes them: without their padding, unless the padded width
   * changes the numbers.
   */
  static final class GoldenBatches {
    private final GoldenCase golden;
    private final Task task;
    private final boolean widthMatters;

    GoldenBatches(GoldenCase golden, ModelConfig config) {
      this.golden = golden;
      task = config.task();
      widthMatters =
          config instanceof DecoderConfig decoder
              && decoder.layers().stream()
                  .map(DecoderConfig.LayerAttention::rope)
                  .anyMatch(rope -> rope != null && rope.dependsOnPositions());
    }

    /** Those of one optimiser step. */
    List<MicroBatch> window(GoldenFile batches, int step) {
      List<MicroBatch> window = new ArrayList<>();
      for (int i = 0; i < golden.accumulation(); i++) {
        window.add(batch(batches, step * golden.accumulation() + i));
      }
      return window;
    }

    private MicroBatch batch(GoldenFile batches, int index) {
      if (golden.preference() != null) {
        return new PairBatch(side("chosen_", batches, index), side("rejected_", batches, index));
      }
      int[][] ids = batches.matrix("input_ids", index);
      if (golden.packed()) {
        return new TokenBatch(
            ids, batches.matrix("labels", index), batches.matrix("segment_ids", index));
      }
      int[][] mask = batches.matrix("attention_mask", index);
      return switch (task) {
        case Task.CausalLm() ->
            new TokenBatch(cut(ids, mask), cut(batches.matrix("labels", index), mask));
        case Task.SequenceClassification head ->
            new LabelBatch(cut(ids, mask), labels(batches, index));
      };
    }

    private TokenBatch side(String prefix, GoldenFile batches, int index) {
      int[][] mask = batches.matrix(prefix + "attention_mask", index);
      return new TokenBatch(
          cut(batches.matrix(prefix + "input_ids", index), mask),
          cut(batches.matrix(prefix + "labels", index), mask));
    }

    /** One or several numbers a row. */
    private static double[][] labels(GoldenFile batches, int index) {
      int[] shape = batches.shape("labels");
      int width = shape.length == 3 ? shape[2] : 1;
      double[] all = batches.numbers("labels");
      double[][] labels = new double[shape[1]][width];
      for (int r = 0; r < labels.length; r++) {
        System.arraycopy(all, (index * labels.length + r) * width, labels[r], 0, width);
      }
      return labels;
    }

    /** The inputs of the probe. */
    int[][] probe(GoldenFile probe) {
      return cut(probe.matrix("input_ids", 0), probe.matrix("attention_mask", 0));
    }

    /** Where the logits of the probe count, (row)(position): all of a classification. */
    int[][] probeMask(GoldenFile probe) {
      int[][] mask = probe.matrix("attention_mask", 0);
      return switch (task) {
        case Task.CausalLm() -> mask;
        case Task.SequenceClassification head -> {
          int[][] all = new int[mask.length][1];
          for (int[] row : all) row[0] = 1;
          yield all;
        }
      };
    }

    /** Each row up to its last token with mask 1: the reference stores them padded on the right. */
    private int[][] cut(int[][] rows, int[][] mask) {
      if (widthMatters) return rows;
      int[][] cut = new int[rows.length][];
      for (int r = 0; r < rows.length; r++) {
        int length = rows[r].length;
        while (length > 0 && mask[r][length - 1] == 0) length--;
        cut[r] = Arrays.copyOf(rows[r], length);
      }
      return cut;
    }
  }
}
