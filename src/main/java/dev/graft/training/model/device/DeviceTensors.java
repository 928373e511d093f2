package dev.graft.training.model.device;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.weights.tensor.NamedTensor;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;
import java.util.stream.Stream;

/**
 * Tensors of a device as a list that copies one when it is asked for, and keeps none: all
 * parameters of a model and their moments are more than a heap holds. What is read is what the
 * tensor holds then.
 */
public final class DeviceTensors extends AbstractList<NamedTensor> implements RandomAccess {
  private final List<Map.Entry<String, PtNDArray>> tensors;

  public DeviceTensors(List<Map.Entry<String, PtNDArray>> tensors) {
    this.tensors = List.copyOf(tensors);
  }

  /** These and then others. */
  public DeviceTensors and(DeviceTensors others) {
    return new DeviceTensors(Stream.concat(tensors.stream(), others.tensors.stream()).toList());
  }

  @Override
  public NamedTensor get(int index) {
    Map.Entry<String, PtNDArray> each = tensors.get(index);
    return DeviceMemory.read(each.getKey(), each.getValue());
  }

  @Override
  public int size() {
    return tensors.size();
  }
}
