package dev.graft.training.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.training.kernels.Kernels;
import dev.graft.training.kernels.Tensors;
import dev.graft.training.kernels.TorchScriptModule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A whole layer in f64: the written backward against autograd over the definitions. */
class LayerProgramTests {
  private static final int TOKENS = 5;
  private static final int HIDDEN = 8;

  enum Trains {
    EVERYTHING,
    ADAPTERS_EVERYWHERE,
    ADAPTERS_ON_TWO,
    ADAPTERS_WITH_DROPOUT,
    NOTHING
  }

  /** A residual layer with grouped attention, biases and a gated feed-forward. */
  private static final List<Statement> LAYER =
      List.of(
          new Norm("h", "x", "norm1", 0.01),
          new Linear("q", "h", "q_proj"),
          new Linear("k", "h", "k_proj"),
          new Linear("v", "h", "v_proj"),
          new Rotate("q2", "q"),
          new Rotate("k2", "k"),
          new Attend("o", "q2", "k2", "v", 1, 4),
          new Linear("a", "o", "o_proj"),
          new Sum("m", "x", "a"),
          new Norm("h2", "m", "norm2", 0.01),
          new Linear("gate", "h2", "gate_proj"),
          new Linear("up", "h2", "up_proj"),
          new Gate("gated", "gate", "up"),
          new Linear("d", "gated", "down_proj"),
          new Sum("y", "m", "d"));

  private static Map<String, long[]> shapes(Trains trains) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("norm1.weight", new long[] {HIDDEN});
    linear(shapes, "q_proj", 8, HIDDEN);
    linear(shapes, "k_proj", 4, HIDDEN);
    linear(shapes, "v_proj", 4, HIDDEN);
    shapes.put("v_proj.bias", new long[] {4});
    linear(shapes, "o_proj", HIDDEN, 8);
    shapes.put("norm2.weight", new long[] {HIDDEN});
    linear(shapes, "gate_proj", 6, HIDDEN);
    linear(shapes, "up_proj", 6, HIDDEN);
    linear(shapes, "down_proj", HIDDEN, 6);
    List<String> adapted =
        switch (trains) {
          case EVERYTHING, NOTHING -> List.of();
          case ADAPTERS_ON_TWO -> List.of("v_proj", "down_proj");
          case ADAPTERS_EVERYWHERE, ADAPTERS_WITH_DROPOUT ->
              List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");
        };
    for (String module : adapted) {
      long[] shape = shapes.get(module + ".weight");
      linear(shapes, module + ".lora_A", 2, shape[1]);
      linear(shapes, module + ".lora_B", shape[0], 2);
    }
    return shapes;
  }

  private static void linear(Map<String, long[]> shapes, String module, long out, long in) {
    shapes.put(module + ".weight", new long[] {out, in});
  }

  private static LayerTensors tensors(Trains trains) {
    List<String> names = List.copyOf(shapes(trains).keySet());
    Set<String> trained =
        switch (trains) {
          case EVERYTHING -> Set.copyOf(names);
          case NOTHING -> Set.of();
          case ADAPTERS_EVERYWHERE, ADAPTERS_ON_TWO, ADAPTERS_WITH_DROPOUT ->
              Set.copyOf(names.stream().filter(name -> name.contains("lora")).toList());
        };
    double dropout = trains == Trains.ADAPTERS_WITH_DROPOUT ? 0.5 : 0;
    return new LayerTensors(names, trained, 2, dropout);
  }

  @ParameterizedTest
  @EnumSource
  void backwardAgreesWithAutograd(Trains trains) {
    LayerTensors of = tensors(trains);
    String text = new LayerProgram("layer", LAYER, of).methods();
    try (Tensors f64 = new Tensors();
        TorchScriptModule module = Kernels.load(text, Device.cpu())) {
      Map<String, long[]> shapes = shapes(trains);
      PtNDArray[] w =
          of.names().stream().map(n -> f64.random(shapes.get(n))).toArray(PtNDArray[]::new);
      PtNDArray x = f64.random(2 * TOKENS, HIDDEN);
      PtNDArray cos = f64.random(TOKENS, 2);
      PtNDArray sin = f64.random(TOKENS, 2);
      PtNDArray g = f64.random(2 * TOKENS, HIDDEN);
      PtNDArray[] written = zeros(f64, of, shapes);
      PtNDArray[] first = zeros(f64, of, shapes);
      PtNDArray[] reference = zeros(f64, of, shapes);

      JniUtils.setSeed(1);
      PtNDArray expected =
          module.call(f64.manager(), "layer_autograd", g, x, w, reference, cos, sin).getFirst();
      PtNDArray dx;
      JniUtils.setSeed(1);
      try (IValue both = module.invoke("layer_forward", x, w, cos, sin, 2)) {
        IValue[] parts = both.toIValueTuple();
        try (IValue y = parts[0];
            IValue saved = parts[1]) {
          PtNDArray consumed = f64.moved(g, g, 0);
          if (!of.trained().isEmpty()) {
            module.run("layer_backward_first", consumed, saved, w, first, cos, sin, 2);
          }
          dx =
              module
                  .call(
                      f64.manager(),
                      "layer_backward",
                      f64.moved(g, g, 0),
                      saved,
                      w,
                      written,
                      cos,
                      sin,
                      2)
                  .getFirst();
        }
      }
      close(dx, expected, "input");
      for (int i = 0; i < written.length; i++) {
        String name = of.trainedInOrder().get(i);
        close(written[i], reference[i], name);
        close(first[i], reference[i], name + " in the lowest layer");
      }
    }
  }

  static Stream<Integer> blocks() {
    return Stream.of(1, 3, 64);
  }

  /** Two tokens, then two, then one, against five at once. */
  @ParameterizedTest
  @MethodSource("blocks")
  void decodingTokenByTokenGivesWhatAllAtOnceGives(int block) {
    LayerTensors of = tensors(Trains.ADAPTERS_EVERYWHERE);
    String text = new LayerProgram("layer", LAYER, of).methods();
    try (Tensors f64 = new Tensors();
        TorchScriptModule module = Kernels.load(text, Device.cpu())) {
      Map<String, long[]> shapes = shapes(Trains.ADAPTERS_EVERYWHERE);
      PtNDArray[] w =
          of.names().stream().map(n -> f64.random(shapes.get(n))).toArray(PtNDArray[]::new);
      PtNDArray x = f64.random(TOKENS, HIDDEN);
      PtNDArray cos = f64.random(TOKENS, 2);
      PtNDArray sin = f64.random(TOKENS, 2);
      double[] whole =
          module
              .call(f64.manager(), "layer_infer", x, w, cos, sin, block)
              .getFirst()
              .toDoubleArray();
      PtNDArray keys = f64.zeros(1, 7, 4);
      PtNDArray values = f64.zeros(1, 7, 4);
      List<Double> pieces = new ArrayList<>();
      int past = 0;
      for (int tokens : new int[] {2, 2, 1}) {
        String rows = past + ":" + (past + tokens);
        PtNDArray part =
            module
                .call(
                    f64.manager(),
                    "layer_decode",
                    x.get(rows),
                    w,
                    cos.get(rows),
                    sin.get(rows),
                    keys,
                    values,
                    past,
                    block)
                .getFirst();
        for (double each : part.toDoubleArray()) pieces.add(each);
        past += tokens;
      }
      assertThat(pieces.stream().mapToDouble(Double::doubleValue).toArray())
          .containsExactly(whole, within(1e-12));
    }
  }

  private static PtNDArray[] zeros(Tensors f64, LayerTensors of, Map<String, long[]> shapes) {
    return of.trainedInOrder().stream()
        .map(name -> f64.zeros(shapes.get(name)))
        .toArray(PtNDArray[]::new);
  }

  private static void close(PtNDArray actual, PtNDArray expected, String what) {
    assertThat(actual.toDoubleArray())
        .as(what)
        .containsExactly(expected.toDoubleArray(), within(1e-11));
  }
}
