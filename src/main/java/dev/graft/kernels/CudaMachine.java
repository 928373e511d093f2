package dev.graft.kernels;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The GPUs of a machine, usable or not.
 *
 * @param devices in the order of the PCI bus, those that {@code CUDA_VISIBLE_DEVICES} leaves
 * @param lack what keeps all of them, or one that was not understood, from being used; null =
 *     nothing
 */
public record CudaMachine(List<CudaDevice> devices, @Nullable CudaLack lack) {
  /** CUDA's own variable: the devices that a process sees. */
  public static final String VISIBLE = "CUDA_VISIBLE_DEVICES";

  public CudaMachine {
    devices = List.copyOf(devices);
  }

  /** This one, as it is now. Takes a second, or some where the driver must start. */
  public static CudaMachine here() {
    Map<String, String> environment = System.getenv();
    SmiAnswer answer = NvidiaSmi.here().ask();
    if (answer instanceof SmiAnswer.Told) NvidiaModprobe.here().run();
    return of(
        answer,
        CudaLibrary.in(CudaLibrary.directory(environment)),
        CudaLibrary.driverOpens(),
        environment);
  }

  /**
   * @param library null = there is none
   * @param driverOpens whether {@code libcuda.so.1} does
   */
  static CudaMachine of(
      SmiAnswer answer,
      @Nullable CudaLibrary library,
      boolean driverOpens,
      Map<String, String> environment) {
    return switch (answer) {
      case SmiAnswer.Missing missing -> new CudaMachine(List.of(), DriverLack.absent(driverOpens));
      case SmiAnswer.Failed failed -> new CudaMachine(List.of(), DriverLack.said(failed.said()));
      case SmiAnswer.Told told -> {
        SmiReading reading = SmiReading.of(told);
        List<CudaDevice> devices = new ArrayList<>();
        for (CudaDevice each : VisibleDevices.of(reading.gpus(), environment.get(VISIBLE))) {
          CudaLack lack = lack(each, library, driverOpens, environment);
          CudaDevice named = each.named("cuda:" + devices.size());
          devices.add(lack == null ? named : named.lacking(lack));
        }
        yield new CudaMachine(devices, lack(reading, devices, environment.get(VISIBLE)));
      }
    };
  }

  private static @Nullable CudaLack lack(
      CudaDevice device,
      @Nullable CudaLibrary library,
      boolean driverOpens,
      Map<String, String> environment) {
    if (device.lack() != null) return device.lack();
    if (!driverOpens) {
      return new CudaLack(
          "the driver's library libcuda.so.1 does not open",
          "in a container set NVIDIA_DRIVER_CAPABILITIES=compute,utility; else install the driver"
              + " again");
    }
    if (environment.containsKey(CudaLibrary.DJL_VARIABLE)) return null;
    if (library == null) {
      return new CudaLack(
          "there is no CUDA build of libtorch in " + CudaLibrary.directory(environment),
          "lay it out: graft libtorch fetch");
    }
    CudaLack wrong = library.lack();
    return wrong != null ? wrong : library.lack(device.capability());
  }

  private static @Nullable CudaLack lack(
      SmiReading reading, List<CudaDevice> devices, @Nullable String visible) {
    if (reading.unread() != null) return DriverLack.said(reading.unread());
    if (!devices.isEmpty()) return null;
    return reading.gpus().isEmpty()
        ? DriverLack.said("No devices were found")
        : new CudaLack(
            "CUDA_VISIBLE_DEVICES=%s leaves no GPU".formatted(visible),
            "unset it, or name GPUs as nvidia-smi -L does");
  }

  /** Whether it has nothing to do with NVIDIA, as far as can be seen. */
  public boolean isWithoutDriver() {
    return DriverLack.NONE.equals(lack);
  }

  public List<CudaDevice> usable() {
    return devices.stream().filter(CudaDevice::usable).toList();
  }

  /**
   * The device of that name.
   *
   * @throws DeviceUnavailable if there is none, or it cannot be used
   */
  public CudaDevice require(String name) {
    for (CudaDevice device : devices) {
      if (!device.name().equals(name)) continue;
      if (device.lack() == null) return device;
      throw new DeviceUnavailable(
          "%s (%s) cannot be used: %s".formatted(name, device.product(), device.lack()));
    }
    if (!name.matches("cuda:\\d{1,4}")) {
      throw new DeviceUnavailable(
          "%s is not a device; devices are called cpu, cuda:0, cuda:1 and so on".formatted(name));
    }
    if (lack != null) {
      throw new DeviceUnavailable(
          "this machine has no device %s: %s, or use cpu".formatted(name, lack));
    }
    throw new DeviceUnavailable(
        "this machine has no device %s; choose one of %s".formatted(name, names()));
  }

  private String names() {
    return Stream.concat(Stream.of("cpu"), devices.stream().map(CudaDevice::name))
        .collect(Collectors.joining(", "));
  }
}
