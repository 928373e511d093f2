package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.Concurrent;
import dev.graft.model.LaidOut;
import dev.graft.model.LinearFactors.LowRankPaths;
import dev.graft.model.TokenLayout;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.Lora.LoraVariant.Bias;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole layers in f64: the written backward against autograd over the definitions. */
@Concurrent
class LayerProgramTests {
  private static final int TOKENS = 5;
  private static final int HIDDEN = 8;

  enum Trains {
    EVERYTHING,
    ADAPTERS_EVERYWHERE,
    ADAPTERS_ON_ONE,
    ADAPTERS_WITH_DROPOUT,
    DORA,
    DORA_WITH_DROPOUT,
    ADAPTERS_LESS_THEIR_START,
    NOTHING
  }

  /** A layer with the tensors of its adapters. */
  private record Case(List<Statement> statements, Map<String, long[]> shapes, LayerTensors of) {
    static Case of(TestLayers layer, Trains trains) {
      List<Statement> base = layer.statements();
      Map<String, long[]> shapes = new HashMap<>(layer.shapes());
      Map<String, LowRankPaths.Path> paths = new HashMap<>();
      for (Statement each : base) {
        if (each instanceof LinearLayer linear && adapts(trains, paths)) {
          paths.put(linear.module(), new LowRankPaths.Path(2, 2.0));
          long[] shape = shapes.get(linear.module() + ".weight");
          long in = shape[linear.transposed() ? 0 : 1];
          long out = shape[linear.transposed() ? 1 : 0];
          shapes.put(linear.module() + ".lora_A.weight", new long[] {2, in});
          shapes.put(linear.module() + ".lora_B.weight", new long[] {out, 2});
          shapes.put(linear.module() + ".initial.lora_A.weight", new long[] {2, in});
          shapes.put(linear.module() + ".initial.lora_B.weight", new long[] {out, 2});
          shapes.put(linear.module() + ".lora_magnitude_vector", new long[] {out});
          shapes.put(linear.module() + ".weight_norm", new long[] {out});
        }
      }
      double dropout = trains.name().endsWith("WITH_DROPOUT") ? 0.5 : 0;
      LoraVariant variant =
          new LoraVariant(false, trains.name().startsWith("DORA"), false, Bias.NONE);
      boolean loses = trains == Trains.ADAPTERS_LESS_THEIR_START;
      List<Statement> adapted = new LowRankPaths(paths, dropout, variant, loses).apply("", base);
      LayerTensors of =
          LayerTensors.of(
              adapted,
              name ->
                  switch (trains) {
                    case EVERYTHING -> !name.startsWith("/");
                    case NOTHING -> false;
                    case ADAPTERS_EVERYWHERE,
                        ADAPTERS_ON_ONE,
                        ADAPTERS_WITH_DROPOUT,
                        ADAPTERS_LESS_THEIR_START ->
                        name.contains("lora") && !name.contains("initial");
                    case DORA, DORA_WITH_DROPOUT -> name.contains("lora") || name.endsWith(".bias");
                  });
      return new Case(adapted, shapes, of);
    }

    private static boolean adapts(Trains trains, Map<String, LowRankPaths.Path> sofar) {
      return switch (trains) {
        case EVERYTHING, NOTHING -> false;
        case ADAPTERS_ON_ONE -> sofar.isEmpty();
        case ADAPTERS_EVERYWHERE,
            ADAPTERS_WITH_DROPOUT,
            DORA,
            DORA_WITH_DROPOUT,
            ADAPTERS_LESS_THEIR_START ->
            true;
      };
    }

    PtNDArray[] weights(Tensors f64) {
      return of.names().stream()
          .map(
              name ->
                  name.endsWith(".weight_norm")
                      ? f64.positive(shapes.get(name))
                      : f64.random(shapes.get(name)))
          .toArray(PtNDArray[]::new);
    }

    PtNDArray[] zeros(Tensors f64) {
      return of.trainedInOrder().stream()
          .map(name -> f64.zeros(shapes.get(name)))
          .toArray(PtNDArray[]::new);
    }
  }

  static Stream<Arguments> cases() {
    return Arrays.stream(TestLayers.values())
        .flatMap(layer -> Arrays.stream(Trains.values()).map(each -> Arguments.of(layer, each)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void backwardAgreesWithAutograd(TestLayers layer, Trains trains) {
    Case of = Case.of(layer, trains);
    String text = new LayerProgram("layer", of.statements(), of.of()).methods();
    try (Tensors f64 = new Tensors();
        TorchScriptModule module = Kernels.load(text, Device.cpu())) {
      PtNDArray[] w = of.weights(f64);
      PtNDArray x = f64.random(2 * TOKENS, HIDDEN);
      TokenLayout rows =
          layer == TestLayers.BERT
              ? LaidOut.rows(true, TOKENS, 2, TOKENS - 2)
              : LaidOut.rows(false, TOKENS, TOKENS);
      Batch batch =
          Batch.of(
              f64, rows, 0, window(of), 2, f64.random(2 * TOKENS, 2), f64.random(2 * TOKENS, 2));
      PtNDArray[] c = batch.context();
      long[] chunks = batch.chunks();
      PtNDArray g = f64.random(2 * TOKENS, HIDDEN);
      PtNDArray[] written = of.zeros(f64);
      PtNDArray[] first = of.zeros(f64);
      PtNDArray[] reference = of.zeros(f64);

      JniUtils.setSeed(1);
      PtNDArray expected =
          module
              .call(f64.manager(), "layer_autograd", g, x, w, reference, c, chunks, chunks)
              .getFirst();
      PtNDArray dx;
      JniUtils.setSeed(1);
      try (IValue both = module.invoke("layer_forward", x, w, c, chunks, chunks)) {
        IValue[] parts = both.toIValueTuple();
        try (IValue y = parts[0];
            IValue saved = parts[1]) {
          if (!of.of().trained().isEmpty()) {
            PtNDArray consumed = f64.moved(g, g, 0);
            module.run("layer_backward_first", consumed, saved, w, first, c, chunks, chunks);
          }
          PtNDArray copy = f64.moved(g, g, 0);
          dx =
              module
                  .call(f64.manager(), "layer_backward", copy, saved, w, written, c, chunks, chunks)
                  .getFirst();
        }
      }
      close(dx, expected, "input");
      for (int i = 0; i < written.length; i++) {
        String name = of.of().trainedInOrder().get(i);
        close(written[i], reference[i], name);
        close(first[i], reference[i], name + " in the lowest layer");
      }
    }
  }

  static Stream<Arguments> decoders() {
    return Stream.of(TestLayers.LLAMA, TestLayers.GEMMA, TestLayers.GPT2, TestLayers.NEOX)
        .flatMap(layer -> Stream.of(1, 3, 64).map(block -> Arguments.of(layer, block)));
  }

  /** Two tokens, then two, then one, against five at once. */
  @ParameterizedTest
  @MethodSource("decoders")
  void decodingTokenByTokenGivesWhatAllAtOnceGives(TestLayers layer, int block) {
    Case of = Case.of(layer, Trains.ADAPTERS_EVERYWHERE);
    Attend attend =
        (Attend)
            of.statements().stream().filter(Attend.class::isInstance).findFirst().orElseThrow();
    String text = new LayerProgram("layer", of.statements(), of.of()).methods();
    try (Tensors f64 = new Tensors();
        TorchScriptModule module = Kernels.load(text, Device.cpu())) {
      PtNDArray[] w = of.weights(f64);
      PtNDArray x = f64.random(TOKENS, HIDDEN);
      PtNDArray cos = f64.random(TOKENS, 2);
      PtNDArray sin = f64.random(TOKENS, 2);
      Batch all = Batch.of(f64, LaidOut.rows(false, TOKENS), 0, attend.window(), block, cos, sin);
      double[] whole =
          module
              .call(f64.manager(), "layer_infer", x, w, all.context(), all.chunks(), all.chunks())
              .getFirst()
              .toDoubleArray();
      PtNDArray keys = f64.zeros(attend.heads(), 7, attend.size());
      PtNDArray values = f64.zeros(attend.heads(), 7, attend.size());
      List<Double> pieces = new ArrayList<>();
      int past = 0;
      for (int tokens : new int[] {2, 2, 1}) {
        String rows = past + ":" + (past + tokens);
        Batch part =
            Batch.of(
                f64,
                LaidOut.rows(false, tokens),
                past,
                attend.window(),
                block,
                (PtNDArray) cos.get(rows),
                (PtNDArray) sin.get(rows));
        PtNDArray y =
            module
                .call(
                    f64.manager(),
                    "layer_decode",
                    x.get(rows),
                    w,
                    part.context(),
                    part.chunks(),
                    part.chunks(),
                    keys,
                    values,
                    past)
                .getFirst();
        for (double each : y.toDoubleArray()) pieces.add(each);
        past += tokens;
      }
      assertThat(pieces.stream().mapToDouble(Double::doubleValue).toArray())
          .containsExactly(whole, within(1e-12));
    }
  }

  private static int window(Case of) {
    return of.statements().stream()
        .filter(Attend.class::isInstance)
        .mapToInt(each -> ((Attend) each).window())
        .max()
        .orElse(0);
  }

  /** What rows say to a layer: tensors in the order of {@link BatchContext}, and masks. */
  private record Batch(PtNDArray[] context, long[] chunks) {
    static Batch of(
        Tensors f64,
        TokenLayout layout,
        int past,
        int window,
        int most,
        PtNDArray cos,
        PtNDArray sin) {
      int visible = BatchContext.values().length;
      LaidOut of = LaidOut.of(layout, past, window, most, visible);
      PtNDArray[] c = new PtNDArray[visible];
      Arrays.fill(c, f64.zeros(0));
      for (BatchContext each : List.of(BatchContext.COS, BatchContext.LOCAL_COS)) {
        c[each.ordinal()] = cos;
        c[each.ordinal() + 1] = sin;
      }
      PtNDArray[] ofRows = of.tensors(f64.manager());
      c[BatchContext.VISIBLE.ordinal()] = ofRows[0];
      c[BatchContext.WIDTH.ordinal()] = (PtNDArray) f64.manager().create((float) layout.longest());
      return new Batch(
          Stream.of(c, ofRows).flatMap(Stream::of).toArray(PtNDArray[]::new), of.chunks());
    }
  }

  private static void close(PtNDArray actual, PtNDArray expected, String what) {
    assertThat(actual.toDoubleArray())
        .as(what)
        .containsExactly(expected.toDoubleArray(), within(1e-11));
  }
}
