package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.model.Sampling;
import dev.graft.spec.Quantization;
import dev.graft.weights.Task;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Calls as they travel. */
class InferenceCallTests {
  static final Digest BASE = new Digest("a".repeat(64));
  static final Digest OTHER = new Digest("b".repeat(64));
  static final InferrerOrder.Ask ASK =
      new InferrerOrder.GenerateAsk(
          7,
          null,
          new Prompt.TokenIds(List.of(1, 2)),
          16,
          new InferrerOrder.Decoding(
              false, null, 1, new Sampling(0.5, 1, 0, 0, Map.of(3, -1.5), 9), List.of("x"), 2));

  @Test
  void aCallIsTheSameAfterItsWay() {
    Quantization rounded = new Quantization.FourBit(Quantization.QuantType.NF4, true);
    ServedModel model =
        new ServedModel("ft:m", new ServedModel.LoadedWeights(BASE, null, rounded, false), OTHER);
    InferenceCall call = InferenceCall.of("call_1", model, ASK);
    InferenceCall read = LeaseWire.read(LeaseWire.write(call), InferenceCall.class);
    assertThat(read).isEqualTo(call);
    assertThat(read.served()).isEqualTo(model);
    assertThat(read.manifests()).containsExactly(BASE, OTHER);
    assertThat(call.as("turn_1").as("call_1")).isEqualTo(call);
  }

  @Test
  void aClassificationAndItsLabelsAreTheSameAfterTheirWay() {
    ServedModel model =
        new ServedModel("ft:m", new ServedModel.LoadedWeights(BASE, null, null, true), OTHER);
    InferenceCall call =
        InferenceCall.of(
            "call_1", model, new InferrerOrder.ClassifyAsk(7, null, List.of("a", "b"), true, 3));
    InferenceCall read = LeaseWire.read(LeaseWire.write(call), InferenceCall.class);
    assertThat(read).isEqualTo(call);
    assertThat(read.served()).isEqualTo(model);
    InferenceCall.CallReport report =
        new InferenceCall.CallReport(
            0,
            List.of(
                new Reply.Labels(
                    7,
                    2,
                    Task.Problem.SINGLE_LABEL_CLASSIFICATION,
                    List.of(
                        List.of(
                            new Reply.LabelScore("yes", 0.9), new Reply.LabelScore("no", 0.1))))),
            null);
    assertThat(LeaseWire.read(LeaseWire.write(report), InferenceCall.CallReport.class))
        .isEqualTo(report);
  }
}
