package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.kernels.LayerTensors.FourBitWeight;
import dev.graft.kernels.LayerTensors.WeightForm;
import dev.graft.spec.Precision;
import dev.graft.weights.Dtype;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.FourBitTensor.BlockScales;
import dev.graft.weights.Int8Tensor;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.StoredWeight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a model on the device, by name, with the forms of those that are not plain
 * numbers. It does not own the tensors.
 */
public final class ModelTensors {
  private final Map<String, PtNDArray> arrays = new LinkedHashMap<>();
  private final Map<String, WeightForm> forms = new LinkedHashMap<>();
  private final Dtype products;

  /** Tensors of a model whose products are computed in f32. */
  public ModelTensors() {
    this(Precision.F32);
  }

  public ModelTensors(Precision precision) {
    this(products(precision));
  }

  private ModelTensors(Dtype products) {
    this.products = products;
  }

  /** Returns the element type of products with weights. */
  static Dtype products(Precision precision) {
    return switch (precision) {
      case F32 -> Dtype.F32;
      case BF16 -> Dtype.BF16;
      case F16 -> Dtype.F16;
    };
  }

  /** Returns torch's number of the element type of products with weights and of hidden states. */
  public int kind() {
    return DeviceMemory.kind(products);
  }

  /** Returns a copy that tensors can be added to. */
  public ModelTensors copy() {
    ModelTensors copy = new ModelTensors(products);
    copy.arrays.putAll(arrays);
    copy.forms.putAll(forms);
    return copy;
  }

  public boolean contains(String name) {
    return arrays.containsKey(name);
  }

  public void put(String name, PtNDArray array) {
    arrays.put(name, array);
    forms.remove(name);
  }

  /** Loads a copy of a tensor of the base in f32, rounded to the element type of products. */
  public PtNDArray rounded(DeviceMemory memory, NamedTensor tensor) {
    return memory.load(tensor, products);
  }

  /** Adds a tensor that trains in place of one of the base's. */
  public void putTrained(ModelConfig.Parameter parameter, PtNDArray array) {
    put(parameter.name(), array);
    WeightForm form = trainedForm(parameter, products);
    if (form != null) forms.put(parameter.name(), form);
  }

  /**
   * Adds a factor of a low-rank path.
   *
   * @param copy of it in the element type of products, which reads the copy
   */
  public void putRounded(String name, PtNDArray array, PtNDArray copy) {
    WeightForm form = new WeightForm.RoundedCopy(kind());
    List<String> parts = form.parts(name);
    put(parts.getFirst(), array);
    put(parts.getLast(), copy);
    forms.put(name, form);
  }

  /** Adds a transposed copy of a plain weight. */
  public void turn(DeviceMemory memory, String name) {
    WeightForm form = new WeightForm.Twice();
    arrays.put(form.parts(name).getLast(), memory.turned(require(name)));
    forms.put(name, form);
  }

  /** Returns the form of a factor that {@link #putRounded} adds. */
  public static WeightForm roundedForm(Precision precision) {
    return new WeightForm.RoundedCopy(DeviceMemory.kind(products(precision)));
  }

  /**
   * Returns the form of a tensor that trains in place of one of the base's; null = plain numbers.
   */
  static @Nullable WeightForm trainedForm(ModelConfig.Parameter parameter, Dtype products) {
    boolean rounded = products != Dtype.F32 && isMatrix(parameter);
    return rounded ? new WeightForm.Rounded(DeviceMemory.kind(products)) : null;
  }

  private static boolean isMatrix(ModelConfig.Parameter parameter) {
    return parameter.shape().length > 1;
  }

  /**
   * Copies a weight to the device: matrices in the element type of products, vectors rounded to it
   * but as f32, quantised ones as they are.
   *
   * @return its arrays
   */
  public List<PtNDArray> load(
      DeviceMemory memory, ModelConfig.Parameter parameter, StoredWeight weight) {
    String name = parameter.name();
    WeightForm form = form(parameter, weight, products);
    return switch (weight) {
      case MappedTensor plain -> {
        put(name, memory.load(plain, products, isMatrix(parameter) ? products : Dtype.F32));
        yield List.of(require(name));
      }
      case FourBitTensor four -> {
        List<NamedTensor> parts = new ArrayList<>();
        parts.add(NamedTensor.of(name, Dtype.U8, four.packed(), four.packed().length));
        parts.add(NamedTensor.of("pairs", four.pairs(), 256, 2));
        parts.addAll(scales(four.absmax()));
        yield load(memory, name, Objects.requireNonNull(form), parts);
      }
      case Int8Tensor eight ->
          load(
              memory,
              name,
              Objects.requireNonNull(form),
              List.of(
                  NamedTensor.of(name, Dtype.I8, eight.values(), eight.shape()),
                  NamedTensor.of("scb", eight.scb(), eight.scb().length)));
    };
  }

  private static List<NamedTensor> scales(BlockScales absmax) {
    return switch (absmax) {
      case BlockScales.Plain(float[] values) ->
          List.of(NamedTensor.of("absmax", values, values.length));
      case BlockScales.Nested nested ->
          List.of(
              NamedTensor.of("codes", Dtype.U8, nested.codes(), nested.codes().length),
              NamedTensor.of("map", nested.map(), nested.map().length),
              NamedTensor.of("absmax", nested.absmax(), nested.absmax().length),
              NamedTensor.of("offset", new float[] {nested.offset()}, 1));
    };
  }

  /** Returns the form of a weight on the device; null = plain numbers. */
  static @Nullable WeightForm form(
      ModelConfig.Parameter parameter, StoredWeight weight, Dtype products) {
    boolean transposed = parameter.kind() == ModelConfig.Kind.CONV1D;
    int kind = DeviceMemory.kind(products);
    return switch (weight) {
      case MappedTensor _ -> null;
      case Int8Tensor _ -> new WeightForm.EightBit(transposed, kind);
      case FourBitTensor four ->
          new FourBitWeight(
              four.blockSize(),
              Arrays.stream(four.shape()).boxed().toList(),
              DeviceMemory.kind(four.dtype()),
              four.absmax() instanceof BlockScales.Nested of ? of.blockSize() : 0,
              transposed,
              kind);
    };
  }

  private List<PtNDArray> load(
      DeviceMemory memory, String name, WeightForm form, List<NamedTensor> tensors) {
    List<String> parts = form.parts(name);
    List<PtNDArray> loaded = tensors.stream().map(memory::load).toList();
    for (int i = 0; i < parts.size(); i++) arrays.put(parts.get(i), loaded.get(i));
    forms.put(name, form);
    return loaded;
  }

  public PtNDArray require(String name) {
    return Objects.requireNonNull(arrays.get(name), name);
  }

  public @Nullable WeightForm form(String name) {
    return forms.get(name);
  }

  /** Returns whether products dequantise weights. */
  public boolean quantised() {
    return forms.values().stream()
        .anyMatch(form -> form instanceof FourBitWeight || form instanceof WeightForm.EightBit);
  }

  /** Returns the form of a tensor's exact numbers, where products read a rounded copy. */
  @Nullable WeightForm exactForm(String name) {
    return form(name) instanceof WeightForm.RoundedCopy ? null : form(name);
  }
}
