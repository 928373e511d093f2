package dev.graft.model;

import dev.graft.kernels.LayerTensors.FourBitWeight;
import dev.graft.kernels.LayerTensors.WeightForm;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.weights.Dtype;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.FourBitTensor.BlockScales;
import dev.graft.weights.FourBitTensor.FourBitType;
import dev.graft.weights.Int8Tensor;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.StoredWeight;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a base as they are copied to the device. With a quantisation, those of all linear
 * layers except the heads are quantised, as transformers does when it loads a model. A method may
 * replace weights.
 */
public final class BaseWeights {
  private final ModelDirectory base;
  private final @Nullable Quantization quantization;
  private final Set<String> quantised;
  private final @Nullable Tuner tuner;

  /**
   * @throws IllegalArgumentException if the base is quantised already
   */
  public BaseWeights(ModelDirectory base, @Nullable Quantization quantization) {
    this(base, quantization, null);
  }

  /**
   * @param tuner that may replace weights of the base; null = none
   * @throws IllegalArgumentException if the base is quantised already
   */
  public BaseWeights(
      ModelDirectory base, @Nullable Quantization quantization, @Nullable Tuner tuner) {
    this.tuner = tuner;
    if (quantization != null && base.quantization() != null) {
      throw new IllegalArgumentException("quantization: the base model is quantised already");
    }
    this.base = base;
    this.quantization = quantization;
    String inside = base.config().basePrefix();
    quantised =
        base.config().linearModules().stream()
            .map(each -> each.path() + ".weight")
            .filter(name -> name.startsWith(inside))
            .collect(Collectors.toSet());
  }

  /** Returns whether the quantisation changes the numbers of a parameter. */
  public boolean rounds(ModelConfig.Parameter parameter) {
    return quantization != null && quantised.contains(parameter.name());
  }

  /**
   * @throws dev.graft.weights.BadModel if the checkpoint does not hold it
   */
  public StoredWeight stored(ModelConfig.Parameter parameter) {
    StoredWeight other = tuner == null ? null : tuner.requantised(parameter);
    if (other != null) return other;
    StoredWeight stored = base.weights().stored(parameter);
    if (quantization == null || !rounds(parameter)) return stored;
    if (!(stored instanceof MappedTensor plain)) return stored;
    boolean turned = parameter.kind() == ModelConfig.Kind.CONV1D;
    return switch (quantization) {
      case Quantization.FourBit(Quantization.QuantType type, boolean nested) ->
          FourBitTensor.quantise(turned ? plain.transposed() : plain, type(type), nested);
      case Quantization.EightBit() -> Int8Tensor.quantise(turned ? plain.transposed() : plain);
    };
  }

  /**
   * Returns the form that a weight will have on the device, from its header alone; null = plain
   * numbers.
   *
   * @param trains whether a copy of it trains
   */
  public @Nullable WeightForm form(
      ModelConfig.Parameter parameter, boolean trains, Precision precision) {
    Dtype products = ModelTensors.products(precision);
    if (trains) return ModelTensors.trainedForm(parameter, products);
    Quantization other = tuner == null ? null : tuner.requantisedAs(parameter);
    if (other != null) return form(parameter, other, products);
    if (!base.weights().parts(parameter.name()).isEmpty()) {
      return ModelTensors.form(parameter, base.weights().stored(parameter), products);
    }
    if (quantization == null || !rounds(parameter)) return null;
    return form(parameter, quantization, products);
  }

  /** Returns the form of a plain weight of the base after quantisation. */
  private WeightForm form(
      ModelConfig.Parameter parameter, Quantization quantisedAs, Dtype products) {
    int kind = DeviceMemory.kind(products);
    boolean turned = parameter.kind() == ModelConfig.Kind.CONV1D;
    return switch (quantisedAs) {
      case Quantization.EightBit() -> new WeightForm.EightBit(turned, kind);
      case Quantization.FourBit(_, boolean nested) -> {
        List<Long> shape = Arrays.stream(parameter.shape()).boxed().toList();
        yield new FourBitWeight(
            FourBitTensor.BLOCK,
            turned ? shape.reversed() : shape,
            DeviceMemory.kind(base.weights().require(parameter.name(), parameter.shape()).dtype()),
            nested ? BlockScales.NESTED_BLOCK : 0,
            turned,
            kind);
      }
    };
  }

  /**
   * Copies weights to a device.
   *
   * @param wanted selects weights by name
   */
  public void load(DeviceMemory memory, ModelTensors tensors, Predicate<String> wanted) {
    for (ModelConfig.Parameter each : base.config().parameters()) {
      if (wanted.test(each.name())) tensors.load(memory, each, stored(each));
    }
  }

  /** Returns the numbers that computation uses, in the layout of the parameter's shape. */
  public float[] values(ModelConfig.Parameter parameter) {
    return values(parameter, stored(parameter));
  }

  /** Returns the numbers of a result of {@link #stored}. */
  public static float[] values(ModelConfig.Parameter parameter, StoredWeight stored) {
    boolean turned =
        parameter.kind() == ModelConfig.Kind.CONV1D && !(stored instanceof MappedTensor);
    float[] values = stored.toFloats();
    if (!turned) return values;
    int rows = Math.toIntExact(parameter.shape()[0]);
    int columns = Math.toIntExact(parameter.shape()[1]);
    float[] back = new float[values.length];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) back[r * columns + c] = values[c * rows + r];
    }
    return back;
  }

  private static FourBitType type(Quantization.QuantType type) {
    return switch (type) {
      case NF4 -> FourBitType.NF4;
      case FP4 -> FourBitType.FP4;
    };
  }

  /**
   * Returns the weights that a CPU may hold twice, as they are and transposed, so that the products
   * of forward and backward each read the layout that suits them: those of linear layers that are
   * plain numbers and do not change in training.
   *
   * @param quantization of the base, null = as it is
   */
  public static List<Parameter> turnable(
      ModelDirectory base, Tuner tuner, @Nullable Quantization quantization) {
    if (quantization != null || base.quantization() != null) return List.of();
    ModelConfig config = base.config();
    Set<String> linear =
        config.linearModules().stream()
            .filter(each -> !each.conv1d() && each.path().startsWith(config.basePrefix()))
            .map(each -> each.path() + ".weight")
            .collect(Collectors.toSet());
    Set<String> changing =
        Stream.concat(
                tuner.slots().stream().map(Slot::name),
                tuner.derived().stream().map(Tuner.Derived::name))
            .collect(Collectors.toSet());
    return config.parameters().stream()
        .filter(each -> linear.contains(each.name()) && !changing.contains(each.name()))
        .filter(each -> tuner.requantisedAs(each) == null)
        .toList();
  }
}
