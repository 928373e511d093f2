package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.graft.Concurrent;
import dev.graft.model.ComputePlan.Attention;
import dev.graft.model.LaidOut;
import dev.graft.model.TokenLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random rows with beginnings in common through a layer, in f64: what is computed once for several
 * rows is what each of them computes alone, and its gradient is the sum of theirs.
 */
@Concurrent
class SharedPrefixTests {
  private static final int HIDDEN = 8;
  private static final int LONGEST = 40;
  private static final int CASES = 40;

  static Stream<Arguments> layers() {
    return Stream.of(TestLayers.LLAMA, TestLayers.GEMMA, TestLayers.GPT2, TestLayers.NEOX)
        .flatMap(layer -> Stream.of(Attention.values()).map(kernel -> Arguments.of(layer, kernel)));
  }

  @ParameterizedTest
  @MethodSource("layers")
  void aTreeOfRowsIsItsRows(TestLayers layer, Attention kernel) {
    boolean capped = kernel == Attention.CHUNKS;
    List<Statement> statements =
        layer.statements().stream().map(each -> still(each, capped)).toList();
    LayerTensors tensors = LayerTensors.of(statements, name -> true);
    String text = new LayerProgram("layer", statements, tensors).methods();
    try (TorchScriptModule module = Kernels.load(text, Device.cpu())) {
      for (int seed = 0; seed < CASES; seed++) {
        try (Tensors f64 = new Tensors()) {
          new Case(layer, kernel, tensors, module, f64, new SplittableRandom(seed))
              .check("seed " + seed);
        }
      }
    }
  }

  /** The same without dropout, and without what only chunks compute. */
  private static Statement still(Statement each, boolean capped) {
    return switch (each) {
      case Attend a ->
          new Attend(
              a.output(),
              a.query(),
              a.key(),
              a.value(),
              a.heads(),
              a.size(),
              a.scale(),
              a.window(),
              capped ? a.softcap() : 0);
      case Elementwise.Dropout left -> new Elementwise.Dropout(left.output(), left.input(), 0);
      default -> each;
    };
  }

  private record Case(
      TestLayers layer,
      Attention kernel,
      LayerTensors tensors,
      TorchScriptModule module,
      Tensors f64,
      SplittableRandom random) {
    /** Rows that go on from one another at random places. */
    private int[][] rows() {
      int[][] rows = new int[random.nextInt(1, 9)][];
      for (int r = 0; r < rows.length; r++) {
        int[] before = r == 0 ? new int[0] : rows[random.nextInt(r)];
        int kept = random.nextInt(before.length + 1);
        rows[r] =
            Arrays.copyOf(before, Math.min(LONGEST, kept + random.nextInt(kept > 0 ? 0 : 1, 12)));
        for (int t = kept; t < rows[r].length; t++) rows[r][t] = random.nextInt(3);
      }
      return rows;
    }

    void check(String what) {
      int[][] rows = rows();
      TokenLayout tree = LaidOut.tree(random.nextInt(1, 4), rows);
      PtNDArray[] w =
          tensors.names().stream()
              .map(name -> f64.random(layer.shapes().get(name)))
              .toArray(PtNDArray[]::new);
      PtNDArray cos = f64.random(LONGEST, 2);
      PtNDArray sin = f64.random(LONGEST, 2);
      double[] x = f64.random(tree.size(), HIDDEN).toDoubleArray();
      double[] g = new double[x.length];
      double[] dx = new double[x.length];
      PtNDArray[] alone = zeros();
      List<double[]> outputs = new ArrayList<>();
      for (int r = 0; r < rows.length; r++) {
        int[] places = tree.places()[r];
        double[] own = f64.random(rows[r].length, HIDDEN).toDoubleArray();
        add(g, places, own);
        Result result =
            run(
                false,
                LaidOut.rows(false, places.length),
                taken(x, places),
                own,
                w,
                cos,
                sin,
                alone);
        outputs.add(result.y());
        add(dx, places, result.dx());
      }
      PtNDArray[] together = zeros();
      Result whole = run(true, tree, x, g, w, cos, sin, together);
      for (int r = 0; r < rows.length; r++) {
        assertThat(taken(whole.y(), tree.places()[r]))
            .as("%s, row %d", what, r)
            .containsExactly(outputs.get(r), within(1e-10));
      }
      assertThat(whole.dx()).as(what).containsExactly(dx, within(1e-9));
      for (int i = 0; i < alone.length; i++) {
        assertThat(together[i].toDoubleArray())
            .as("%s, %s", what, tensors.trainedInOrder().get(i))
            .containsExactly(alone[i].toDoubleArray(), within(1e-9));
      }
    }

    private PtNDArray[] zeros() {
      return tensors.trainedInOrder().stream()
          .map(name -> f64.zeros(layer.shapes().get(name)))
          .toArray(PtNDArray[]::new);
    }

    private record Result(double[] y, double[] dx) {}

    private Result run(
        boolean whole,
        TokenLayout layout,
        double[] x,
        double[] g,
        PtNDArray[] w,
        PtNDArray cos,
        PtNDArray sin,
        PtNDArray[] gradients) {
      int window =
          layer.statements().stream()
              .filter(Attend.class::isInstance)
              .mapToInt(each -> ((Attend) each).window())
              .max()
              .orElse(0);
      int visible = BatchContext.values().length;
      LaidOut of =
          whole && kernel != Attention.CHUNKS
              ? LaidOut.of(layout, 0, window, kernel, false, visible)
              : LaidOut.of(layout, 0, window, random.nextInt(1, 70), visible);
      PtNDArray[] c = new PtNDArray[visible];
      Arrays.fill(c, f64.zeros(0));
      for (BatchContext each : List.of(BatchContext.COS, BatchContext.LOCAL_COS)) {
        c[each.ordinal()] = rows(cos, layout.positions());
        c[each.ordinal() + 1] = rows(sin, layout.positions());
      }
      PtNDArray[] context =
          Stream.of(c, of.tensors(f64.manager())).flatMap(Stream::of).toArray(PtNDArray[]::new);
      try (IValue both =
          module.invoke("layer_forward", tensor(x), w, context, of.chunks(), of.chunks())) {
        IValue[] parts = both.toIValueTuple();
        try (IValue y = parts[0];
            IValue saved = parts[1]) {
          PtNDArray dx =
              module
                  .call(
                      f64.manager(),
                      "layer_backward",
                      tensor(g),
                      saved,
                      w,
                      gradients,
                      context,
                      of.chunks(),
                      of.chunks())
                  .getFirst();
          return new Result(y.toTensor(f64.manager()).toDoubleArray(), dx.toDoubleArray());
        }
      }
    }

    private PtNDArray rows(PtNDArray table, int[] positions) {
      int width = (int) table.getShape().get(1);
      double[] values = taken(table.toDoubleArray(), positions, width);
      return (PtNDArray) f64.manager().create(values, new Shape(positions.length, width));
    }

    private PtNDArray tensor(double[] values) {
      return (PtNDArray) f64.manager().create(values, new Shape(values.length / HIDDEN, HIDDEN));
    }

    private static double[] taken(double[] values, int[] places) {
      return taken(values, places, HIDDEN);
    }

    private static double[] taken(double[] values, int[] places, int width) {
      return IntStream.of(places)
          .boxed()
          .flatMapToDouble(p -> Arrays.stream(values, p * width, (p + 1) * width))
          .toArray();
    }

    private static void add(double[] total, int[] places, double[] values) {
      for (int i = 0; i < values.length; i++) {
        total[places[i / HIDDEN] * HIDDEN + i % HIDDEN] += values[i];
      }
    }
  }
}
