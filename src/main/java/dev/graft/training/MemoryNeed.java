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
 * What a run holds on its device at its widest moment, in bytes: an estimate that is rather too
 * large than too small, from the model's files and the settings alone.
 *
 * @param weights of the base, as they lie on the device: see {@link HeldWeights}
 * @param trained what trains: value, gradient and Adam's two moments, 16 bytes a scalar, and 2 for
 *     a rounded copy
 * @param row what one row of a micro-batch leaves for the way down: see {@link RowActivations}
 * @param work what does not grow with the rows: the logits of one chunk, one weight made of its
 *     quantised form, and the program itself
 * @param rows that go through the model at a time
 * @param floor what all rows take when as little as can be is kept: see {@link #least}
 * @param turned copies of weights that make a CPU faster, which no device needs to have room for
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
    // texts of pretraining are cut into rows wherever they end
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

  /** Packed rows are full; others are as wide as the longest. */
  private static int tokens(ModelConfig config, Hyperparameters training, RowSizes data) {
    Integer length = training.rows().maxLength();
    int most = length == null ? config.contextLength() : Math.min(length, config.contextLength());
    boolean packed = training.rows().packingStrategy() != null;
    return packed ? most : Math.min(most, data.tokens());
  }

  /**
   * Logits of a chunk and their gradient, in the element type of products and in f32, and what the
   * rows get from them. Those of all the vocabulary where something outside the layers trains: it
   * may be the output matrix.
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

  /** All of it; beyond what a long holds it is the largest one. */
  public long bytes() {
    return (long) ((double) rows * row + weights + trained + work);
  }

  /**
   * What it takes of a CPU's memory.
   *
   * @param memory bytes that the run may take; null = not known
   */
  public long onCpu(@Nullable Long memory) {
    return memory != null && memory >= bytes() + turned ? bytes() + turned : bytes();
  }

  /**
   * The least of the memory that the same steps can be made in: every layer computed again, and a
   * row at a time where none is dropped from at random.
   */
  public MemoryNeed least() {
    return new MemoryNeed(weights, trained, floor, work, 1, floor, 0);
  }

  /** What is there beside activations. */
  long held() {
    return weights + trained + work;
  }

  /**
   * Tensors on the device that do not train: the base's weights, and what a method adds. A tensor
   * that trains is among what trains instead; a quantised matrix has half a byte or a byte an
   * element and its scales, another one the element type of products, a vector f32. Where pairs are
   * measured from the base, it keeps its own copy of what the method changes.
   *
   * @param bytes of all
   * @param unpacked of what one matrix is made into for a product, where it does not lie there so,
   *     or of what one tensor is before it takes its place
   * @param turned of copies that make products faster, where there is room for them: see {@link
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
          // As picked from the table, rounded, and in the element type of products.
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

    /** What a method adds: frozen tensors, those that follow from others, moments of ranks. */
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

    /** How a matrix is quantised. */
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

    /** What of a base is quantised: in its files, by the settings, or by the method. */
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

    /** See {@code Reference}: without an adapter the model is measured from itself, beforehand. */
    private static boolean keepsOriginals(TrainingSpec spec) {
      return spec.preference() instanceof Preference.Dpo
          && !(spec.method() instanceof AdapterMethod.Full);
    }
  }

  /**
   * What one row leaves on the device, of as many tokens as it has with virtual ones: values of the
   * base in the element type of products, those of an adapter in f32.
   *
   * <p>A layer keeps, for each token, what its norms, attention and activations compute their
   * gradients from. These are the values that its linear layers read and give: {@code x -> norm ->
   * q k v -> o -> sum -> norm -> gate up -> product -> sum}. So they are counted by the shapes of
   * the linear layers, each input once for every layer that reads it, which leaves room for what
   * else is there for a moment. A low-rank path adds its rank, its dropout two copies of the input,
   * another path beside bf16 one copy, a vector of factors its length. Attention computes its
   * weights again, a block of queries at a time; of its dropout it keeps the masks.
   *
   * <p>{@link ActivationBudget} says what becomes of that when layers are computed again. Layers
   * below the lowest that trains keep nothing.
   */
  static final class RowActivations {
    /** Of a block of queries in f32: weights, what they come from, and their gradients. */
    private static final int SCORES = 4;

    /** What the first tensor of a path ends with, on whose input dropout is. */
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

    /** In bytes a token. */
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

    /** The layer of a slot; of one that is in none the first, above them all one more. */
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

    /** Values that a tensor of an adapter adds. */
    private long beside(Slot slot) {
      long[] shape = slot.shape();
      boolean first = FIRST.stream().anyMatch(slot.name()::endsWith);
      long dropped = first && Drops.ofMethod(spec.method()) ? 2 * input(slot) : 0;
      if (shape.length == 1) return shape[0] + dropped;
      long rank = Arrays.stream(shape).min().orElse(0);
      boolean lora = spec.method() instanceof Lora;
      return rank + dropped + (half && !lora ? shape[1] : 0);
    }

    /** Features that go into the module beside which a tensor is. */
    private long input(Slot slot) {
      for (ModelConfig.Linear each : linear) {
        if (slot.name().startsWith(each.path() + ".")) return each.inFeatures();
      }
      return config.hiddenSize();
    }

    /** Of the dropout of one query's weights, over the heads. */
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

  /** What is left out at random while a model trains. */
  static final class Drops {
    private Drops() {}

    static Dropouts ofBase(TrainingSpec spec, ModelConfig config) {
      return spec.training().regularisation().disableDropout() ? Dropouts.NONE : config.dropouts();
    }

    /** Whether anything is: the rows of a micro-batch have one generator then, and one lane. */
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
     * Whether anything is that cannot be told token by token: then the rows of a micro-batch are
     * computed together. The head sees the tokens that it picks, and may have factors of a method.
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
   * How a run is computed in the memory of a device.
   *
   * @param held bytes of what is there beside activations
   * @param turned bytes of weights that may lie on a CPU twice
   * @param tokens of a common lane
   * @param most bytes of activations where all that backward can use is kept
   * @param activations what they are, with no bytes to take
   */
  record FittingPlan(
      long held, long turned, double tokens, double most, ActivationBudget activations) {
    private static final int MOST_ROWS = 768; // to turn a weight is a twentieth of their product

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
     * The plan with weights that lie there twice, if that pays, and fits beside all that is kept.
     *
     * @param memory bytes of the device that the run may take
     */
    public ComputePlan turningWeights(ComputePlan plan, long memory) {
      boolean fits = turned > 0 && most <= memory - held - turned;
      return plan.turningWeights(fits && tokens <= MOST_ROWS);
    }

    /** The plan with what is kept, and how much is computed at a time, as it fits. */
    public ComputePlan within(ComputePlan plan, long memory) {
      long left = memory - held - (plan.turnedWeights() ? turned : 0);
      return plan.within(activations.of(Math.max(0, left)));
    }
  }
}
