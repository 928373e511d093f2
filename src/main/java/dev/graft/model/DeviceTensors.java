package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.weights.NamedTensor;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;
import java.util.stream.Stream;

/**
 * Tensors of a device as a list. What is read is what a tensor holds then: all parameters of a
 * model and their moments are more than a heap holds.
 */
final class DeviceTensors extends AbstractList<NamedTensor> implements RandomAccess {
  private final DeviceMemory memory;
  private final List<Map.Entry<String, PtNDArray>> tensors;

  public DeviceTensors(DeviceMemory memory, List<Map.Entry<String, PtNDArray>> tensors) {
    this.memory = memory;
    this.tensors = List.copyOf(tensors);
  }

  /** These and then others of the same device. */
  public DeviceTensors and(DeviceTensors others) {
    return new DeviceTensors(
        memory, Stream.concat(tensors.stream(), others.tensors.stream()).toList());
  }

  @Override
  public NamedTensor get(int index) {
    Map.Entry<String, PtNDArray> each = tensors.get(index);
    return memory.named(each.getKey(), each.getValue());
  }

  @Override
  public int size() {
    return tensors.size();
  }
}
