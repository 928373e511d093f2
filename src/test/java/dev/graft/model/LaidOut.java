package dev.graft.model;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How attention goes over rows, for tests of kernels and layers.
 *
 * @param chunks refer to masks behind the {@link #tensors} before them
 */
public record LaidOut(long[] chunks, TokenLayout layout, int past, List<Part> parts) {
  /** What the kernel reads behind who sees whom. */
  public sealed interface Part {
    PtNDArray tensor(PtNDManager manager);
  }

  /** 0 and -inf, (queries, columns), in f64. */
  private record Mask(float[] values, int queries) implements Part {
    @Override
    public PtNDArray tensor(PtNDManager manager) {
      double[] all = new double[values.length];
      for (int i = 0; i < all.length; i++) all[i] = values[i];
      return (PtNDArray) manager.create(all, new Shape(queries, all.length / queries));
    }
  }

  private record Begins(int[] of) implements Part {
    @Override
    public PtNDArray tensor(PtNDManager manager) {
      return (PtNDArray) manager.create(of);
    }
  }

  private record Places(long[] of) implements Part {
    @Override
    public PtNDArray tensor(PtNDManager manager) {
      return (PtNDArray) manager.create(of, new Shape(of.length));
    }
  }

  /**
   * @param first place of {@link #visible} in the argument {@code c}; the masks come behind it
   */
  public static LaidOut of(TokenLayout layout, int past, int window, int most, int first) {
    BatchInputs.AttentionChunks.Masks masks = BatchInputs.AttentionChunks.Masks.from(first + 1);
    long[] chunks = BatchInputs.AttentionChunks.of(layout, past, window, most, masks);
    return new LaidOut(
        chunks,
        layout,
        past,
        masks.all().values().stream()
            .<Part>map(each -> new Mask(each.values(), each.queries()))
            .toList());
  }

  /** The same for a kernel that reads sequences. */
  public static LaidOut of(
      TokenLayout layout,
      int past,
      int window,
      ComputePlan.Attention kernel,
      boolean bidirectional,
      int first) {
    BatchInputs.Sequences sequences = BatchInputs.Sequences.of(layout, past, bidirectional);
    return new LaidOut(
        sequences.form(kernel, first + 1, window),
        layout,
        past,
        List.of(
            new Begins(sequences.queries()),
            new Begins(sequences.keys()),
            new Places(sequences.places())));
  }

  /** Rows of these lengths, which have nothing in common. */
  public static TokenLayout rows(boolean bidirectional, int... lengths) {
    int[][] rows = new int[lengths.length][];
    for (int r = 0; r < rows.length; r++) {
      rows[r] = new int[lengths[r]];
      Arrays.fill(rows[r], r);
    }
    return TokenLayout.of(rows, rows.length, 0, bidirectional);
  }

  /** Rows whose beginnings of that many tokens are shared. */
  public static TokenLayout tree(int shared, int[][] rows) {
    return TokenLayout.of(new MicroBatch.TokenBatch(rows, rows), 1 << 16, 0, shared, false);
  }

  /** The chunks as TorchScript. */
  public String text() {
    return Arrays.toString(chunks);
  }

  /** Who sees whom, and what the kernel reads. */
  public PtNDArray[] tensors(PtNDManager manager) {
    List<PtNDArray> all = new ArrayList<>();
    long[] visible = BatchInputs.visible(layout, past);
    all.add((PtNDArray) manager.create(visible, new Shape(3, visible.length / 3)));
    for (Part each : parts) all.add(each.tensor(manager));
    return all.toArray(PtNDArray[]::new);
  }
}
