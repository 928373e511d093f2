package dev.graft.training;

import dev.graft.model.BaseWeights;
import dev.graft.model.ComputePlan;
import dev.graft.model.ComputePlan.ActivationBudget;
import dev.graft.model.Slot;
import dev.graft.model.Tuner;
import dev.graft.model.Tuner.Computed;
import dev.graft.model.Tuner.Derived;
import dev.graft.spec.AdaLora;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Hyperparameters.GradientCheckpointing;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Lora;
import dev.graft.spec.Preference;
import dev.graft.spec.Prompted;
import dev.graft.spec.Quantization;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.spec.Vera;
import dev.graft.weights.BertConfig;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DistilBertConfig;
import dev.graft.weights.Gpt2Config;
import dev.graft.weights.GptNeoXConfig;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.ModelConfig.Dropouts;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An estimate of the peak memory of a run on its device, in bytes, from the model's files and the
 * settings alone. It is too large rather than too small.
 *
 * @param weights of the base on the device: see {@link HeldWeights}
 * @param trained trained tensors: value, gradient and Adam's two moments, 16 bytes a scalar, and 2
 *     for a rounded copy
 * @param row activations of one row of a micro-batch: see {@link RowActivations}
 * @param work memory that does not grow with the rows: the logits of one chunk, one dequantised
 *     weight, and the program itself
 * @param rows that are computed at a time
 * @param floor activations with the minimum of memory: see {@link #least}
 * @param turned transposed copies of weights, which make a CPU faster but are optional
 */
public record MemoryNeed(
    long weights, long trained, long row, long work, int rows, long floor, long turned) {
  private static final long SCALAR = 4L * Float.BYTES;

  /** The trainer's JVM and libtorch, before anything is loaded, and gradients of lanes. */
  private static final long PROGRAM = 640L << 20;

  static MemoryNeed of(ModelDirectory model, Tuner tuner, TrainingSpec spec, RowSizes data) {
    ModelConfig config = model.config();
    Hyperparameters training = spec.training();
    HeldWeights weights = HeldWeights.of(model, tuner, spec);
    int tokens = tokens(config, training, data) + tuner.virtualTokens().count();
    ActivationBudget activations =
        new RowActivations(config, tuner.slots(), spec, tokens).budget(0);
    int sequences = spec.objective().pairs() ? 2 : 1;
    long kept = (long) (sequences * activations.trained(tokens, tokens, 0));
    long again = (long) (sequences * activations.trained(tokens, tokens, activations.kept()));
    // texts of pretraining are joined and cut into rows
    int most = spec.objective() == Objective.PRETRAINING ? Integer.MAX_VALUE : data.rows();
    int rows = Math.min(training.batching().perDeviceTrainBatchSize(), most);
    int fewest = Drops.together(spec, config, tuner.slots()) ? rows : 1;
    GradientCheckpointing plan = training.gradientCheckpointing();
    return new MemoryNeed(
        weights.bytes(),
        (training.autocast() ? SCALAR + 2 : SCALAR)
            * tuner.slots().stream().mapToLong(Slot::size).sum(),
        plan == GradientCheckpointing.OFF ? kept : again,
        PROGRAM + weights.unpacked() + logits(config, tuner.slots(), spec),
        plan == GradientCheckpointing.AUTO ? fewest : rows,
        (long) ((double) fewest * again),
        weights.turned());
  }

  /** Returns the tokens of a row: packed rows are full, others as wide as the longest. */
  private static int tokens(ModelConfig config, Hyperparameters training, RowSizes data) {
    Integer length = training.rows().maxLength();
    int most = length == null ? config.contextLength() : Math.min(length, config.contextLength());
    boolean packed = training.rows().packingStrategy() != null;
    return packed ? most : Math.min(most, data.tokens());
  }

  /**
   * Returns the memory of the logits of a chunk and their gradient, in the element type of products
   * and in f32, and of the gradients of the rows. Logits of the whole vocabulary count if something
   * outside the layers trains, which may be the output matrix.
   */
  private static long logits(ModelConfig config, List<Slot> slots, TrainingSpec spec) {
    if (spec.objective().labelsRows()) return 0;
    double copies = spec.training().precision().half() ? 3 : 2;
    if (config instanceof DecoderConfig decoder && decoder.multipliers().logitSoftcap() > 0) {
      copies += 2;
    }
    boolean kept = slots.stream().anyMatch(slot -> !ofLayer(config, slot.name()));
    long chunk = ComputePlan.KEEP.lossChunk(config.vocabSize(), kept);
    long words = kept ? config.vocabSize() : ComputePlan.LOSS_TILE;
    return (long) (Float.BYTES * chunk * (copies * words + 4 * config.hiddenSize()));
  }

  private static boolean ofLayer(ModelConfig config, String name) {
    return IntStream.range(0, config.numHiddenLayers())
        .anyMatch(layer -> name.startsWith(config.layerPrefix(layer)));
  }

  /** Returns the total; capped at the largest long. */
  public long bytes() {
    return (long) ((double) rows * row + weights + trained + work);
  }

  /**
   * Returns the memory on a CPU, with transposed weights if they fit.
   *
   * @param memory bytes that the run may take; null = not known
   */
  public long onCpu(@Nullable Long memory) {
    return memory != null && memory >= bytes() + turned ? bytes() + turned : bytes();
  }

  /**
   * Returns the minimum memory of the same steps: every layer is recomputed, and rows are computed
   * one at a time where dropout allows it.
   */
  public MemoryNeed least() {
    return new MemoryNeed(weights, trained, floor, work, 1, floor, 0);
  }

  /** Returns the memory beside activations. */
  long held() {
    return weights + trained + work;
  }

  /**
   * The tensors on the device that do not train: the base's weights and those that a method adds. A
   * quantised matrix has half a byte or a byte per element and its scales, other matrices have the
   * element type of products, vectors f32. If the base is the reference of pairs, it keeps a copy
   * of the tensors that the method changes.
   *
   * @param bytes of all
   * @param unpacked of the largest tensor that is unpacked or converted for a product, or computed
   *     before it is stored
   * @param turned of transposed copies, which make products faster if they fit: see {@link
   *     TurnedWeights}
   */
  record HeldWeights(long bytes, long unpacked, long turned) {
    /** Elements that share a scale, see {@link dev.graft.weights.FourBitTensor}. */
    private static final int BLOCK = 64;

    static HeldWeights of(ModelDirectory model, Tuner tuner, TrainingSpec spec) {
      ModelConfig config = model.config();
      boolean half = spec.training().precision().half();
      Set<String> trained = tuner.slots().stream().map(Slot::name).collect(Collectors.toSet());
      Set<String> changed = new HashSet<>(tuner.kept());
      tuner.derived().forEach(each -> changed.add(each.name()));
      Base base = new Base(model, spec.quantization());
      long bytes = beside(tuner, config);
      long originals = 0;
      long unpacked = largestDerived(tuner);
      for (Parameter each : config.parameters()) {
        long size = size(each.shape());
        boolean matrix = each.shape().length > 1;
        QuantisedForm packing = base.packing(each, tuner);
        if (trained.contains(each.name()) || changed.contains(each.name())) {
          originals += Float.BYTES * size;
        }
        if (trained.contains(each.name())) {
          if (half && matrix) unpacked = Math.max(unpacked, 2 * size);
        } else if (packing != null) {
          bytes += packing.bytes(size);
          // As read from the table, rounded, and in the element type of products.
          unpacked = Math.max(unpacked, 3L * Float.BYTES * size);
        } else {
          boolean narrow = half && matrix && !changed.contains(each.name());
          bytes += (narrow ? 2L : Float.BYTES) * size;
        }
      }
      return new HeldWeights(
          bytes + (keepsOriginals(spec) ? originals : 0), unpacked, turned(model, tuner, spec));
    }

    static long turned(ModelDirectory model, Tuner tuner, TrainingSpec spec) {
      if (spec.training().precision().half()) return 0;
      return BaseWeights.turnable(model, tuner, spec.quantization()).stream()
          .mapToLong(each -> Float.BYTES * size(each.shape()))
          .sum();
    }

    private static long size(long... shape) {
      return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    /** Returns the memory of a method's frozen and derived tensors and of the moments of ranks. */
    private static long beside(Tuner tuner, ModelConfig config) {
      Set<String> ofBase = config.parameterNames();
      long bytes = tuner.frozenBytes();
      for (Derived each : tuner.derived()) {
        if (!ofBase.contains(each.name())) bytes += Float.BYTES * size(each.shape());
      }
      Computed computed = tuner.computed();
      if (computed != null) bytes += 2 * Float.BYTES * size(computed.shape());
      if (tuner.allocated() != null) {
        bytes += 2 * Float.BYTES * tuner.slots().stream().mapToLong(Slot::size).sum();
      }
      return bytes;
    }

    private static long largestDerived(Tuner tuner) {
      return tuner.derived().stream()
          .mapToLong(each -> Float.BYTES * size(each.shape()))
          .max()
          .orElse(0);
    }

    /** The quantisation of a matrix. */
    private record QuantisedForm(int bits, boolean nested) {
      static @Nullable QuantisedForm of(@Nullable Quantization quantization) {
        return switch (quantization) {
          case null -> null;
          case Quantization.FourBit four -> new QuantisedForm(4, four.doubleQuant());
          case Quantization.EightBit _ -> new QuantisedForm(8, false);
        };
      }

      long bytes(long size) {
        if (bits == 8) return size + size / BLOCK;
        return size / 2 + size / BLOCK * (nested ? 2 : Float.BYTES);
      }
    }

    /** The quantised matrices of a base: in its files, by the settings, or by the method. */
    private static final class Base {
      private final Set<String> quantised;
      private final @Nullable QuantisedForm packing;

      Base(ModelDirectory model, @Nullable Quantization asked) {
        ModelConfig config = model.config();
        var stored = model.quantization();
        packing =
            stored == null ? QuantisedForm.of(asked) : new QuantisedForm(stored.bits(), false);
        quantised =
            config.linearModules().stream()
                .map(each -> each.path() + ".weight")
                .filter(name -> packing != null && name.startsWith(config.basePrefix()))
                .collect(Collectors.toSet());
      }

      @Nullable QuantisedForm packing(Parameter parameter, Tuner tuner) {
        if (quantised.contains(parameter.name())) return packing;
        return QuantisedForm.of(tuner.requantisedAs(parameter));
      }
    }

    /** Returns whether the reference needs copies; without an adapter it is computed beforehand. */
    private static boolean keepsOriginals(TrainingSpec spec) {
      return spec.preference() instanceof Preference.Dpo
          && !(spec.method() instanceof AdapterMethod.Full);
    }
  }

  /**
   * The activations of one row, virtual tokens included: values of the base in the element type of
   * products, those of an adapter in f32.
   *
   * <p>A layer keeps, for each token, what its norms, attention and activations compute their
   * gradients from. These are the inputs and outputs of its linear layers: {@code x -> norm -> q k
   * v -> o -> sum -> norm -> gate up -> product -> sum}. They are therefore counted by the shapes
   * of the linear layers, each input once for every layer that reads it, which leaves room for
   * temporary values. A low-rank path adds its rank, its dropout two copies of the input, another
   * path beside bf16 one copy, a vector of factors its length. Attention recomputes its weights, a
   * block of queries at a time, and keeps the masks of its dropout.
   *
   * <p>{@link ActivationBudget} computes the effect of recomputed layers. Layers below the lowest
   * that trains keep nothing.
   */
  static final class RowActivations {
    /** Copies of the scores of a block of queries in f32: scores, weights, and their gradients. */
    private static final int SCORES = 4;

    /** Suffixes of the first tensor of a path, whose input has dropout. */
    private static final List<String> FIRST =
        List.of(".lora_A.weight", ".lora_A", ".vera_lambda_d");

    private final ModelConfig config;
    private final List<ModelConfig.Linear> linear;
    private final List<Slot> slots;
    private final List<Slot> added;
    private final TrainingSpec spec;
    private final int tokens;
    private final boolean half;

    RowActivations(ModelConfig config, List<Slot> slots, TrainingSpec spec, int tokens) {
      this.config = config;
      this.linear = config.linearModules();
      this.slots = slots;
      this.spec = spec;
      this.tokens = tokens;
      half = spec.training().precision().half();
      Set<String> ofBase = config.parameterNames();
      added = slots.stream().filter(slot -> !ofBase.contains(slot.name())).toList();
    }

    /** Returns the budget, in bytes per token. */
    ActivationBudget budget(long bytes) {
      long[] layers = new long[config.numHiddenLayers()];
      for (int i = lowest(); i < layers.length; i++) layers[i] = layer(i);
      long scores = SCORES * AttentionShape.of(config).heads() * (long) Float.BYTES;
      int block = ComputePlan.KEEP.queryBlock();
      return new ActivationBudget(bytes, layers, ofBase(config.hiddenSize()), scores, block);
    }

    private long ofBase(long ofAToken) {
      return Float.BYTES * ofAToken / (half ? 2 : 1);
    }

    private int lowest() {
      int layers = config.numHiddenLayers();
      return slots.stream().mapToInt(slot -> layer(slot.name())).min().orElse(layers);
    }

    /**
     * Returns the layer of a slot; 0 for slots before the layers, the number of layers for the
     * output.
     */
    private int layer(String slot) {
      int layers = config.numHiddenLayers();
      for (int i = 0; i < layers; i++) {
        if (slot.startsWith(config.layerPrefix(i))) return i;
      }
      return slot.startsWith(config.outputModule()) ? layers : 0;
    }

    private long layer(int index) {
      String prefix = config.layerPrefix(index);
      long features = 2L * config.hiddenSize();
      for (ModelConfig.Linear each : linear) {
        if (each.path().startsWith(prefix)) features += each.inFeatures() + each.outFeatures();
      }
      long beside = 0;
      for (Slot slot : added) {
        if (slot.name().startsWith(prefix)) beside += beside(slot);
      }
      if (dropouts().attentionOutput() > 0) features += config.hiddenSize();
      if (dropouts().feedForward() > 0) features += config.hiddenSize();
      return ofBase(features) + Float.BYTES * (beside + masks(index));
    }

    /** Returns the values that a tensor of an adapter adds. */
    private long beside(Slot slot) {
      long[] shape = slot.shape();
      boolean first = FIRST.stream().anyMatch(slot.name()::endsWith);
      long dropped = first && Drops.ofMethod(spec.method()) ? 2 * input(slot) : 0;
      if (shape.length == 1) return shape[0] + dropped;
      long rank = Arrays.stream(shape).min().orElse(0);
      boolean lora = spec.method() instanceof Lora;
      return rank + dropped + (half && !lora ? shape[1] : 0);
    }

    /** Returns the input features of the module that a tensor belongs to. */
    private long input(Slot slot) {
      for (ModelConfig.Linear each : linear) {
        if (slot.name().startsWith(each.path() + ".")) return each.inFeatures();
      }
      return config.hiddenSize();
    }

    /** Returns the masks of the dropout of one query's weights, over the heads. */
    private long masks(int index) {
      if (dropouts().attention() == 0) return 0;
      int block = Math.min(ComputePlan.KEEP.queryBlock(), tokens);
      long visible =
          switch (config) {
            case DecoderConfig _, Gpt2Config _, GptNeoXConfig _ -> (tokens + block) / 2;
            case BertConfig _, DistilBertConfig _ -> tokens;
          };
      if (config instanceof DecoderConfig decoder) {
        int window = decoder.layers().get(index).window();
        if (window > 0) visible = Math.min(visible, window + block);
      }
      return AttentionShape.of(config).heads() * visible;
    }

    private Dropouts dropouts() {
      return Drops.ofBase(spec, config);
    }
  }

  /** The dropouts and the noise of a model in training. */
  static final class Drops {
    private Drops() {}

    static Dropouts ofBase(TrainingSpec spec, ModelConfig config) {
      return spec.training().regularisation().disableDropout() ? Dropouts.NONE : config.dropouts();
    }

    /**
     * Returns whether there is any; the rows of a micro-batch then share one generator and one
     * lane.
     */
    static boolean any(TrainingSpec spec, ModelConfig config) {
      return ofMethod(spec.method())
          || !ofBase(spec, config).equals(Dropouts.NONE)
          || spec.training().regularisation().neftuneNoiseAlpha() > 0;
    }

    static boolean ofMethod(AdapterMethod method) {
      return switch (method) {
        case Lora lora -> lora.loraDropout() > 0;
        case AdaLora ranks -> ranks.loraDropout() > 0;
        case Vera vectors -> vectors.veraDropout() > 0;
        case AdapterMethod.Full _, Freeze _, Bottleneck _, Ia3 _, LnTuning _, Prompted _ -> false;
      };
    }

    /**
     * Returns whether a dropout is not drawn per token, so that the rows of a micro-batch are
     * computed together. The head sees only the tokens that it picks, and may have factors of a
     * method.
     */
    static boolean together(TrainingSpec spec, ModelConfig config, List<Slot> slots) {
      Dropouts base = ofBase(spec, config);
      boolean headDrops =
          ofMethod(spec.method())
              && slots.stream().anyMatch(slot -> slot.name().startsWith(config.outputModule()));
      return base.attention() > 0 || base.head() > 0 || headDrops;
    }
  }

  /**
   * The plan of a run within the memory of a device.
   *
   * @param held bytes beside activations
   * @param turned bytes of optional transposed weights on a CPU
   * @param tokens of an average lane
   * @param most bytes of activations if all are kept
   * @param activations their budget, without a limit
   */
  record FittingPlan(
      long held, long turned, double tokens, double most, ActivationBudget activations) {
    private static final int MOST_ROWS =
        768; // transposing a weight then costs a twentieth of the product

    /**
     * @param model with the head that trains
     * @param lengths tokens of each row
     * @param threads CPU threads of the math
     */
    public static FittingPlan of(
        ModelDirectory model, TrainingSpec spec, int[] lengths, int threads) {
      Tuner tuner = Tuner.of(spec.method(), model);
      var row = Arrays.stream(lengths).summaryStatistics();
      int tokens = Math.max(0, row.getMax()) + tuner.virtualTokens().count();
      long rows = spec.training().batching().perDeviceTrainBatchSize();
      if (spec.objective().pairs()) rows *= 2;
      MemoryNeed need = MemoryNeed.of(model, tuner, spec, RowSizes.UNKNOWN);
      var all = new MemoryNeed.RowActivations(model.config(), tuner.slots(), spec, tokens);
      ActivationBudget activations = all.budget(0);
      double most = activations.trained(rows * tokens, tokens, 0);
      double lane = rows * row.getAverage();
      if (!MemoryNeed.Drops.any(spec, model.config())) {
        long stretches = tuner.virtualTokens().count() > 0 ? 1 : ComputePlan.MOST_STRETCHES;
        lane /= Math.min(Math.max(rows, stretches), threads);
      }
      return new FittingPlan(need.held(), need.turned(), lane, most, activations);
    }

    /**
     * Returns the plan with transposed weights, if they pay off and fit beside all activations.
     *
     * @param memory bytes of the device that the run may take
     */
    public ComputePlan turningWeights(ComputePlan plan, long memory) {
      boolean fits = turned > 0 && most <= memory - held - turned;
      return plan.turningWeights(fits && tokens <= MOST_ROWS);
    }

    /** Returns the plan with a budget of activations that fits into the memory. */
    public ComputePlan within(ComputePlan plan, long memory) {
      long left = memory - held - (plan.turnedWeights() ? turned : 0);
      return plan.within(activations.of(Math.max(0, left)));
    }
  }
}
