package dev.graft.training;

import dev.graft.model.ActivationBudget;
import dev.graft.spec.Lora;
import dev.graft.model.ComputePlan;
import dev.graft.model.ComputePlan.ActivationBudget;
import dev.graft.model.Slot;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.TrainingSpec;
import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.BertConfig;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DistilBertConfig;
import dev.graft.weights.ModelConfig.Dropouts;
import dev.graft.weights.Gpt2Config;
import dev.graft.weights.GptNeoXConfig;
import dev.graft.weights.ModelConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * What one row leaves on the device, of as many tokens as it has with virtual ones: values of the
 * base in the element type of products, those of an adapter in f32.
 *
 * <p>A layer keeps, for each token, what its norms, attention and activations compute their
 * gradients from. These are the values that its linear layers read and give: {@code x -> norm -> q
 * k v -> o -> sum -> norm -> gate up -> product -> sum}. So they are counted by the shapes of the
 * linear layers, each input once for every layer that reads it, which leaves room for what else is
 * there for a moment. A low-rank path adds its rank, its dropout two copies of the input, another
 * path beside bf16 one copy, a vector of factors its length. Attention computes its weights again,
 * a block of queries at a time; of its dropout it keeps the masks.
 *
 * <p>{@link ActivationBudget} says what becomes of that when layers are computed again. Layers
 * below the lowest that trains keep nothing.
 */
final class RowActivations {
  /** Of a block of queries in f32: weights, what they come from, and their gradients. */
  private static final int SCORES = 4;

  /** What the first tensor of a path ends with, on whose input dropout is. */
  private static final List<String> FIRST = List.of(".lora_A.weight", ".lora_A", ".vera_lambda_d");

  private final ModelConfig config;
  private final List<ModelConfig.Linear> linear;
  private final List<Slot> slots;
  private final List<Slot> added;
  private final TrainingSpec spec;
  private final int tokens;
  private final boolean half;

  RowActivations(ModelConfig config, List<Slot> slots, TrainingSpec spec, int tokens) {
    this.config = config;
    this.linear = config.linearModules();
    this.slots = slots;
    this.spec = spec;
    this.tokens = tokens;
    half = spec.training().precision().half();
    Set<String> ofBase = config.parameterNames();
    added = slots.stream().filter(slot -> !ofBase.contains(slot.name())).toList();
  }

  /** In bytes a token. */
  ActivationBudget budget(long bytes) {
    long[] layers = new long[config.numHiddenLayers()];
    for (int i = lowest(); i < layers.length; i++) layers[i] = layer(i);
    long scores = SCORES * AttentionShape.of(config).heads() * (long) Float.BYTES;
    int block = ComputePlan.KEEP.queryBlock();
    return new ActivationBudget(bytes, layers, ofBase(config.hiddenSize()), scores, block);
  }

  private long ofBase(long ofAToken) {
    return Float.BYTES * ofAToken / (half ? 2 : 1);
  }

  private int lowest() {
    int layers = config.numHiddenLayers();
    return slots.stream().mapToInt(slot -> layer(slot.name())).min().orElse(layers);
  }

  /** The layer of a slot; of one that is in none the first, above them all one more. */
  private int layer(String slot) {
    int layers = config.numHiddenLayers();
    for (int i = 0; i < layers; i++) {
      if (slot.startsWith(config.layerPrefix(i))) return i;
    }
    return slot.startsWith(config.outputModule()) ? layers : 0;
  }

  private long layer(int index) {
    String prefix = config.layerPrefix(index);
    long features = 2L * config.hiddenSize();
    for (ModelConfig.Linear each : linear) {
      if (each.path().startsWith(prefix)) features += each.inFeatures() + each.outFeatures();
    }
    long beside = 0;
    for (Slot slot : added) {
      if (slot.name().startsWith(prefix)) beside += beside(slot);
    }
    if (dropouts().attentionOutput() > 0) features += config.hiddenSize();
    if (dropouts().feedForward() > 0) features += config.hiddenSize();
    return ofBase(features) + Float.BYTES * (beside + masks(index));
  }

  /** Values that a tensor of an adapter adds. */
  private long beside(Slot slot) {
    long[] shape = slot.shape();
    boolean first = FIRST.stream().anyMatch(slot.name()::endsWith);
    long dropped = first && Drops.ofMethod(spec.method()) ? 2 * input(slot) : 0;
    if (shape.length == 1) return shape[0] + dropped;
    long rank = Arrays.stream(shape).min().orElse(0);
    boolean lora = spec.method() instanceof Lora;
    return rank + dropped + (half && !lora ? shape[1] : 0);
  }

  /** Features that go into the module beside which a tensor is. */
  private long input(Slot slot) {
    for (ModelConfig.Linear each : linear) {
      if (slot.name().startsWith(each.path() + ".")) return each.inFeatures();
    }
    return config.hiddenSize();
  }

  /** Of the dropout of one query's weights, over the heads. */
  private long masks(int index) {
    if (dropouts().attention() == 0) return 0;
    int block = Math.min(ComputePlan.KEEP.queryBlock(), tokens);
    long visible =
        switch (config) {
          case DecoderConfig _, Gpt2Config _, GptNeoXConfig _ -> (tokens + block) / 2;
          case BertConfig _, DistilBertConfig _ -> tokens;
        };
    if (config instanceof DecoderConfig decoder) {
      int window = decoder.layers().get(index).window();
      if (window > 0) visible = Math.min(visible, window + block);
    }
    return AttentionShape.of(config).heads() * visible;
  }

  private Dropouts dropouts() {
    return Drops.ofBase(spec, config);
  }
}
