package dev.graft.kernels;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The directions in which rows that come in batches vary most (Ross et al. 2008), as PEFT's {@code
 * IncrementalPCA} finds them for EVA. Its memory is that of the directions, however many rows there
 * were.
 */
public final class IncrementalPca implements AutoCloseable {
  /** PEFT's, of the random start of every decomposition. */
  private static final int SEED = 42;

  private final TorchScriptModule module;
  private final PtNDManager manager;
  private final int size;
  private final double[] similarity;
  private long seen;
  private @Nullable State state;

  /** What is known after a batch. */
  private record State(
      PtNDArray components,
      PtNDArray singularValues,
      PtNDArray mean,
      PtNDArray variance,
      PtNDArray explained) {
    static State of(List<PtNDArray> all) {
      return new State(all.get(0), all.get(1), all.get(2), all.get(3), all.get(4));
    }

    PtNDArray[] all() {
      return new PtNDArray[] {components, singularValues, mean, variance, explained};
    }
  }

  /**
   * @param module with the methods of {@link LinearAlgebra}
   */
  IncrementalPca(TorchScriptModule module, PtNDManager manager, int size) {
    this.module = module;
    this.manager = manager;
    this.size = size;
    similarity = new double[size];
    Arrays.fill(similarity, Double.NaN);
  }

  /**
   * Takes a batch of rows into account.
   *
   * @param parts of the batch, (n, features) in f32, on any device: they are copied to the host
   * @return false where they are fewer than the directions that are looked for: nothing is done
   */
  public boolean add(PtNDArray... parts) {
    PtNDArray[] here =
        Arrays.stream(parts)
            .map(each -> each.toDevice(manager.getDevice(), false))
            .toArray(PtNDArray[]::new);
    long count = Arrays.stream(parts).mapToLong(each -> each.getShape().get(0)).sum();
    if (count < size) return false;
    long features = parts[0].getShape().get(1);
    if (features < size) {
      throw new IllegalArgumentException(
          "%d features have no %d directions".formatted(features, size));
    }
    JniUtils.setSeed(SEED);
    State before = state;
    if (before == null) {
      state = State.of(module.call(manager, "pca_first", here, size));
    } else {
      State now = State.of(module.call(manager, "pca_next", here, before.all(), seen, size));
      state = now;
      compare(now.components(), before.components());
      for (PtNDArray each : before.all()) each.close();
    }
    seen += count;
    return true;
  }

  private void compare(PtNDArray now, PtNDArray before) {
    try (PtNDArray cosines = module.call(manager, "pca_similarity", now, before).getFirst()) {
      System.arraycopy(cosines.toDoubleArray(), 0, similarity, 0, size);
    }
  }

  /** Whether there was a batch. */
  public boolean started() {
    return state != null;
  }

  /**
   * Whether the first directions are at least this similar (cosine) to what they were before the
   * last batch; before the second one they are not.
   */
  public boolean converged(int directions, double threshold) {
    for (int i = 0; i < directions; i++) {
      if (!(similarity[i] >= threshold)) return false;
    }
    return true;
  }

  /** Share of each direction in the variance of all rows, largest first. */
  public double[] explained() {
    return doubles(require().explained());
  }

  /** Singular values of the directions. */
  public double[] singularValues() {
    return doubles(require().singularValues());
  }

  /** The directions, (directions, features), of length 1. */
  public double[] components() {
    return doubles(require().components());
  }

  private State require() {
    State found = state;
    if (found == null) throw new IllegalStateException("there was no batch");
    return found;
  }

  private static double[] doubles(PtNDArray array) {
    return switch (array.getDataType()) {
      case FLOAT64 -> array.toDoubleArray();
      default -> {
        float[] narrow = array.toFloatArray();
        double[] wide = new double[narrow.length];
        for (int i = 0; i < wide.length; i++) wide[i] = narrow[i];
        yield wide;
      }
    };
  }

  @Override
  public void close() {
    State found = state;
    if (found != null) for (PtNDArray each : found.all()) each.close();
    state = null;
  }
}
