package dev.graft.training.model;

import ai.djl.Device;
import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.spec.AdapterMethod;
import dev.graft.training.TrainableModel;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Builds a trainable model from a checkpoint and a method. */
public final class TrainableModels {
  private TrainableModels() {}

  /**
   * Copies the base to the device as f32 and adds what trains. The directory may be closed
   * afterwards.
   *
   * @param seed of the start of what the method adds
   * @throws dev.graft.weights.BadModel if the checkpoint does not hold what its config asks for
   * @throws IllegalArgumentException if the method does not fit the base, saying where
   */
  public static TrainableModel load(
      ModelDirectory base, AdapterMethod method, AdamW optimiser, Plan plan, long seed) {
    DeviceMemory memory = DeviceMemory.open(Device.cpu());
    try {
      return switch (method) {
        case AdapterMethod.Lora lora -> lora(memory, base, lora, optimiser, plan, seed);
        case AdapterMethod.Full() -> full(memory, base, optimiser, plan);
      };
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  private static TrainableModel lora(
      DeviceMemory memory,
      ModelDirectory base,
      AdapterMethod.Lora method,
      AdamW optimiser,
      Plan plan,
      long seed) {
    Family family = Family.of(base.config());
    List<Parameters.Slot> slots = LoraFactors.slots(method, base.config());
    Map<String, PtNDArray> tensors = new LinkedHashMap<>();
    for (ModelConfig.Parameter each : base.config().parameters()) {
      MappedTensor stored = base.weights().require(each.name(), each.shape());
      tensors.put(each.name(), memory.load(stored));
    }
    Parameters parameters = new Parameters(memory, optimiser, slots);
    parameters.load(LoraFactors.start(method, slots, seed));
    return build(memory, family, tensors, parameters, plan, method.scale(), method.loraDropout());
  }

  private static TrainableModel full(
      DeviceMemory memory, ModelDirectory base, AdamW optimiser, Plan plan) {
    Family family = Family.of(base.config());
    List<Parameters.Slot> slots =
        base.config().parameters().stream()
            .map(each -> new Parameters.Slot(each.name(), each.shape()))
            .toList();
    Parameters parameters = new Parameters(memory, optimiser, slots);
    for (Parameters.Slot slot : slots) {
      MappedTensor stored = base.weights().require(slot.name(), slot.shape());
      try (PtNDArray loaded = memory.load(stored)) {
        memory.copy(parameters.value(slot.name()), loaded);
      }
    }
    return build(memory, family, new LinkedHashMap<>(), parameters, plan, 0, 0);
  }

  private static TrainableModel build(
      DeviceMemory memory,
      Family family,
      Map<String, PtNDArray> tensors,
      Parameters parameters,
      Plan plan,
      double scale,
      double dropout) {
    Map<String, PtNDArray> gradients = new LinkedHashMap<>();
    for (Parameters.Slot slot : parameters.slots()) {
      tensors.put(slot.name(), parameters.value(slot.name()));
      gradients.put(slot.name(), parameters.gradient(slot.name()));
    }
    Decoder decoder = Decoder.compile(family, memory, tensors, gradients, scale, dropout);
    return new TrainableDecoder(memory, decoder, parameters, plan, dropout);
  }
}
