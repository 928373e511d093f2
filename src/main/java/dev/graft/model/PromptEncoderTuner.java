package dev.graft.model;

import dev.graft.spec.Prompted.PTuning;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;

/**
 * P-tuning (Liu et al. 2021): rows of virtual tokens that an encoder computes from rows of its own,
 * three linear layers with ReLU between them, or a bidirectional LSTM before two. Parameters start
 * as torch's modules do.
 */
final class PromptEncoderTuner extends PromptedTuner {
  private final PTuning method;
  private final int features;
  private final int hidden;

  public PromptEncoderTuner(PTuning method, ModelConfig config) {
    super(new PromptPaths(method, config));
    this.method = method;
    features = config.hiddenSize();
    Integer wanted = method.encoderHiddenSize();
    hidden = wanted == null ? features : wanted;
  }

  @Override
  public List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    slots.add(new Slot(ENCODER + "embedding.weight", method.numVirtualTokens(), features));
    switch (method.encoderReparameterizationType()) {
      case MLP -> {
        linear(slots, 0, features, hidden);
        linear(slots, 2, hidden, hidden);
        linear(slots, 4, hidden, features);
      }
      case LSTM -> {
        for (int layer = 0; layer < method.encoderNumLayers(); layer++) lstm(slots, layer);
        linear(slots, 0, 2 * hidden, 2 * hidden);
        linear(slots, 2, 2 * hidden, features);
      }
    }
    return slots;
  }

  private static void linear(List<Slot> slots, int index, int in, int out) {
    String module = ENCODER + "mlp_head." + index;
    slots.add(new Slot(module + ".weight", out, in));
    slots.add(new Slot(module + ".bias", out));
  }

  /** Both directions of a layer; rows are the gates i, f, g, o. */
  private void lstm(List<Slot> slots, int layer) {
    int in = layer == 0 ? features : 2 * hidden;
    for (String direction : List.of("", "_reverse")) {
      String end = "_l" + layer + direction;
      String module = ENCODER + "lstm_head.";
      slots.add(new Slot(module + "weight_ih" + end, 4L * hidden, in));
      slots.add(new Slot(module + "weight_hh" + end, 4L * hidden, hidden));
      slots.add(new Slot(module + "bias_ih" + end, 4L * hidden));
      slots.add(new Slot(module + "bias_hh" + end, 4L * hidden));
    }
  }

  @Override
  public List<NamedTensor> start(long seed) {
    List<NamedTensor> start = new ArrayList<>();
    long in = features;
    for (Slot slot : slots()) {
      if (slot.shape().length == 2) in = slot.shape()[1];
      if (slot.name().endsWith("embedding.weight")) start.add(Starts.normal(slot, 1, seed));
      else if (slot.name().contains("lstm_head")) start.add(within(slot, hidden, seed));
      else start.add(within(slot, in, seed));
    }
    return start;
  }

  /** A linear layer's weight and, after it, its bias: both by the features that come in. */
  private static NamedTensor within(Slot slot, long in, long seed) {
    return Starts.uniform(slot, 1 / Math.sqrt(in), seed);
  }

  @Override
  public Computed computed() {
    return switch (method.encoderReparameterizationType()) {
      case MLP -> computedBy("mlp");
      case LSTM -> computedBy("lstm");
    };
  }
}
