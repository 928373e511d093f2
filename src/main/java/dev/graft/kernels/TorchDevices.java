package dev.graft.kernels;

import ai.djl.Device;
import java.util.ArrayList;
import java.util.List;

/** The devices that libtorch sees, by its own names. */
public final class TorchDevices {
  private TorchDevices() {}

  /** {@code cpu}, and {@code cuda:0} and so on. */
  public static List<String> names() {
    List<String> names = new ArrayList<>(List.of("cpu"));
    int gpus = TorchLibrary.gpus();
    for (int gpu = 0; gpu < gpus; gpu++) names.add("cuda:" + gpu);
    return names;
  }

  /**
   * @throws DeviceUnavailable if there is none of that name, or it cannot be used: no other takes
   *     its place
   */
  public static Device of(String name) {
    int index = names().indexOf(name);
    if (index == 0) return Device.cpu();
    if (index > 0) return Device.gpu(index - 1);
    CudaMachine.here().require(name);
    throw new DeviceUnavailable(
        "libtorch does not see %s, only %s; look at graft doctor"
            .formatted(name, String.join(", ", names())));
  }
}
