package dev.graft.training.kernels;

import ai.djl.Device;
import ai.djl.engine.Engine;
import java.util.ArrayList;
import java.util.List;

/** The devices that libtorch sees, by its own names. */
public final class TorchDevices {
  private TorchDevices() {}

  /** {@code cpu}, and {@code cuda:0} and so on. */
  public static List<String> names() {
    List<String> names = new ArrayList<>(List.of("cpu"));
    int gpus = Engine.getEngine("PyTorch").getGpuCount();
    for (int gpu = 0; gpu < gpus; gpu++) names.add("cuda:" + gpu);
    return names;
  }

  /**
   * @throws IllegalStateException if there is none of that name: no other takes its place
   */
  public static Device of(String name) {
    int index = names().indexOf(name);
    if (index < 0) {
      throw new IllegalStateException(
          "this machine has no device %s, only %s".formatted(name, String.join(", ", names())));
    }
    return index == 0 ? Device.cpu() : Device.gpu(index - 1);
  }
}
