package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.weights.NamedTensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Tensors of a device by name, to and from bytes. */
record TensorTable(DeviceMemory memory, Map<String, PtNDArray> tensors) {
  public DeviceTensors read() {
    return new DeviceTensors(memory, List.copyOf(tensors.entrySet()));
  }

  /** Those of the given that have a name of this table. */
  public List<NamedTensor> among(List<NamedTensor> given) {
    return given.stream().filter(each -> tensors.containsKey(each.name())).toList();
  }

  /** Those of the given that have another name. */
  public List<NamedTensor> without(List<NamedTensor> given) {
    return given.stream().filter(each -> !tensors.containsKey(each.name())).toList();
  }

  /** Every tensor must be given exactly once, with its shape; nothing is changed otherwise. */
  public void fill(List<NamedTensor> given) {
    Map<String, NamedTensor> byName = new LinkedHashMap<>();
    for (NamedTensor tensor : given) {
      PtNDArray target = tensors.get(tensor.name());
      if (target == null) {
        throw new IllegalArgumentException("tensor " + tensor.name() + " does not belong here");
      }
      long[] shape = target.getShape().getShape();
      if (!Arrays.equals(shape, tensor.shape())) {
        throw new IllegalArgumentException(
            "tensor %s has shape %s, not %s"
                .formatted(tensor.name(), Arrays.toString(tensor.shape()), Arrays.toString(shape)));
      }
      if (byName.put(tensor.name(), tensor) != null) {
        throw new IllegalArgumentException("tensor " + tensor.name() + " is given twice");
      }
    }
    for (String name : tensors.keySet()) {
      if (!byName.containsKey(name)) {
        throw new IllegalArgumentException("tensor " + name + " is missing");
      }
    }
    byName.forEach(
        (name, tensor) -> memory.fill(Objects.requireNonNull(tensors.get(name)), tensor));
  }
}
