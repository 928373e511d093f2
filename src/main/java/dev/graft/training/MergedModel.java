package dev.graft.training;

import dev.graft.model.BaseWeights;
import dev.graft.model.SavedTensors;
import dev.graft.model.Tuner;
import dev.graft.model.Tuner.WeightRows;
import dev.graft.spec.Quantization;
import dev.graft.weights.Dtype;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.StoredWeight;
import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A base with an adapter merged into its weights: a whole checkpoint that loads like the base. Sums
 * are computed in f32 and rounded once to the base's element type; tensors that the adapter does
 * not change keep their bytes.
 */
final class MergedModel implements CheckpointDirectory.Tensors {
  private final ModelDirectory base;
  private final Tuner tuner;
  private final Map<String, NamedTensor> trained;
  private final BaseWeights weights;

  MergedModel(ModelDirectory base, SavedAdapter adapter, @Nullable Quantization quantization) {
    this.base = base;
    tuner = Tuner.of(adapter.method(), base);
    String obstacle = tuner.unmergeable();
    if (obstacle != null) throw new IllegalArgumentException(obstacle);
    trained = NamedTensor.byName(SavedTensors.of(tuner, adapter, base.config()));
    weights = new BaseWeights(base, quantization, tuner);
  }

  /**
   * Writes config.json, weights, model card and tokenizer files.
   *
   * @param quantization of the base in training, whose rounded weights the adapter fits; null =
   *     none
   * @throws IllegalArgumentException if the method has no merged form, or does not fit the base
   * @throws dev.graft.weights.BadModel if a tensor of the base or of the adapter is not what its
   *     config asks for
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  public static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      SavedAdapter adapter,
      @Nullable Quantization quantization,
      CheckpointDirectory.CheckpointPrecision precision,
      Map<String, String> facts) {
    MergedModel merged = new MergedModel(base, adapter, quantization);
    String card = ModelCard.merged(base, baseModelName, adapter.method(), facts);
    CheckpointDirectory.write(directory, base, merged, precision, card);
  }

  @Override
  public Dtype dtype(Parameter parameter) {
    return CheckpointDirectory.storedType(base, parameter);
  }

  @Override
  public TensorData data(Parameter parameter, Dtype dtype) {
    NamedTensor copy = trained.get(parameter.name());
    if (copy != null) return Dtype.narrow(merged(parameter, copy.data()), dtype);
    StoredWeight stored = weights.stored(parameter);
    boolean touched = isTouched(parameter.name());
    if (stored instanceof MappedTensor plain && !touched) return plain.data(dtype);
    TensorData values =
        stored instanceof MappedTensor plain
            ? plain.data(Dtype.F32)
            : TensorData.of(MemorySegment.ofArray(BaseWeights.values(parameter, stored)));
    return Dtype.narrow(touched ? merged(parameter, values) : values, dtype);
  }

  private TensorData merged(Parameter parameter, TensorData stored) {
    String name = parameter.name();
    UnaryOperator<WeightRows> merge =
        rows -> new WeightRows(tuner.merged(name, rows, trained), rows.first());
    return new MergedRows(stored, parameter.shape(), tuner.mergesByRows(name), merge);
  }

  /** Returns whether the adapter has a tensor for the module of a parameter. */
  private boolean isTouched(String parameter) {
    String module = parameter.substring(0, parameter.lastIndexOf('.') + 1);
    Set<String> names = trained.keySet();
    return names.stream().anyMatch(name -> name.startsWith(module));
  }

  /**
   * A weight in f32 whose rows are merged in blocks when they are copied, because a token table
   * alone may exceed the heap.
   */
  static final class MergedRows implements TensorData {
    /** Bytes of a block of rows, where the method can merge rows separately. */
    private static final long BLOCK = 4L * TensorData.SLICE;

    /**
     * Multiple of most heads' rows, so that reading them in another order merges no block twice.
     */
    private static final int HEAD = 256;

    private final TensorData stored;
    private final UnaryOperator<WeightRows> merge;
    private final long width;
    private final long height;
    private MemorySegment block = MemorySegment.NULL;
    private long start;

    /**
     * @param stored f32
     * @param byRows whether some rows can be merged without the others
     */
    MergedRows(TensorData stored, long[] shape, boolean byRows, UnaryOperator<WeightRows> merge) {
      this.stored = stored;
      this.merge = merge;
      long size = stored.byteSize();
      width = shape.length > 1 ? Math.max(1, size / Math.max(1, shape[0])) : Math.max(1, size);
      long rows = byRows ? BLOCK / width : size / width;
      height = Math.max(1, byRows && rows > HEAD ? rows - rows % HEAD : rows);
    }

    @Override
    public long byteSize() {
      return stored.byteSize();
    }

    @Override
    public void copyTo(long from, MemorySegment into) {
      for (long at = 0; at < into.byteSize(); ) {
        long place = from + at;
        if (place < start || place >= start + block.byteSize()) make(place / (width * height));
        long length = Math.min(into.byteSize() - at, start + block.byteSize() - place);
        MemorySegment.copy(block, place - start, into, at, length);
        at += length;
      }
    }

    private void make(long number) {
      start = number * width * height;
      long bytes = Math.min(width * height, byteSize() - start);
      float[] values = new float[Math.toIntExact(bytes / Float.BYTES)];
      stored.copyTo(start, MemorySegment.ofArray(values));
      int first = Math.toIntExact(start / width);
      block = MemorySegment.ofArray(merge.apply(new WeightRows(values, first)).values());
    }
  }
}
